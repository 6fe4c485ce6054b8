/**
 * Generated packets. Most are right, so that a session gets somewhere; the pools of
 * names and identifiers are small, so that packets have to do with each other.
 *
 * @module
 */

import fc from "fast-check";
import { PROPERTIES, type PropertyHolder } from "../../codec/properties.ts";
import type {
  ConnectSpec,
  Damage,
  PacketSpec,
  PropertySpec,
  Text,
} from "./wire.ts";

/** Client identifiers that generated clients have. */
export const CLIENT_IDS: readonly string[] = ["c0", "c1", "c2"];

/** Right with the given weight to one. */
function mostly<T>(
  right: fc.Arbitrary<T>,
  wrong: fc.Arbitrary<T>,
  weight = 30,
): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: right, weight }, {
    arbitrary: wrong,
    weight: 1,
  });
}

const ODD_TEXTS = [
  ...["", "\0", "a\0b", "a+b", "#a", "+", "#", "$share/g/", "$share//a"],
  ...["$share", "$share/g", "$share/+/a", "\ud800", "\ufeff", "x/".repeat(20)],
  "y".repeat(200),
];

const oddText: fc.Arbitrary<Text> = fc.oneof(
  fc.constantFrom<Text>(...ODD_TEXTS),
  fc.array(fc.nat(255), { maxLength: 6 }),
  fc.string({ unit: "grapheme", maxLength: 8 }),
);

const topic: fc.Arbitrary<Text> = mostly(
  fc.constantFrom<Text>(
    ...["a", "b", "a/b", "a/b/c", "/", "//", "a//b", "é/😀"],
    ...["$SYS/x", "__proto__", "constructor/a"],
  ),
  oddText,
);

const filter: fc.Arbitrary<Text> = mostly(
  fc.constantFrom<Text>(
    ...["a", "b", "a/b", "#", "+", "a/#", "+/b", "a/+/c", "+/+", "$SYS/#"],
    ...["$share/g/a", "$share/g/#", "$share/h/+", "é/+", "__proto__"],
  ),
  oddText,
  15,
);

const packetId = mostly(fc.constantFrom(1, 2, 3, 4, 65535), fc.constant(0));

const text = mostly<Text>(fc.constantFrom<Text>("", "x", "a/b", "é"), oddText);

function valueOf(id: number): fc.Arbitrary<PropertySpec[1]> {
  switch (PROPERTIES.find((property) => property.id === id)?.type) {
    case "uint16":
      return fc.constantFrom(1, 2, 3, 10, 65535, 0);
    case "uint32":
      return fc.constantFrom(1, 60, 200, 1000, 0xffffffff, 0);
    case "varint":
      return fc.constantFrom(1, 2, 127, 128, 268_435_455, 0);
    case "pair":
      return fc.tuple(
        mostly(fc.constantFrom<Text>("k", "__proto__", "1"), oddText),
        text,
      );
    case "string":
    case "binary":
      return text;
    default:
      return mostly(fc.constantFrom(0, 1), fc.constant(2));
  }
}

function propertyOf(ids: readonly number[]): fc.Arbitrary<PropertySpec> {
  return fc.oneof(...ids.map((id) => fc.tuple(fc.constant(id), valueOf(id))));
}

const anyProperty = fc.oneof(
  propertyOf(PROPERTIES.map(({ id }) => id)),
  fc.tuple(fc.nat(255), fc.nat(255)) as fc.Arbitrary<PropertySpec>,
);

function propertiesOf(
  holder: PropertyHolder,
): fc.Arbitrary<readonly PropertySpec[]> {
  const ids = PROPERTIES.filter(({ holders }) => holders.includes(holder))
    .map(({ id }) => id);
  const right = fc.uniqueArray(propertyOf(ids), {
    maxLength: 3,
    selector: ([id]) => id,
  });
  return fc.oneof(
    { arbitrary: fc.constant([]), weight: 20 },
    { arbitrary: right, weight: 20 },
    { arbitrary: fc.array(anyProperty, { maxLength: 3 }), weight: 1 },
  );
}

const will: fc.Arbitrary<NonNullable<ConnectSpec["will"]>> = fc.record({
  topic,
  payload: text,
  qos: mostly(fc.constantFrom(0, 1, 2), fc.constant(3)),
  retain: fc.boolean(),
  properties: propertiesOf("will"),
});

/** A CONNECT. */
export const connect: fc.Arbitrary<PacketSpec> = damageable(
  fc.record({
    cmd: fc.constant("connect" as const),
    clientId: mostly(fc.constantFrom<Text>(...CLIENT_IDS), oddText),
    clean: fc.boolean(),
    keepAlive: fc.constantFrom(0, 60, 65535),
    will: fc.option(will, { nil: undefined, freq: 2 }),
    username: fc.option(text, { nil: undefined, freq: 2 }),
    password: mostly(fc.constant(undefined), text, 4),
    protocol: mostly(
      fc.constant(undefined),
      fc.tuple(fc.constantFrom<Text>("MQTT", "MQIsdp", "X"), fc.nat(6)),
      60,
    ),
    properties: propertiesOf("connect"),
  }, { requiredKeys: ["cmd", "clientId", "clean", "keepAlive", "properties"] }),
  60,
);

