import { assertEquals, assertThrows } from "@std/assert";
import { PacketError } from "../../codec/mod.ts";
import {
  checkProperties,
  hasProperty,
  PROPERTIES,
  type Property,
  propertyEnd,
  type PropertyHolder,
  type PropertyType,
} from "../../codec/properties.ts";
import { data, join, text } from "./bytes.ts";

const HOLDERS: readonly PropertyHolder[] = [
  ...["connect", "will", "connack", "publish", "puback", "pubrec"] as const,
  ...["pubrel", "pubcomp", "subscribe", "suback", "unsubscribe"] as const,
  ...["unsuback", "disconnect", "auth"] as const,
];

/** Table 2-4 of the standard: identifier, and the packets that may carry it. */
const TABLE: Readonly<Record<number, string>> = {
  0x01: "will publish",
  0x02: "will publish",
  0x03: "will publish",
  0x08: "will publish",
  0x09: "will publish",
  0x0b: "publish subscribe",
  0x11: "connect connack disconnect",
  0x12: "connack",
  0x13: "connack",
  0x15: "connect connack auth",
  0x16: "connect connack auth",
  0x17: "connect",
  0x18: "will",
  0x19: "connect",
  0x1a: "connack",
  0x1c: "connack disconnect",
  0x1f: "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth",
  0x21: "connect connack",
  0x22: "connect connack",
  0x23: "publish",
  0x24: "connack",
  0x25: "connack",
  0x26: HOLDERS.join(" "),
  0x27: "connect connack",
  0x28: "connack",
  0x29: "connack",
  0x2a: "connack",
};

const VALUES: Readonly<Record<PropertyType, Uint8Array>> = {
  bit: join(1),
  uint16: join(0, 1),
  uint32: join(0, 0, 0, 1),
  varint: join(0x80, 1),
  string: text("é"),
  pair: join(text("k"), text("v")),
  binary: data(0, 255),
};

const METHOD = join(21, text("m"));

/** The property with a valid value, and what must come with it. */
function sample({ id, type }: Property): Uint8Array {
  const bytes = join(id, VALUES[type]);
  return id === 22 ? join(METHOD, bytes) : bytes;
}

function check(bytes: Uint8Array, holder: PropertyHolder): void {
  // What surrounds the properties must not matter.
  const padded = join(0xff, bytes, 0, 0, 0, 0);
  checkProperties(padded, 1, 1 + bytes.length, holder);
}

function codeOf(bytes: Uint8Array, holder: PropertyHolder): number {
  return assertThrows(() => check(bytes, holder), PacketError).reasonCode;
}

for (let id = 0; id < 256; id++) {
  const allowed = TABLE[id]?.split(" ") ?? [];
  const property = PROPERTIES.find((property) => property.id === id);
  Deno.test(`checkProperties() allows the property ${id} exactly where the standard does`, () => {
    const bytes = property ? sample(property) : join(id, 1);
    for (const holder of HOLDERS) {
      if (allowed.includes(holder)) check(bytes, holder);
      else assertEquals(codeOf(bytes, holder), 0x81, holder);
    }
  });
}

for (const property of PROPERTIES) {
  const { name, holders, type } = property;
  const bytes = join(property.id, VALUES[type]);

  Deno.test(`checkProperties() refuses every piece of "${name}"`, () => {
    for (let length = 1; length < bytes.length; length++) {
      assertEquals(codeOf(bytes.subarray(0, length), holders[0]), 0x81);
    }
  });

  Deno.test(`propertyEnd() and hasProperty() know "${name}"`, () => {
    assertEquals(propertyEnd(join(bytes, 9), 0), bytes.length);
    const section = { start: 1, end: 1 + bytes.length };
    assertEquals(hasProperty(join(9, bytes), section, property.id), true);
    assertEquals(hasProperty(join(9, bytes), section, 99), false);
  });

  Deno.test(`checkProperties() allows "${name}" twice only where the standard does`, () => {
    for (const holder of holders) {
      const twice = join(sample(property), bytes);
      const isRepeatable = name === "userProperties" ||
        name === "subscriptionIdentifier" && holder === "publish";
      if (isRepeatable) check(twice, holder);
      else assertEquals(codeOf(twice, holder), 0x82, holder);
    }
  });

  if (type === "bit") {
    Deno.test(`checkProperties() refuses the value 2 of "${name}"`, () => {
      check(join(property.id, 0), holders[0]);
      assertEquals(codeOf(join(property.id, 2), holders[0]), 0x82);
      assertEquals(codeOf(join(property.id, 255), holders[0]), 0x82);
    });
  }

  if (type === "string" || type === "pair") {
    Deno.test(`checkProperties() refuses ill-formed text in "${name}" [MQTT-1.5.4-1]`, () => {
      for (const bad of [data(0xc3, 0x28), data(0), data(0xed, 0xa0, 0x80)]) {
        const single = join(property.id, bad);
        const first = join(property.id, bad, text("v"));
        const second = join(property.id, text("k"), bad);
        const cases = type === "pair" ? [first, second] : [single];
        for (const bytes of cases) {
          assertEquals(codeOf(bytes, holders[0]), 0x81);
        }
      }
    });
  }
}

const REFUSED:
  readonly (readonly [string, Uint8Array, PropertyHolder, number])[] = [
    ["receive maximum 0", join(33, 0, 0), "connect", 0x82],
    ["receive maximum 0", join(33, 0, 0), "connack", 0x82],
    ["maximum packet size 0", join(39, 0, 0, 0, 0), "connect", 0x82],
    ["topic alias 0 [MQTT-3.3.2-8]", join(35, 0, 0), "publish", 0x94],
    ["subscription identifier 0", join(11, 0), "subscribe", 0x82],
    ["subscription identifier 0", join(11, 0), "publish", 0x82],
    [
      "a subscription identifier in a long form",
      join(11, 0x81, 0),
      "subscribe",
      0x81,
    ],
    [
      "a subscription identifier of five bytes",
      join(11, 255, 255, 255, 255, 1),
      "subscribe",
      0x81,
    ],
    [
      "authentication data without a method",
      join(22, data(1)),
      "connect",
      0x82,
    ],
    [
      "authentication data without a method",
      join(22, data(1)),
      "connack",
      0x82,
    ],
    ["authentication data without a method", join(22, data(1)), "auth", 0x82],
    [
      "an empty response topic [MQTT-4.7.3-1]",
      join(8, text("")),
      "publish",
      0x82,
    ],
    [
      "+ in a response topic [MQTT-3.3.2-14]",
      join(8, text("a/+")),
      "publish",
      0x82,
    ],
    ["# in a response topic [MQTT-3.3.2-14]", join(8, text("#")), "will", 0x82],
    ["an identifier in a long form", join(0x81, 0, 1), "publish", 0x81],
  ];

for (const [description, bytes, holder, code] of REFUSED) {
  Deno.test(`checkProperties() refuses ${description} (${holder})`, () => {
    assertEquals(codeOf(bytes, holder), code);
  });
}

Deno.test("checkProperties() allows 0 where it has a meaning", () => {
  check(join(2, 0, 0, 0, 0), "publish");
  check(join(17, 0, 0, 0, 0, 34, 0, 0), "connect");
  check(join(19, 0, 0), "connack");
  check(join(24, 0, 0, 0, 0), "will");
});
