/**
 * A CONNECT before anybody is asked who it is: plugins may change who it is and
 * what it asks for, or refuse it. All limits apply to the result.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IConnectPacket, UserProperties } from "mqtt-packet";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { ConnectChanges, ConnectEvent } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";
import { candidate, sessionExpiry } from "../protocol/candidate.ts";
import type { Session } from "../session/session.ts";

/**
 * Asks the plugins about a CONNECT.
 *
 * @param connection Where it came from.
 * @param packet The CONNECT; it stays what it is.
 * @param session What it asks for.
 * @returns What it asks for now, or why it is refused; a promise only if a plugin
 *   answered with one.
 */
export function interceptConnect(
  connection: Connection,
  packet: IConnectPacket,
  session: Session,
): Session | Stop | Promise<Session | Stop> {
  const chain = connection.core.plugins.intercepts.connect;
  if (chain === undefined) return session;
  const userProperties = pairsOf(packet.properties?.userProperties);
  let asked: ConnectChanges = { clientId: session.clientId };
  const apply = (
    { session: earlier }: ConnectEvent,
    changes: ConnectChanges,
  ): ConnectEvent => {
    const next = { ...asked, ...defined(changes) };
    const session = sessionOf(connection, packet, next);
    session.adoptAttributes(earlier as Session);
    asked = next;
    return { session, userProperties };
  };
  const answer = chain.ask({ session, userProperties }, apply);
  return answer instanceof Promise ? answer.then(settle) : settle(answer);
}

function settle(outcome: ConnectEvent | Stop): Session | Stop {
  return outcome instanceof Stop ? outcome : outcome.session as Session;
}

/** The session that the client would get if it had asked for this. */
function sessionOf(
  connection: Connection,
  packet: IConnectPacket,
  asked: ConnectChanges,
): Session {
  const { username, password, keepAlive, cleanStart, expiryInterval } = asked;
  const session = candidate(
    connection,
    {
      ...packet,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: Buffer.from(password) }),
      ...(keepAlive !== undefined && { keepalive: keepAlive }),
      ...(cleanStart !== undefined && { clean: cleanStart }),
    },
    asked.clientId!,
  );
  if (expiryInterval !== undefined) {
    session.expiryInterval = sessionExpiry(connection.core, expiryInterval);
  }
  return session;
}

/**
 * User properties as plugins see them.
 *
 * @param properties As mqtt-packet has them.
 * @returns Pairs of name and value; `undefined` if there are none.
 */
export function pairsOf(
  properties: UserProperties | undefined,
): ReadonlyArray<readonly [name: string, value: string]> | undefined {
  if (properties === undefined) return undefined;
  return Object.entries(properties).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value])
  );
}

function defined<T extends object>(changes: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(changes).filter(([, value]) => value !== undefined),
  ) as Partial<T>;
}
