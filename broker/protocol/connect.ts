/**
 * CONNECT (MQTT 5, section 3.1): who is it, may it come in, which session is its.
 * Nothing of any session changes before the client is authenticated.
 *
 * @module
 */

import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { decode } from "../../codec/decode.ts";
import { PacketError } from "../../codec/errors.ts";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Denial } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";
import type { Core } from "../core.ts";
import {
  entered,
  loginFailed,
  refusedAtOnce,
  refusedSession,
} from "../limits/entrance.ts";
import { recheckResumed } from "../recheck.ts";
import { Session } from "../session/session.ts";
import { authenticationStep } from "./auth.ts";
import { observePacket } from "./dispatch.ts";
import { reasonText, refusalCode } from "./reasons.ts";
import { readWill } from "./will.ts";

type ConnackProperties = NonNullable<IConnackPacket["properties"]>;

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
  const session = candidate(connection, packet, clientId);
  const problem = readWill(core, session, packet, bytes);
  if (problem !== undefined) {
    refuse(connection, problem);
    return;
  }
  const early = refusedAtOnce(connection, session);
  if (early !== undefined) {
    refuse(connection, early);
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
        refuse(connection, denial.reasonCode, denial.reasonString);
      },
    };
    await authenticationStep(connection, packet.properties?.authenticationData);
    return;
  }
  const answer = core.plugins.authenticate({ session });
  const verdict = answer instanceof Promise ? await answer : answer;
  if (connection.phase === "closed") return;
  if (verdict !== true) {
    core.logger.info("Client refused", {
      clientId,
      username: session.username,
      peer: connection.peer,
    });
    await loginFailed(connection, session, verdict);
    refuse(connection, verdict.reasonCode, verdict.reasonString);
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
    refuse(connection, ReasonCode.ServerUnavailable, failure.message);
    return;
  }
  const { will } = session;
  if (will !== undefined) {
    const answer = core.may(
      session,
      will.topic,
      "publish",
      will.qos,
      will.retain,
    );
    const verdict: true | Denial = answer instanceof Promise
      ? await answer
      : answer;
    if (connection.phase === "closed") return;
    if (verdict !== true) {
      refuse(
        connection,
        verdict.reasonCode ?? ReasonCode.NotAuthorized,
        verdict.reasonString,
      );
      return;
    }
  }
  let problem = refusedSession(connection, session);
  const rechecked = problem ?? recheckResumed(core, session);
  if (rechecked instanceof Promise) {
    await rechecked;
    if (connection.phase === "closed") return;
    problem = refusedSession(connection, session);
  }
  if (problem !== undefined) {
    refuse(connection, problem);
    return;
  }
  accept(connection, session, packet, assigned, data);
}

function accept(
  connection: Connection,
  candidate: Session,
  packet: IConnectPacket,
  assigned: boolean,
  data: Uint8Array | undefined,
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
    sessionPresent: session.sessionPresent && version !== 3,
  };
  if (version === 5) {
    connack.reasonCode = 0;
    connack.properties = connackProperties(connection, packet, session);
    if (assigned) {
      // [MQTT-3.2.2-16]
      connack.properties.assignedClientIdentifier = session.clientId;
    }
    if (data !== undefined) {
      connack.properties.authenticationData = data as never;
    }
  } else connack.returnCode = 0;
  if (!connection.send(connack)) {
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
  if (plugins.hooks.onBrokerClientConnected.length > 0) {
    plugins.emit("onBrokerClientConnected", {
      clientId: session.clientId,
      clientSession: session,
    });
  }
  session.usedOutbox?.resume();
  core.sessions.collectShared(session);
}

/** What differs from the defaults of the standard (MQTT 5, section 3.2.2.3). */
function connackProperties(
  connection: Connection,
  packet: IConnectPacket,
  session: Session,
): ConnackProperties {
  const { config } = connection.core;
  const properties: ConnackProperties = {
    receiveMaximum: config.receiveMaximum,
    maximumPacketSize: connection.limits.maxPacketSize,
    topicAliasMaximum: config.topicAliasMaximum,
  };
  const asked = packet.properties?.sessionExpiryInterval ?? 0;
  // The configuration may say half a second, or a thousand years.
  const granted = Math.min(0xffffffff, Math.ceil(session.expiryInterval));
  if (granted !== asked) properties.sessionExpiryInterval = granted;
  if (config.maxQos < 2) properties.maximumQoS = config.maxQos;
  if (!config.retainAvailable) properties.retainAvailable = false;
  if (session.keepAlive !== packet.keepalive) {
    // [MQTT-3.1.2-21]
    properties.serverKeepAlive = session.keepAlive;
  }
  if (connection.authMethod !== undefined) {
    properties.authenticationMethod = connection.authMethod;
  }
  const { responseInformation } = config;
  // [MQTT-3.1.2-28]
  if (
    packet.properties?.requestResponseInformation &&
    responseInformation !== undefined
  ) {
    properties.responseInformation = responseInformation.replaceAll(
      "%c",
      () => session.clientId,
    );
  }
  return properties;
}

