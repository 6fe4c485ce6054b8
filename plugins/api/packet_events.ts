/**
 * What observers get of packets.
 *
 * @module
 */

import type { Packet as MqttPacket } from "mqtt-packet";
import type { Session } from "./messages.ts";

/**
 * A packet as the package `mqtt-packet` describes it; `cmd` says which kind it is.
 *
 * @example
 * ```ts
 * import type { Packet } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * function describe(packet: Packet): string {
 *   if (packet.cmd === "publish") return `PUBLISH of "${packet.topic}"`;
 *   if (packet.cmd === "subscribe") {
 *     return `SUBSCRIBE to ${packet.subscriptions.length}`;
 *   }
 *   return packet.cmd.toUpperCase();
 * }
 *
 * assertEquals(describe({ cmd: "pingreq" }), "PINGREQ");
 * ```
 */
export type Packet = MqttPacket;

/**
 * `onMqttPacketReceived`, `onMqttPacketSent`: a packet passed.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PacketEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertMatch } from "@std/assert";
 *
 * // Says why the broker ended a connection.
 * class Farewells extends BasePlugin {
 *   override onMqttPacketSent({ packet, session }: PacketEvent): void {
 *     if (packet.cmd !== "disconnect") return;
 *     const { clientId } = session ?? {};
 *     this.context.logger.info("ended", { clientId, reasonCode: packet.reasonCode });
 *   }
 * }
 *
 * let log = "";
 * await using broker = await TestBroker.start({
 *   plugins: [Farewells],
 *   log: (line) => log += line,
 * });
 * const client = await broker.connect({ clientId: "alice" });
 * broker.context.disconnect("alice", { reasonCode: 0x98 });
 * await client.closed();
 * assertMatch(log, /ended.*alice.*152/);
 * ```
 */
export interface PacketEvent {
  /** The packet as `mqtt-packet` describes it. The password of a CONNECT is left out. */
  readonly packet: Packet;
  /** The session, once the client has one. */
  readonly session?: Session;
}
