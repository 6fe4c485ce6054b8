/**
 * What a CONNECT asks for, as a session (MQTT 5, section 3.1).
 *
 * @module
 */

import type { IConnectPacket } from "mqtt-packet";
import type { Connection } from "../connection.ts";
import type { Core } from "../core.ts";
import { Session } from "../session/session.ts";

/** What the client asks for, as a session that nobody else knows yet. */
export function candidate(
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
