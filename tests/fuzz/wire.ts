/**
 * Packets as a fuzzer thinks of them, right or wrong, and their bytes. The encoder
 * of the codec is of no use here: it writes nothing that is wrong.
 *
 * @module
 */

import { PROPERTIES } from "../../codec/properties.ts";

/** Protocol level. */
export type Version = 3 | 4 | 5;

/** A string: text, or bytes that may not be UTF-8. */
export type Text = string | readonly number[];

/** One property: identifier and value; a pair of texts is a user property. */
export type PropertySpec = readonly [
  id: number,
  value: number | Text | readonly [Text, Text],
];

/** What a CONNECT says. */
export interface ConnectSpec {
  readonly cmd: "connect";
  readonly clientId: Text;
  readonly clean: boolean;
  readonly keepAlive: number;
  /** Protocol name and level, if they are not those of the client's version. */
  readonly protocol?: readonly [Text, number];
  readonly will?: {
    readonly topic: Text;
    readonly payload: Text;
    readonly qos: number;
    readonly retain: boolean;
    readonly properties: readonly PropertySpec[];
  };
  readonly username?: Text;
  readonly password?: Text;
  readonly properties: readonly PropertySpec[];
}

/** What a PUBLISH says. */
export interface PublishSpec {
  readonly cmd: "publish";
  readonly topic: Text;
  readonly payload: Text;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly id: number;
  readonly properties: readonly PropertySpec[];
}

/** PUBACK (4), PUBREC (5), PUBREL (6) or PUBCOMP (7). */
export interface AckSpec {
  readonly cmd: "ack";
  readonly type: number;
  readonly id: number;
  readonly reason?: number;
  readonly properties?: readonly PropertySpec[];
}

/** What a SUBSCRIBE or UNSUBSCRIBE says; UNSUBSCRIBE has no options. */
export interface SubscribeSpec {
  readonly cmd: "subscribe" | "unsubscribe";
  readonly id: number;
  readonly filters: readonly (readonly [Text, number])[];
  readonly properties: readonly PropertySpec[];
}

/** A packet of any other kind: first byte, body up to the properties, properties. */
export interface OtherSpec {
  readonly cmd: "other";
  readonly first: number;
  readonly body: readonly number[];
  readonly properties?: readonly PropertySpec[];
}

/** What happens to the bytes on their way. */
export type Damage =
  | { readonly flip: number; readonly mask: number }
  | { readonly keep: number }
  | { readonly insert: number; readonly byte: number }
  | { readonly first: number };

/** A packet, and perhaps damage. */
export type PacketSpec =
  & (ConnectSpec | PublishSpec | AckSpec | SubscribeSpec | OtherSpec)
  & { readonly damage?: Damage };

const encoder = new TextEncoder();
const TYPES = new Map(PROPERTIES.map(({ id, type }) => [id, type]));

/**
 * Writes a packet.
 *
 * @param spec The packet.
 * @param version Protocol level of the connection.
 * @returns The bytes; with damage they may be anything.
 */
export function wire(spec: PacketSpec, version: Version): Uint8Array {
  const bytes = whole(spec, version);
  return spec.damage === undefined ? bytes : damaged(bytes, spec.damage);
}

function whole(spec: PacketSpec, version: Version): Uint8Array {
  const props = (list: readonly PropertySpec[]): number[] =>
    version === 5 ? properties(list) : [];
  switch (spec.cmd) {
    case "connect":
      return frame(0x10, connect(spec, version));
    case "publish":
      return frame(
        0x30 | (spec.dup ? 8 : 0) | (spec.qos << 1) | (spec.retain ? 1 : 0),
        [
          ...text(spec.topic),
          ...(spec.qos > 0 ? uint16(spec.id) : []),
          ...props(spec.properties),
          ...raw(spec.payload),
        ],
      );
    case "ack":
      return frame((spec.type << 4) | (spec.type === 6 ? 2 : 0), [
        ...uint16(spec.id),
        ...(version === 5 && spec.reason !== undefined
          ? [
            spec.reason,
            ...(spec.properties === undefined ? [] : props(spec.properties)),
          ]
          : []),
      ]);
    case "subscribe":
    case "unsubscribe": {
      const subscribe = spec.cmd === "subscribe";
      return frame(subscribe ? 0x82 : 0xa2, [
        ...uint16(spec.id),
        ...props(spec.properties),
        ...spec.filters.flatMap(([filter, options]) => [
          ...text(filter),
          ...(subscribe ? [version === 5 ? options : options & 3] : []),
        ]),
      ]);
    }
    case "other":
      return frame(spec.first, [
        ...spec.body,
        ...(spec.properties === undefined ? [] : props(spec.properties)),
      ]);
  }
}

function connect(spec: ConnectSpec, version: Version): number[] {
  const { will, username, password } = spec;
  const [name, level] = spec.protocol ??
    [version === 3 ? "MQIsdp" : "MQTT", version];
  const flags = (username === undefined ? 0 : 0x80) |
    (password === undefined ? 0 : 0x40) |
    (will === undefined
      ? 0
      : (will.retain ? 0x20 : 0) | (will.qos << 3) | 0x04) |
    (spec.clean ? 0x02 : 0);
  const props = (list: readonly PropertySpec[]): number[] =>
    version === 5 ? properties(list) : [];
  return [
    ...[...text(name), level, flags, ...uint16(spec.keepAlive)],
    ...props(spec.properties),
    ...text(spec.clientId),
    ...(will === undefined ? [] : [
      ...props(will.properties),
      ...text(will.topic),
      ...text(will.payload),
    ]),
    ...(username === undefined ? [] : text(username)),
    ...(password === undefined ? [] : text(password)),
  ];
}

/** First byte, remaining length and body. */
export function frame(first: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([first, ...varint(body.length), ...body]);
}

function damaged(bytes: Uint8Array, damage: Damage): Uint8Array {
  const copy = bytes.slice();
  if ("flip" in damage) {
    copy[damage.flip % copy.length] ^= damage.mask;
    return copy;
  }
  if ("first" in damage) {
    copy[0] = damage.first;
    return copy;
  }
  if ("keep" in damage) return copy.subarray(0, damage.keep % copy.length);
  const at = damage.insert % (copy.length + 1);
  return Uint8Array.from([
    ...copy.subarray(0, at),
    damage.byte,
    ...copy.subarray(at),
  ]);
}

function properties(list: readonly PropertySpec[]): number[] {
  const bytes = list.flatMap((
    [id, value],
  ) => [id, ...propertyValue(id, value)]);
  return [...varint(bytes.length), ...bytes];
}

function propertyValue(id: number, value: PropertySpec[1]): number[] {
  const type = TYPES.get(id);
  if (type === "pair" && typeof value === "object" && value.length === 2) {
    return [...text(value[0] as Text), ...text(value[1] as Text)];
  }
  if (typeof value !== "number") return text(value as Text);
  switch (type) {
    case "uint16":
      return uint16(value);
    case "uint32":
      return [...uint16(value >>> 16), ...uint16(value)];
    case "varint":
      return varint(value);
    default:
      return [value & 255];
  }
}

function raw(value: Text): number[] {
  return typeof value === "string" ? [...encoder.encode(value)] : [...value];
}

function text(value: Text): number[] {
  const bytes = raw(value);
  return [...uint16(bytes.length), ...bytes];
}

function uint16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}
