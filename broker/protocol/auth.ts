/**
 * AUTH: enhanced authentication and re-authentication (MQTT 5, section 4.12).
 *
 * @module
 */

import type { IAuthPacket } from "mqtt-packet";
import { PacketError } from "../../codec/errors.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Verdict } from "../../plugins/manager.ts";
import type { Connection } from "../connection.ts";
import type { Session } from "../session/session.ts";

/** A denial with its reason code. */
type Refused = Exclude<Verdict, true>;

/** An exchange that is under way. */
export interface EnhancedAuthState {
  /** The session that the client has or would get. */
  readonly session: Session;
  /** Steps so far. */
  step: number;
  /** Whether a connected client authenticates itself again. */
  readonly reauthentication: boolean;
  /** What happens when it has succeeded; the data go along. */
  readonly succeeded: (data: Uint8Array | undefined) => void | Promise<void>;
  /** What happens when it has failed. */
  readonly failed: (denial: Refused) => void | Promise<void>;
}

/** Handles an AUTH packet. */
export function handleAuth(
  connection: Connection,
  packet: IAuthPacket,
): Promise<void> {
  const method = packet.properties?.authenticationMethod;
  // [MQTT-4.12.0-5]
  if (connection.authMethod === undefined || method !== connection.authMethod) {
    throw new PacketError(
      ReasonCode.ProtocolError,
      "Cannot take AUTH: its authentication method is not the one of CONNECT",
    );
  }
  if (connection.auth === undefined) {
    if (packet.reasonCode !== ReasonCode.Reauthenticate) {
      throw new PacketError(
        ReasonCode.ProtocolError,
        "Cannot take AUTH: there is nothing to continue",
      );
    }
    connection.auth = reauthentication(connection);
  } else if (packet.reasonCode !== ReasonCode.ContinueAuthentication) {
    throw new PacketError(
      ReasonCode.ProtocolError,
      "Cannot take AUTH: an exchange is under way",
    );
  }
  return authenticationStep(connection, packet.properties?.authenticationData);
}

/**
 * Asks the plugins about the next step of the exchange.
 *
 * @param connection The connection; its `auth` and `authMethod` are set.
 * @param data What the client sent.
 */
export async function authenticationStep(
  connection: Connection,
  data: Uint8Array | undefined,
): Promise<void> {
  const state = connection.auth!;
  const method = connection.authMethod!;
  state.step++;
  const answer = await connection.core.plugins
    .enhancedAuthenticate({
      session: state.session,
      method,
      data: data?.slice(),
      reauthentication: state.reauthentication,
      step: state.step,
    });
  if (connection.phase === "closed") return;
  if (answer !== undefined && "result" in answer) {
    if (answer.result === "success") {
      connection.auth = undefined;
      // What the client sends next waits for the CONNACK.
      await state.succeeded(answer.data);
      return;
    }
    sendAuth(connection, ReasonCode.ContinueAuthentication, answer.data);
    return;
  }
  connection.auth = undefined;
  // [MQTT-4.12.0-1]
  const reasonCode = ReasonCode.BadAuthenticationMethod;
  await state.failed(answer ?? { allow: false, reasonCode });
}

function reauthentication(connection: Connection): EnhancedAuthState {
  return {
    session: connection.session!,
    step: 0,
    reauthentication: true,
    succeeded: (data) => sendAuth(connection, ReasonCode.Success, data),
    failed: ({ reasonCode, reasonString }) =>
      connection.end(reasonCode, true, reasonString),
  };
}

function sendAuth(
  connection: Connection,
  reasonCode: number,
  data: Uint8Array | undefined,
): void {
  connection.send({
    cmd: "auth",
    reasonCode,
    properties: {
      authenticationMethod: connection.authMethod,
      ...(data !== undefined && { authenticationData: data as never }),
    },
  });
}
