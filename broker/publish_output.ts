/**
 * PUBLISH packets to one client: shared frames where they fit, frames of its own
 * where the client has topic aliases, subscription identifiers or a message expires.
 *
 * @module
 */

import { varintSize } from "../codec/varint.ts";
import type { QoS } from "../plugins/mod.ts";
import type { Core } from "./core.ts";
import { dropped } from "./drops.ts";
import type { Message } from "./message.ts";
import { observesPublish } from "./observation.ts";
import type { Output } from "./output.ts";
import type { Topic } from "./topics/topic.ts";
import { propertiesSize, writePublish } from "./wire_frames.ts";

// Below this a loop is faster than a view and a copy of it.
const SMALL = 96;
// What may wait for everyone even if memory is short.
const FAIR = 1 << 16;

/** Appends PUBLISH packets to a client's output. */
export class PublishOutput {
  readonly #core: Core;
  readonly #output: Output;
  /** Client identifier, for the log. */
  clientId = "";
  /** Whether the client speaks MQTT 5. */
  v5 = false;
  /** Largest packet that the client takes. */
  maxPacketSize: number = Infinity;
  /** Most topic aliases that the client takes. */
  aliasMaximum = 0;
  #sentAliases: Map<Topic, number> | undefined;

  constructor(core: Core, output: Output) {
    this.#core = core;
    this.#output = output;
  }

  /**
   * Appends a PUBLISH.
   *
   * @returns Whether it was; else the message is counted as dropped.
   */
  write(
    message: Message,
    qos: QoS,
    retain: boolean,
    dup: boolean,
    packetId: number,
    identifiers: readonly number[],
  ): boolean {
    const core = this.#core;
    const output = this.#output;
    const { v5 } = this;
    const own = v5 && (identifiers.length > 0 || message.expiresAt !== 0 ||
      this.aliasMaximum > 0);
    let at: number;
    let size: number;
    if (own) {
      at = this.#writeOwn(message, qos, packetId, identifiers);
      if (at < 0) return false;
      size = output.length - at;
    } else {
      const { frames } = core;
      frames.select(message, v5, qos);
      const { bytes, start, end } = frames;
      size = end - start;
      if (!this.#hasRoom(message, size, qos)) return false;
      at = output.reserve(size);
      const into = output.buffer;
      if (size < SMALL) {
        for (let i = 0; i < size; i++) into[at + i] = bytes[start + i];
      } else into.set(bytes.subarray(start, end), at);
      if (qos > 0) {
        let id = at + 1;
        while (into[id++] & 0x80);
        id += 2 + message.target.bytes.length;
        into[id] = packetId >> 8;
        into[id + 1] = packetId & 255;
      }
    }
    output.buffer[at] = 0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0);
    core.stats.packetsSent++;
    core.stats.publishSent++;
    return true;
  }

  /** Whether PUBLISH packets of the given version may be passed on as they are. */
  takesRun(v5: boolean, size: number): boolean {
    const { config } = this.#core;
    return this.v5 === v5 && this.aliasMaximum === 0 &&
      this.maxPacketSize >= config.maxPacketSize &&
      this.#output.size + size <= this.#mostWaiting &&
      !observesPublish(this.#core);
  }

  /** Appends packets as they are; `takesRun` has allowed it. */
  writeRun(bytes: Uint8Array, start: number, end: number, count: number): void {
    const output = this.#output;
    const core = this.#core;
    const at = output.reserve(end - start);
    output.buffer.set(bytes.subarray(start, end), at);
    core.stats.packetsSent += count;
    core.stats.publishSent += count;
  }

  #hasRoom(message: Message, size: number, qos: QoS): boolean {
    if (size > this.maxPacketSize) {
      dropped(this.#core, "packet_too_large", message, this.clientId);
      return false;
    }
    if (qos > 0 || this.#output.size + size <= this.#mostWaiting) return true;
    const { reports, memory, config } = this.#core;
    const limit = memory.exceeded ? "maxMemory" : "maxOutputBytes";
    dropped(this.#core, "output_full", message, this.clientId);
    reports.reached(
      limit,
      this.clientId,
      "Message dropped: the client does not read",
      config[limit],
    );
    return false;
  }

  /** How many bytes may wait if messages of QoS 0 are among them. */
  get #mostWaiting(): number {
    const { memory, config } = this.#core;
    return memory.exceeded
      ? Math.min(config.maxOutputBytes, FAIR)
      : config.maxOutputBytes;
  }

  /** Appends a PUBLISH whose properties are this client's own; -1 if it may not be sent. */
  #writeOwn(
    message: Message,
    qos: QoS,
    packetId: number,
    identifiers: readonly number[],
  ): number {
    const known = this.#sentAliases?.get(message.target);
    let alias = known ?? 0;
    if (
      known === undefined && (this.#sentAliases?.size ?? 0) < this.aliasMaximum
    ) alias = (this.#sentAliases?.size ?? 0) + 1;
    const expiry = message.expiresAt === 0 ? 0 : message.remaining(Date.now());
    const name = known === undefined ? message.target.bytes.length : 0;
    const properties = propertiesSize(message, alias, expiry, identifiers);
    const body = 2 + name + (qos > 0 ? 2 : 0) + varintSize(properties) +
      properties + message.size;
    const size = 1 + varintSize(body) + body;
    if (!this.#hasRoom(message, size, qos)) return -1;
    if (alias !== 0 && known === undefined) {
      (this.#sentAliases ??= new Map()).set(message.target, alias);
    }
    const at = this.#output.reserve(size);
    writePublish(
      this.#output.buffer,
      at,
      body,
      message,
      qos,
      packetId,
      alias,
      known === undefined ? 0 : 1,
      expiry,
      identifiers,
    );
    return at;
  }
}
