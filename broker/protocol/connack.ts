/**
 * CONNACK (MQTT 5, section 3.2).
 *
 * @module
 */

import type { IConnackPacket, IConnectPacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { ConnackChanges } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";
import type { Session } from "../session/session.ts";
import { reasonText, refusalCode } from "./reasons.ts";

type ConnackProperties = NonNullable<IConnackPacket["properties"]>;

/** What differs from the defaults of the standard (MQTT 5, section 3.2.2.3). */
export function connackProperties(
  connection: Connection,
  packet: IConnectPacket,
  session: Session,
  changes: ConnackChanges,
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
  const { responseInformation, userProperties = [], reasonString } = changes;
  // [MQTT-3.1.2-28]
  if (
    packet.properties?.requestResponseInformation &&
    responseInformation !== undefined
  ) properties.responseInformation = responseInformation;
  if (reasonString !== undefined) {
    properties.reasonString = reasonText(reasonString);
  }
  if (userProperties.length > 0) {
    const users: Record<string, string[]> = Object.create(null);
    for (const [name, value] of userProperties) {
      (users[name] ??= []).push(value);
    }
    properties.userProperties = users;
  }
  return properties;
}

/**
 * Sends a CONNACK that accepts a client.
 *
 * @param connection Where it goes.
 * @param connack The packet.
 * @returns Whether the client takes a packet of that size.
 */
export function sendConnack(
  connection: Connection,
  connack: IConnackPacket,
): boolean {
  if (connection.send(connack)) return true;
  const { properties } = connack;
  if (
    properties?.reasonString === undefined &&
    properties?.userProperties === undefined
  ) return false;
  // [MQTT-3.2.2-19], [MQTT-3.2.2-20]: these are left out if they do not fit.
  const { reasonString: _, userProperties: __, ...rest } = properties;
  return connection.send({ ...connack, properties: rest });
}

/** Answers with a refusal and closes. */
export function refuse(
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