const message = fc.record({
  cmd: fc.constant("publish" as const),
  topic,
  payload: fc.oneof(
    text,
    fc.constant<Text>("z".repeat(300)),
    fc.uint8Array({ maxLength: 20 }).map((bytes): Text => [...bytes]),
  ),
  qos: mostly(fc.constantFrom(0, 1, 2), fc.constant(3)),
  retain: fc.boolean(),
  dup: fc.constant(false),
  id: packetId,
  properties: propertiesOf("publish"),
});

const HOLDERS = {
  4: "puback",
  5: "pubrec",
  6: "pubrel",
  7: "pubcomp",
} as const;

const ack = fc.constantFrom(4, 5, 6, 7).chain((type) =>
  fc.record({
    cmd: fc.constant("ack" as const),
    type: fc.constant(type),
    id: packetId,
    reason: mostly(
      fc.constantFrom(0, type < 6 ? 0x10 : 0x92, type < 6 ? 0x80 : 0),
      fc.nat(255),
    ),
    properties: propertiesOf(HOLDERS[type as 4]),
  }, { requiredKeys: ["cmd", "type", "id"] })
);

const options = mostly(
  fc.constantFrom(0, 1, 2, 4, 9, 0x10, 0x22, 0x2e),
  fc.nat(255),
);

const subscribe = fc.record({
  cmd: fc.constant("subscribe" as const),
  id: packetId,
  filters: mostly(
    fc.array(fc.tuple(filter, options), { minLength: 1, maxLength: 4 }),
    fc.constant<[Text, number][]>([]),
  ),
  properties: propertiesOf("subscribe"),
});

const unsubscribe = fc.record({
  cmd: fc.constant("unsubscribe" as const),
  id: packetId,
  filters: fc.array(fc.tuple(filter, fc.constant(0)), {
    minLength: 1,
    maxLength: 3,
  }),
  properties: propertiesOf("unsubscribe"),
});

function other(
  first: number,
  body: fc.Arbitrary<readonly number[]>,
  holder?: PropertyHolder,
): fc.Arbitrary<PacketSpec> {
  return fc.record({
    cmd: fc.constant("other" as const),
    first: fc.constant(first),
    body,
    properties: holder === undefined
      ? fc.constant(undefined)
      : propertiesOf(holder),
  });
}

const nothing = fc.constant<readonly number[]>([]);
const pingreq = other(0xc0, nothing);
const disconnect = fc.oneof(
  other(0xe0, nothing),
  other(0xe0, fc.constantFrom([0], [4], [0x80], [0x81]), "disconnect"),
);
const auth = other(0xf0, fc.constantFrom([0x18], [0x19], [0]), "auth");

/** What only a server sends, and what does not exist. */
const misplaced = fc.oneof(
  other(0x20, fc.constantFrom([0, 0], [1, 0]), "connack"),
  other(0x90, fc.constantFrom([0, 1, 0], [0, 1]), undefined),
  other(0xb0, fc.constantFrom([0, 1], [0, 1, 0, 0]), undefined),
  other(0xd0, nothing),
  other(0x00, nothing),
);

/** A PUBLISH, damaged now and then. */
export const publish: fc.Arbitrary<PacketSpec> = damageable(message);

/** Any packet, damaged now and then. */
export const packet: fc.Arbitrary<PacketSpec> = fc.oneof(
  { arbitrary: publish, weight: 12 },
  { arbitrary: damageable(ack), weight: 8 },
  { arbitrary: damageable(subscribe), weight: 8 },
  { arbitrary: damageable(unsubscribe), weight: 3 },
  { arbitrary: damageable(pingreq), weight: 3 },
  { arbitrary: damageable(disconnect), weight: 1 },
  { arbitrary: damageable(auth), weight: 1 },
  { arbitrary: damageable(misplaced), weight: 1 },
  { arbitrary: connect, weight: 1 },
);

function damageable<T extends PacketSpec>(
  spec: fc.Arbitrary<T>,
  weight = 40,
): fc.Arbitrary<PacketSpec> {
  const damage: fc.Arbitrary<Damage> = fc.oneof(
    fc.record({ flip: fc.nat(200), mask: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ keep: fc.nat(200) }),
    fc.record({ insert: fc.nat(200), byte: fc.nat(255) }),
    fc.record({ first: fc.nat(255) }),
  );
  return fc.oneof(
    { arbitrary: spec as fc.Arbitrary<PacketSpec>, weight },
    {
      arbitrary: fc.tuple(spec, damage).map(([packet, damage]): PacketSpec => ({
        ...packet,
        damage,
      })),
      weight: 1,
    },
  );
}
