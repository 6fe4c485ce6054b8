/**
 * CONNECT (MQTT 5, section 3.1): who is it, may it come in, which session is its.
 * Nothing of any session changes before the client is authenticated.
 *
 * @module
 */

import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { ConnackChanges } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";
import { interceptConnack } from "../interception/connack.ts";
import { interceptConnect } from "../interception/connect.ts";
import {
  entered,
  loginFailed,
  refusedAtOnce,
  refusedSession,
} from "../limits/entrance.ts";
import { observeSession } from "../observation.ts";
import { recheckResumed } from "../recheck.ts";
import type { Session } from "../session/session.ts";
import { authenticationStep } from "./auth.ts";
import { candidate } from "./candidate.ts";
import { connackProperties, refuse, sendConnack } from "./connack.ts";
import { readConnect } from "./connect_packet.ts";
import { observePacket } from "./dispatch.ts";
import { judgeWill, readWill } from "./will.ts";

/** Handles a CONNECT; the client's next packets wait until it is decided. */
export async function handleConnect(
  connection: Connection,
  frame: Uint8Array,
): Promise<void> {
  const { core } = connection;
  const { config } = core;
  connection.place.heard();
  // A copy: will and password outlive the input buffer.
  const bytes = frame.slice();
  const packet = readConnect(connection, bytes);
  const version = (packet.protocolVersion ?? 4) as 3 | 4 | 5;
  connection.version = version;
  connection.publishes.maxPacketSize = packet.properties?.maximumPacketSize ??
    Infinity;
  if (!config.versions.includes(version)) {
    refuse(connection, ReasonCode.UnsupportedProtocolVersion);
    return;
  }
  if (core.plugins.hooks.onMqttPacketReceived.length > 0) {
    // A packet of their own: who observes changes nothing.
    const { password: _, ...visible } = readConnect(connection, frame.slice());
    observePacket(connection, visible);
    if (connection.closed) return;
  }
  const assigned = packet.clientId === "";
  if (assigned && (version === 3 || (version === 4 && !packet.clean))) {
    // [MQTT-3.1.3-8]
    refuse(connection, ReasonCode.ClientIdentifierNotValid);
    return;
  }
  const clientId = assigned ? `dinomq-${crypto.randomUUID()}` : packet.clientId;
  const asked = candidate(connection, packet, clientId);
  const answer = interceptConnect(connection, packet, asked);
  const outcome = answer instanceof Promise ? await answer : answer;
  if (connection.closed) return;
  if (outcome instanceof Stop) {
    turnAway(connection, asked, outcome.reasonCode, outcome.reasonString);
    return;
  }
  const session = outcome;
  const problem = readWill(core, session, packet, bytes) ??
    refusedAtOnce(connection, session);
  if (problem !== undefined) {
    turnAway(connection, session, problem);
    return;
  }
  const method = packet.properties?.authenticationMethod;
  if (method !== undefined) {
    connection.authMethod = method;
    connection.phase = "auth";
    connection.auth = {
      session,
      step: 0,
      reauthentication: false,
      succeeded: (data) => admit(connection, session, packet, assigned, data),
      failed: async (denial) => {
        await loginFailed(connection, session, denial);
        turnAway(connection, session, denial.reasonCode, denial.reasonString);
      },
    };
    await authenticationStep(connection, packet.properties?.authenticationData);
    return;
  }
  const decision = core.plugins.authenticate({ session });
  const verdict = decision instanceof Promise ? await decision : decision;
  if (connection.closed) return;
  if (verdict !== true) {
    core.logger.info("Client refused", {
      clientId: session.clientId,
      username: session.username,
      peer: connection.peer,
    });
    await loginFailed(connection, session, verdict);
    turnAway(connection, session, verdict.reasonCode, verdict.reasonString);
    return;
  }
  await admit(connection, session, packet, assigned, undefined);
}

