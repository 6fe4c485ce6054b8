/**
 * PUBLISH, read and written by hand: the one packet that the speed of a broker
 * depends on. It is read into an object that is used again for every packet, and
 * nothing is copied; mqtt-packet is what the tests compare it with.
 *
 * @module
 */

import { PacketError } from "./errors.ts";
import { ReasonCode } from "./reason_codes.ts";
import {
  type InternedTopic,
  sameBytes,
  type TopicTable,
} from "./topic_table.ts";
import { isUtf8 } from "./utf8.ts";
import { readVarint, varintSize } from "./varint.ts";

const NOTHING = new Uint8Array(0);

/**
 * One PUBLISH. The fields point into `bytes`, which belongs to the connection that
 * read it: whoever keeps the payload copies it.
 */
export class PublishView<T extends InternedTopic> {
  /** Where the packet stands. */
  bytes: Uint8Array = NOTHING;
  /** Where the packet begins. */
  start = 0;
  /** Where the packet and its payload end. */
  end = 0;
  /** QoS. */
  qos: 0 | 1 | 2 = 0;
  /** DUP flag. */
  dup = false;
  /** RETAIN flag. */
  retain = false;
  /** Packet identifier; 0 at QoS 0. */
  packetId = 0;
  /** The topic; `undefined` if only an alias was sent. */
  topic: T | undefined = undefined;
  /** Topic alias; 0 if there is none. */
  topicAlias = 0;
  /** Message expiry interval in seconds; -1 if there is none. */
  expiry = -1;
  /** How many user properties there are. */
  userProperties = 0;
  /** Where the properties stand that are passed on unchanged. */
  forward: Uint8Array = NOTHING;
  /** Where they begin. */
  forwardStart = 0;
  /** Where they end. */
  forwardEnd = 0;
  /** Where the payload begins. */
  payloadStart = 0;
  /**
   * Whether the bytes of the packet are, but for flags and packet identifier, what
   * a subscriber of the same version gets.
   */
  verbatim = false;

