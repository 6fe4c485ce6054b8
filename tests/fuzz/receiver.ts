/**
 * Reads what a broker sends, and checks what holds for every packet of a server
 * whatever went before.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { IPublishPacket } from "mqtt-packet";
import { decode, frameSize, type Packet } from "../../codec/mod.ts";
import type { Version } from "./wire.ts";

/** The receiving side of one client. */
export class Receiver {
  /** Protocol level, once CONNECT has been sent. */
  version: Version = 4;
  /** Receive maximum of the client. */
  window = 65535;
  /** Topic alias maximum of the client. */
  aliasMaximum = 0;
  /** Maximum packet size of the client. */
  maxPacketSize: number = Infinity;
  /** Whether the client found a session. */
  resumed = false;
  readonly #maxInflight: number;
  readonly #inflight = new Set<number>();
  readonly #acknowledgedEarly = new Set<number>();
  readonly #aliases = new Map<number, string>();
  #input = new Uint8Array(0);
  #first = true;
  #last: string | undefined;

  /**
   * Creates a receiver.
   *
   * @param maxInflight Most messages that the broker has in flight.
   */
  constructor(maxInflight: number) {
    this.#maxInflight = maxInflight;
  }

  /** Takes bytes and gives whole packets. */
  push(bytes: Uint8Array): Packet[] {
    const joined = new Uint8Array(this.#input.length + bytes.length);
    joined.set(this.#input);
    joined.set(bytes, this.#input.length);
    this.#input = joined;
    const packets: Packet[] = [];
    while (true) {
      const size = frameSize(this.#input, 0, this.#input.length, 1 << 28);
      if (size === 0 || size > this.#input.length) return packets;
      const frame = this.#input.slice(0, size);
      this.#input = this.#input.slice(size);
      packets.push(this.#read(frame));
    }
  }

  /** The client has acknowledged a message, perhaps one that it has not read yet. */
  acknowledged(id: number): void {
    if (!this.#inflight.delete(id)) this.#acknowledgedEarly.add(id);
  }

  #read(frame: Uint8Array): Packet {
    // A refusal for a version that is not known has the form of MQTT 3.
    const version = frame[0] === 0x20 && frame.length === 4 ? 4 : this.version;
    const packet = decode(frame, version, { from: "server" });
    assert(
      this.#last !== "disconnect",
      `${packet.cmd} came after DISCONNECT`,
    );
    if (this.#first) {
      assert(
        packet.cmd === "connack" || packet.cmd === "auth",
        `${packet.cmd} came before CONNACK`,
      );
    }
    this.#first &&= packet.cmd === "auth";
    this.#last = packet.cmd;
    assert(
      frame.length <= this.maxPacketSize,
      `${packet.cmd} of ${frame.length} bytes is too large for the client`,
    );
    if (packet.cmd === "publish") this.#checkPublish(packet);
    return packet;
  }

  #checkPublish(packet: IPublishPacket): void {
    const { qos, messageId, properties, topic } = packet;
    if (qos > 0 && !this.#acknowledgedEarly.delete(messageId!)) {
      this.#inflight.add(messageId!);
      const most = Math.min(this.window, this.#maxInflight);
      assert(
        this.#inflight.size <= most,
        `${this.#inflight.size} messages in flight, at most ${most} are allowed`,
      );
    }
    const alias = properties?.topicAlias;
    if (alias !== undefined) {
      assert(alias <= this.aliasMaximum, `The topic alias ${alias}`);
      if (topic !== "") this.#aliases.set(alias, topic);
      else assert(this.#aliases.has(alias), `Alias ${alias} means nothing`);
    }
    assert(topic !== "" || alias !== undefined);
  }
}
