/**
 * Packets in words, for `--debug`. Never a password or a payload.
 *
 * @module
 */

import type { Packet } from "mqtt-packet";
import { safeText } from "../../log_values.ts";

/**
 * A packet on one line.
 *
 * @param packet The packet.
 * @returns Its name and what tells it from others.
 */
export function describePacket(packet: Packet): string {
  return safeText(`${packet.cmd.toUpperCase()} ${details(packet)}`.trimEnd());
}

function details(packet: Packet): string {
  switch (packet.cmd) {
    case "connect":
      return `(${packet.clientId}, version ${packet.protocolVersion}, clean ${
        packet.clean ? "yes" : "no"
      }, keep alive ${packet.keepalive} s)`;
    case "connack":
      return `(code ${
        packet.reasonCode ?? packet.returnCode
      }, session present ${packet.sessionPresent ? "yes" : "no"})`;
    case "publish":
      return `${packet.topic} (QoS ${packet.qos}${
        packet.qos > 0 ? `, id ${packet.messageId}` : ""
      }${packet.retain ? ", retained" : ""}${
        packet.dup ? ", again" : ""
      }, ${packet.payload.length} bytes)`;
    case "subscribe":
      return `(id ${packet.messageId}) ${
        packet.subscriptions
          .map(({ topic, qos }) => `${topic} (QoS ${qos})`).join(", ")
      }`;
    case "suback":
      return `(id ${packet.messageId}) ${packet.granted.join(", ")}`;
    case "unsubscribe":
      return `(id ${packet.messageId}) ${packet.unsubscriptions.join(", ")}`;
    case "pingreq":
    case "pingresp":
      return "";
    default:
      return [
        ...(packet.messageId === undefined ? [] : [`id ${packet.messageId}`]),
        ...("reasonCode" in packet && packet.reasonCode !== undefined
          ? [`code ${packet.reasonCode}`]
          : []),
      ].join(", ");
  }
}