  /**
   * Reads one packet. It accepts what `decode()` accepts from a client, and refuses the
   * rest with the same reason codes; but a subscription identifier is refused where it
   * stands, whatever may be wrong behind it.
   *
   * @param bytes Where the packet stands.
   * @param start Its first byte.
   * @param end Behind its last byte.
   * @param version Protocol level of the connection.
   * @param topics The known topics.
   * @throws {PacketError} If a rule of the standard is broken.
   */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    version: 3 | 4 | 5,
    topics: TopicTable<T>,
  ): void {
    const flags = bytes[start];
    const qos = (flags >> 1) & 3;
    // [MQTT-3.3.1-4]
    if (qos === 3) throw malformed("QoS 3 does not exist");
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.qos = qos as 0 | 1 | 2;
    this.dup = (flags & 8) !== 0;
    this.retain = (flags & 1) !== 0;
    // [MQTT-3.3.1-2]
    if (qos === 0 && this.dup) throw malformed("DUP is set at QoS 0");
    let at = start + 1;
    while (bytes[at++] & 0x80);
    if (at + 2 > end) throw malformed("it ends in the topic name");
    const topicStart = at + 2;
    at = topicStart + ((bytes[at] << 8) | bytes[at + 1]);
    if (at > end) throw malformed("it ends in the topic name");
    const last = this.topic;
    if (at === topicStart && version === 5) {
      this.topic = undefined;
    } else if (
      last === undefined || !sameBytes(last.bytes, bytes, topicStart, at)
    ) {
      this.topic = topics.get(bytes, topicStart, at);
    }
    if (qos > 0) {
      if (at + 2 > end) throw malformed("it ends in the packet identifier");
      this.packetId = (bytes[at] << 8) | bytes[at + 1];
      // [MQTT-2.2.1-2]
      if (this.packetId === 0) throw malformed("the packet identifier is 0");
      at += 2;
    } else {
      this.packetId = 0;
    }
    this.topicAlias = 0;
    this.expiry = -1;
    this.userProperties = 0;
    this.verbatim = true;
    if (version === 5) {
      at = this.#readProperties(at, end);
    } else {
      this.forward = bytes;
      this.forwardStart = this.forwardEnd = at;
    }
    this.payloadStart = at;
  }

  #readProperties(at: number, end: number): number {
    const bytes = this.bytes;
    // What follows in the buffer belongs to the next packet.
    if (at >= end) throw malformed("it ends in the length of the properties");
    const length = bytes[at];
    if (length === 0) {
      this.forward = bytes;
      this.forwardStart = this.forwardEnd = at + 1;
      if (this.topic === undefined) {
        throw protocolError("there is neither a topic name nor an alias");
      }
      return at + 1;
    }
    const size = readVarint(bytes, at, end);
    at += varintSize(size);
    const stop = at + size;
    if (stop > end) throw malformed("it ends in the properties");
    const from = at;
    let seen = 0;
    while (at < stop) {
      const id = bytes[at++];
      const bit = id < 32 ? 1 << id : 0;
      if (id !== 0x26 && (seen & bit) !== 0) {
        throw protocolError(`property ${id} occurs twice`);
      }
      seen |= bit;
      switch (id) {
        case 0x01: // payload format indicator
          if (at < stop && bytes[at] > 1) {
            throw protocolError(
              "the payload format indicator is neither 0 nor 1",
            );
          }
          at += 1;
          break;
        case 0x02: // message expiry interval
          if (at + 4 > stop) throw malformed("it ends in a property");
          this.expiry = readUint32(bytes, at);
          at += 4;
          break;
        case 0x23: // topic alias
          if (this.topicAlias !== 0) {
            throw protocolError("there are two aliases");
          }
          if (at + 2 > stop) throw malformed("it ends in a property");
          this.topicAlias = (bytes[at] << 8) | bytes[at + 1];
          // [MQTT-3.3.2-8]
          if (this.topicAlias === 0) {
            throw new PacketError(
              ReasonCode.TopicAliasInvalid,
              "Cannot read PUBLISH: the topic alias is 0 [MQTT-3.3.2-8]",
            );
          }
          at += 2;
          break;
        case 0x03: // content type
          at = readText(bytes, at, stop);
          break;
        case 0x08: { // response topic
          const begin = at + 2;
          at = readText(bytes, at, stop);
          if (begin === at) throw protocolError("the response topic is empty");
          for (let i = begin; i < at; i++) {
            // [MQTT-3.3.2-14]
            if (bytes[i] === 0x2b || bytes[i] === 0x23) {
              throw protocolError("the response topic has a wildcard");
            }
          }
          break;
        }
        case 0x09: // correlation data
          if (at + 2 > stop) throw malformed("it ends in a property");
          at += 2 + ((bytes[at] << 8) | bytes[at + 1]);
          break;
        case 0x26: // user property
          this.userProperties++;
          at = readText(bytes, readText(bytes, at, stop), stop);
          break;
        case 0x0b: // [MQTT-3.3.4-6]
          throw protocolError("a client sent a subscription identifier");
        default:
          throw malformed(`property ${id} does not belong there`);
      }
      if (at > stop) throw malformed("it ends in a property");
    }
    if (this.topic === undefined && this.topicAlias === 0) {
      throw protocolError("there is neither a topic name nor an alias");
    }
    if (this.topicAlias === 0 && this.expiry === -1) {
      this.forward = bytes;
      this.forwardStart = from;
      this.forwardEnd = stop;
    } else {
      this.verbatim = false;
      this.#forwardTheRest(from, stop);
    }
    return stop;
  }

  /** Copies the properties that are passed on; alias and expiry are renewed on the way out. */
  #forwardTheRest(from: number, stop: number): void {
    const own = (this.topicAlias === 0 ? 0 : 3) + (this.expiry === -1 ? 0 : 5);
    if (stop - from === own) {
      this.forward = NOTHING;
      this.forwardStart = this.forwardEnd = 0;
      return;
    }
    const bytes = this.bytes;
    const rest = new Uint8Array(stop - from - own);
    let to = 0;
    for (let at = from; at < stop;) {
      const next = skipProperty(bytes, at);
      if (bytes[at] !== 0x02 && bytes[at] !== 0x23) {
        rest.set(bytes.subarray(at, next), to);
        to += next - at;
      }
      at = next;
    }
    this.forward = rest;
    this.forwardStart = 0;
    this.forwardEnd = rest.length;
  }
}

