/**
 * What observers get of packets.
 *
 * @module
 */

import type { Packet as MqttPacket } from "mqtt-packet";
import type { Session } from "./messages.ts";

/** A packet as the package `mqtt-packet` describes it; `cmd` says which kind it is. */
export type Packet = MqttPacket;

/** `onMqttPacketReceived`, `onMqttPacketSent`: a packet passed. */
export interface PacketEvent {
  /** The packet as `mqtt-packet` describes it. The password of a CONNECT is left out. */
  readonly packet: Packet;
  /** The session, once the client has one. */
  readonly session?: Session;
}
