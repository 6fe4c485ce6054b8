/**
 * Reads the operations of a batch.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import * as format from "./batch_format.ts";
import { ByteReader } from "./bytes.ts";
import type { BatchVisitor } from "./batch_visitor.ts";
import type {
  StoredDelivery,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/**
 * Replays the operations of a batch.
 *
 * @param bytes The bytes of a {@linkcode Batch}.
 * @param visitor Takes the operations; arrays of bytes are views of the batch.
 */
export function applyBatch(bytes: Uint8Array, visitor: BatchVisitor): void {
  const input = new ByteReader(bytes);
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    input.at = at;
    const type = input.u8();
    end = at + input.u32();
    switch (type) {
      case format.FLIGHT: {
        const place = at - input.u32();
        const delivery = readDelivery(input);
        input.at = place + 1;
        const bodyEnd = place + input.u32();
        const uses = input.u32();
        visitor.addFlight(delivery, {
          place,
          uses,
          bytes: bytes.subarray(input.at, bodyEnd),
        });
        break;
      }
      case format.FLIGHT_STATE:
        visitor.updateFlight(input.f64(), input.u16(), input.u8() === 1);
        break;
      case format.FLIGHT_END:
        visitor.deleteFlight(input.f64());
        break;
      case format.SESSION:
        visitor.putSession(readSession(input));
        break;
      case format.SESSION_END:
        visitor.deleteSession(input.u32());
        break;
      case format.SUBSCRIPTION:
        visitor.putSubscription(readSubscription(input));
        break;
      case format.SUBSCRIPTION_END:
        visitor.deleteSubscription(input.u32(), input.text()!);
        break;
      case format.INCOMING:
        visitor.addIncoming(input.u32(), input.u16());
        break;
      case format.INCOMING_END:
        visitor.deleteIncoming(input.u32(), input.u16());
        break;
      case format.RETAINED:
        visitor.putRetained(readMessage(input));
        break;
      case format.RETAINED_END:
        visitor.deleteRetained(input.text()!);
        break;
      case format.VALUE:
        visitor.putValue(readValue(input));
        break;
      case format.VALUE_END:
        visitor.deleteValue(input.text()!, input.text()!);
        break;
      case format.VALUES_END:
        visitor.clearValues(input.text()!);
        break;
    }
  }
}

/**
 * Reads a message.
 *
 * @param bytes The bytes of a {@linkcode MessageBody}.
 * @returns The message; payload and properties are views.
 *
 * @example
 * ```ts
 * import { Batch, decodeMessage, MemoryStore } from "@dinomq/broker";
 * import type { MessageBody, StoredDelivery } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // A store may keep the bytes as they are, and read them when a client comes.
 * const rows: Uint8Array[] = [];
 * class Rows extends MemoryStore {
 *   override addFlight(_delivery: StoredDelivery, { bytes }: MessageBody): void {
 *     rows.push(bytes.slice());
 *   }
 * }
 *
 * const none = new Uint8Array(0);
 * const nothing = { forward: none, forwardStart: 0, forwardEnd: 0 };
 * const batch = new Batch();
 * const body = batch.addBody({
 *   target: { bytes: new TextEncoder().encode("lamp") },
 *   bytes: new TextEncoder().encode("on"),
 *   start: 0,
 *   end: 2,
 *   ...nothing,
 *   qos: 1,
 *   retain: false,
 *   expiresAt: 0,
 *   publisher: undefined,
 * });
 * batch.addFlight({
 *   seq: 1,
 *   session: 1,
 *   weight: 6,
 *   qos: 1,
 *   retain: false,
 *   packetId: 0,
 *   released: false,
 *   identifiers: [],
 *   group: undefined,
 * }, body);
 * batch.apply(new Rows());
 * assertEquals(decodeMessage(rows[0]).topic, "lamp");
 * ```
 */
export function decodeMessage(bytes: Uint8Array): StoredMessage {
  return readMessage(new ByteReader(bytes));
}

function readMessage(input: ByteReader): StoredMessage {
  const flags = input.u8();
  const expiresAt = input.f64();
  return {
    topic: input.text()!,
    publisher: input.text(),
    properties: input.blob(),
    payload: input.blob(),
    qos: (flags & 3) as QoS,
    retain: (flags & 4) !== 0,
    expiresAt,
  };
}

function readDelivery(input: ByteReader): StoredDelivery {
  const seq = input.f64();
  const session = input.u32();
  const weight = input.u32();
  const flags = input.u8();
  const packetId = input.u16();
  return {
    seq,
    session,
    weight,
    qos: (flags & 3) as QoS,
    retain: (flags & 4) !== 0,
    released: (flags & 8) !== 0,
    packetId,
    group: (flags & 16) === 0 ? undefined : input.text(),
    identifiers: (flags & 32) === 0 ? NONE : input.numbers(),
  };
}

const NONE: readonly number[] = [];

function readSession(input: ByteReader): StoredSession {
  const key = input.u32();
  const flags = input.u8();
  const expiryInterval = input.f64();
  const disconnectedAt = input.f64();
  const clientId = input.text()!;
  const username = input.text();
  let will: StoredSession["will"];
  if ((flags & 16) !== 0) {
    const delay = input.f64();
    const expiry = input.f64();
    will = {
      delay,
      expiry: Number.isNaN(expiry) ? undefined : expiry,
      message: readMessage(input),
    };
  }
  return {
    key,
    clientId,
    username,
    claimed: (flags & 8) !== 0,
    protocolVersion: (flags & 7) as 3 | 4 | 5,
    expiryInterval,
    disconnectedAt,
    will,
  };
}

function readSubscription(input: ByteReader): StoredSubscription {
  const session = input.u32();
  const flags = input.u8();
  return {
    session,
    qos: (flags & 3) as QoS,
    noLocal: (flags & 4) !== 0,
    retainAsPublished: (flags & 8) !== 0,
    exempt: (flags & 16) !== 0,
    filter: input.text()!,
    identifiers: input.numbers(),
  };
}

function readValue(input: ByteReader): StoredValue {
  const kind = format.VALUE_KINDS[input.u8()];
  return {
    kind,
    plugin: input.text()!,
    key: input.text()!,
    bytes: input.blob(),
  };
}