/** Where one packet of a run stands. */
export interface RunPacket {
  /** Where its payload begins. */
  payloadStart: number;
  /** Where it ends. */
  end: number;
}

const packet: RunPacket = { payloadStart: 0, end: 0 };

/**
 * Finds the next packet of a run: packets in a row that differ in their payload
 * only, with the same flags and topic, of QoS 0, and in MQTT 5 without properties.
 *
 * @param view The first packet, which was read.
 * @param at Where the packet before ends.
 * @param limit Where what has arrived ends.
 * @param version Protocol level of the connection.
 * @param maxSize Largest packet that is allowed, in bytes.
 * @returns The packet, or `undefined`: the run has ended. The object is used again at the next call.
 */
export function nextOfRun<T extends InternedTopic>(
  view: PublishView<T>,
  at: number,
  limit: number,
  version: 3 | 4 | 5,
  maxSize: number,
): RunPacket | undefined {
  const { bytes, topic } = view;
  if (topic === undefined || view.qos !== 0) return undefined;
  const v5 = version === 5;
  if (v5 && view.payloadStart - view.forwardStart !== 0) return undefined;
  const start = at;
  if (limit - at < 2 || bytes[at++] !== bytes[view.start]) return undefined;
  let length = bytes[at++];
  if (length > 127) {
    // One more byte is enough: larger packets gain nothing.
    if (at >= limit || bytes[at] > 127 || bytes[at] === 0) return undefined;
    length = (length & 127) | (bytes[at++] << 7);
  }
  const end = at + length;
  const name = topic.bytes;
  const head = 2 + name.length + (v5 ? 1 : 0);
  if (end > limit || length < head || end - start > maxSize) return undefined;
  if (((bytes[at] << 8) | bytes[at + 1]) !== name.length) return undefined;
  at += 2;
  if (!sameBytes(name, bytes, at, at + name.length)) return undefined;
  if (v5 && bytes[at + name.length] !== 0) return undefined;
  packet.payloadStart = at - 2 + head;
  packet.end = end;
  return packet;
}

/** Where the property behind the one at `at` begins; the bytes are known to be valid. */
function skipProperty(bytes: Uint8Array, at: number): number {
  const id = bytes[at++];
  switch (id) {
    case 0x01:
      return at + 1;
    case 0x02:
      return at + 4;
    case 0x23:
      return at + 2;
    case 0x26:
      at += 2 + ((bytes[at] << 8) | bytes[at + 1]);
      return at + 2 + ((bytes[at] << 8) | bytes[at + 1]);
    default:
      return at + 2 + ((bytes[at] << 8) | bytes[at + 1]);
  }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return bytes[at] * 0x1000000 +
    ((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]);
}

function readText(bytes: Uint8Array, at: number, stop: number): number {
  if (at + 2 > stop) throw malformed("it ends in a property");
  const begin = at + 2;
  const end = begin + ((bytes[at] << 8) | bytes[at + 1]);
  if (end > stop) throw malformed("it ends in a property");
  if (!isUtf8(bytes, begin, end)) {
    throw malformed("a property is not valid UTF-8 [MQTT-1.5.4-1]");
  }
  return end;
}

function malformed(why: string): PacketError {
  return new PacketError(
    ReasonCode.MalformedPacket,
    `Cannot read PUBLISH: ${why}`,
  );
}

function protocolError(why: string): PacketError {
  return new PacketError(
    ReasonCode.ProtocolError,
    `Cannot read PUBLISH: ${why}`,
  );
}