/** What the client asks for, as a session that nobody else knows yet. */
function candidate(
  connection: Connection,
  packet: IConnectPacket,
  clientId: string,
): Session {
  const { core, transport, version } = connection;
  const { config } = core;
  const session = new Session(core, clientId);
  session.username = packet.username;
  session.password = packet.password === undefined
    ? undefined
    : new Uint8Array(packet.password);
  session.protocolVersion = version;
  // A field that mqtt-packet's types do not have.
  session.isBridge = "bridgeMode" in packet && packet.bridgeMode === true;
  session.cleanStart = packet.clean ?? false;
  session.expiryInterval = version === 5
    ? sessionExpiry(core, packet.properties?.sessionExpiryInterval ?? 0)
    : session.cleanStart
    ? 0
    : config.sessionExpiryInterval;
  const keepAlive = packet.keepalive ?? 0;
  const capped = keepAlive === 0 || keepAlive > config.maxKeepAlive;
  // Only MQTT 5 can be told another value.
  session.keepAlive = version === 5 && capped && config.maxKeepAlive < 65535
    ? config.maxKeepAlive
    : keepAlive;
  session.listener = connection.listener;
  session.remoteAddress = transport.remoteAddress;
  session.remotePort = transport.remotePort;
  session.peerCertificate = transport.peerCertificate;
  return session;
}

function readConnect(
  connection: Connection,
  bytes: Uint8Array,
): IConnectPacket {
  try {
    return decode(bytes, 5, connection.core.config) as IConnectPacket;
  } catch (error) {
    if (error instanceof PacketError) {
      const level = protocolLevel(bytes);
      if (level === 5) connection.version = 5;
      else if (error.reasonCode === ReasonCode.UnsupportedProtocolVersion) {
        // [MQTT-3.1.2-2]: also those who speak later versions read this.
        if (level > 5) connection.version = 5;
        refuse(connection, ReasonCode.UnsupportedProtocolVersion);
      }
    }
    throw error;
  }
}

/**
 * Tells a client of MQTT 5 why its CONNECT could not be read.
 *
 * @param connection The connection.
 * @param error What is wrong with the CONNECT.
 */
export function refuseUnread(connection: Connection, error: PacketError): void {
  const { bytes, start, end } = connection.input;
  if (
    // Then nobody has looked at it yet.
    error.reasonCode === ReasonCode.PacketTooLarge && bytes[start] === 0x10 &&
    protocolLevel(bytes.subarray(start, end)) === 5
  ) connection.version = 5;
  if (connection.version !== 5) return;
  connection.send({
    cmd: "connack",
    sessionPresent: false,
    reasonCode: error.reasonCode,
  });
}

/** The protocol level of a CONNECT that could not be decoded; 0 if there is none. */
function protocolLevel(bytes: Uint8Array): number {
  let at = 1;
  while (at < bytes.length && bytes[at++] & 0x80);
  const name = (bytes[at] << 8) | bytes[at + 1];
  return bytes[at + 2 + name] ?? 0;
}

/**
 * How long a session may outlive its connection.
 *
 * @param core The broker.
 * @param asked Seconds that the client asks for; 0xFFFFFFFF: for ever.
 * @returns Seconds, or `Infinity`.
 */
export function sessionExpiry(core: Core, asked: number): number {
  return Math.min(
    core.config.sessionExpiryInterval,
    asked === 0xffffffff ? Infinity : asked,
  );
}

/** Answers with a refusal and closes. */
function refuse(
  connection: Connection,
  reasonCode: number,
  reasonString?: string,
): void {
  if (connection.phase === "closed") return;
  const connack: IConnackPacket = { cmd: "connack", sessionPresent: false };
  if (connection.version === 5) {
    connack.reasonCode = refusalCode("CONNACK", reasonCode);
    if (reasonString !== undefined) {
      connack.properties = { reasonString: reasonText(reasonString) };
    }
  } else connack.returnCode = RETURN_CODES[reasonCode] ?? 5;
  if (!connection.send(connack)) {
    // [MQTT-3.2.2-19]
    connection.send({ ...connack, properties: {} });
  }
  connection.end();
}

// What MQTT 3 has for these reason codes; anything else is 5, not authorized.
const RETURN_CODES: Readonly<Record<number, number>> = {
  [ReasonCode.UnsupportedProtocolVersion]: 1,
  [ReasonCode.ClientIdentifierNotValid]: 2,
  [ReasonCode.ServerUnavailable]: 3,
  [ReasonCode.ServerBusy]: 3,
  [ReasonCode.QuotaExceeded]: 3,
  [ReasonCode.ConnectionRateExceeded]: 3,
  [ReasonCode.BadUserNameOrPassword]: 4,
};