/** The client is who it says; from here on its session may change. */
async function admit(
  connection: Connection,
  session: Session,
  packet: IConnectPacket,
  assigned: boolean,
  data: Uint8Array | undefined,
): Promise<void> {
  const { core } = connection;
  session.password = undefined;
  const failure = core.journal?.failure;
  if (failure !== undefined && session.expiryInterval > 0) {
    const code = ReasonCode.ServerUnavailable;
    turnAway(connection, session, code, failure.message);
    return;
  }
  if (session.will !== undefined) {
    const denial = await judgeWill(core, session);
    if (connection.closed) return;
    if (denial !== undefined) {
      const { reasonCode = ReasonCode.NotAuthorized, reasonString } = denial;
      turnAway(connection, session, reasonCode, reasonString);
      return;
    }
  }
  let problem = refusedSession(connection, session);
  const rechecked = problem ?? recheckResumed(core, session);
  if (rechecked instanceof Promise) {
    await rechecked;
    if (connection.closed) return;
    problem = refusedSession(connection, session);
  }
  if (problem !== undefined) {
    turnAway(connection, session, problem);
    return;
  }
  const answer = interceptConnack(core, session);
  let outcome: ConnackChanges | Stop;
  if (answer instanceof Promise) {
    outcome = await answer;
    if (connection.closed) return;
    problem = refusedSession(connection, session);
  } else outcome = answer;
  if (outcome instanceof Stop) {
    turnAway(connection, session, outcome.reasonCode, outcome.reasonString);
  } else if (problem !== undefined) turnAway(connection, session, problem);
  else accept(connection, session, packet, assigned, data, outcome);
}

function accept(
  connection: Connection,
  candidate: Session,
  packet: IConnectPacket,
  assigned: boolean,
  data: Uint8Array | undefined,
  changes: ConnackChanges,
): void {
  const { core, version } = connection;
  const { config, plugins } = core;
  const asked = packet.properties ?? {};
  connection.window = Math.min(
    config.maxInflight,
    asked.receiveMaximum ?? 65535,
  );
  connection.publishes.clientId = candidate.clientId;
  connection.publishes.v5 = version === 5;
  connection.publishes.aliasMaximum = Math.min(
    config.topicAliasMaximum,
    asked.topicAliasMaximum ?? 0,
  );
  connection.problemInformation = asked.requestProblemInformation !== false;
  const before = core.journal?.ops;
  const session = core.sessions.attach(connection, candidate);
  connection.session = session;
  entered(connection, session);
  connection.open(session.keepAlive);
  const connack: IConnackPacket = {
    cmd: "connack",
    // [MQTT-3.2.2-2]: also if it was a plugin that wanted the earlier session.
    sessionPresent: session.sessionPresent && version !== 3 && !packet.clean,
  };
  if (version === 5) {
    connack.reasonCode = 0;
    connack.properties = connackProperties(
      connection,
      packet,
      session,
      changes,
    );
    if (assigned) {
      // [MQTT-3.2.2-16]
      connack.properties.assignedClientIdentifier = session.clientId;
    }
    if (data !== undefined) {
      connack.properties.authenticationData = data as never;
    }
  } else connack.returnCode = 0;
  if (!sendConnack(connection, connack)) {
    // Nothing else may come first [MQTT-3.2.0-1], so there is no way to say it.
    connection.drop("the client takes no packet as large as the CONNACK");
    return;
  }
  // A plugin that saw the packet may have ended the connection.
  if (connection.session !== session) return;
  if (session.durable && core.journal?.ops !== before) {
    // The CONNACK goes first, and not before the store has the session.
    const { output } = connection;
    output.hold();
    core.journal?.wait({ stored: () => output.release() });
  }
  observeSession(
    core,
    session.sessionPresent
      ? "onBrokerSessionResumed"
      : "onBrokerSessionCreated",
    session,
  );
  if (plugins.hooks.onBrokerClientConnected.length > 0) {
    plugins.emit("onBrokerClientConnected", {
      clientId: session.clientId,
      clientSession: session,
    });
  }
  session.usedOutbox?.resume();
  core.sessions.collectShared(session);
}

/** Answers with a refusal and closes; the plugins are told. */
function turnAway(
  connection: Connection,
  { clientId, username }: Session,
  reasonCode: number,
  reasonString?: string,
): void {
  if (connection.closed) return;
  refuse(connection, reasonCode, reasonString);
  const { core: { plugins }, transport, listener } = connection;
  if (plugins.hooks.onBrokerClientAuthenticationFailed.length === 0) return;
  plugins.emit("onBrokerClientAuthenticationFailed", {
    clientId,
    username,
    remoteAddress: transport.remoteAddress,
    listener,
    reasonCode,
  });
}
