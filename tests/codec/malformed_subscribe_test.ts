import { frame, properties, text } from "./bytes.ts";
import { BAD, NEW, OLD, type Refusal, testRefusals } from "./refusals.ts";

const SUBSCRIBE: readonly Refusal[] = [
  {
    description: "a SUBSCRIBE with the packet identifier 0",
    bytes: frame(0x82, 0, 0, text("a"), 0),
    error: 0x81,
  },
  {
    description: "a SUBSCRIBE without filters [MQTT-3.8.3-3]",
    bytes: frame(0x82, 0, 1),
    error: 0x82,
    versions: OLD,
  },
  {
    description: "a SUBSCRIBE without filters [MQTT-3.8.3-2]",
    bytes: frame(0x82, 0, 1, 0),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "a SUBSCRIBE without options",
    bytes: frame(0x82, 0, 1, text("a")),
    error: 0x81,
    versions: OLD,
  },
  {
    description: "a SUBSCRIBE with an empty filter [MQTT-4.7.3-1]",
    bytes: frame(0x82, 0, 1, text(""), 0),
    error: 0x81,
    versions: OLD,
  },
  {
    description: "a SUBSCRIBE with an empty filter [MQTT-4.7.3-1]",
    bytes: frame(0x82, 0, 1, 0, text(""), 0),
    error: 0x81,
    versions: NEW,
  },
  {
    description: "a SUBSCRIBE with an ill-formed filter [MQTT-3.8.3-1]",
    bytes: frame(0x82, 0, 1, BAD, 0),
    error: 0x81,
    versions: OLD,
  },
  {
    description: "a SUBSCRIBE with a bad second filter",
    bytes: frame(0x82, 0, 1, text("a"), 0, 0, 9, 0),
    error: 0x81,
    versions: OLD,
  },
  ...[0x03, 0x04, 0x10, 0x80, 0xff].map((options): Refusal => ({
    description: `a SUBSCRIBE with the options ${options} [MQTT-3-8.3-4]`,
    bytes: frame(0x82, 0, 1, text("a"), options),
    error: 0x81,
    versions: OLD,
  })),
  {
    description: "a SUBSCRIBE with QoS 3",
    bytes: frame(0x82, 0, 1, 0, text("a"), 3),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "a SUBSCRIBE with retain handling 3",
    bytes: frame(0x82, 0, 1, 0, text("a"), 0x30),
    error: 0x82,
    versions: NEW,
  },
  ...[0x40, 0x80].map((options): Refusal => ({
    description:
      `a SUBSCRIBE with the reserved option ${options} [MQTT-3.8.3-5]`,
    bytes: frame(0x82, 0, 1, 0, text("a"), options),
    error: 0x81,
    versions: NEW,
  })),
  {
    description: "a shared SUBSCRIBE with no local [MQTT-3.8.3-4]",
    bytes: frame(0x82, 0, 1, 0, text("$share/g/a"), 4),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "a SUBSCRIBE with two subscription identifiers",
    bytes: frame(0x82, 0, 1, properties(11, 1, 11, 2), text("a"), 0),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "an UNSUBSCRIBE with the packet identifier 0",
    bytes: frame(0xa2, 0, 0, text("a")),
    error: 0x81,
  },
  {
    description: "an UNSUBSCRIBE without filters [MQTT-3.10.3-2]",
    bytes: frame(0xa2, 0, 1),
    error: 0x82,
    versions: OLD,
  },
  {
    description: "an UNSUBSCRIBE without filters [MQTT-3.10.3-2]",
    bytes: frame(0xa2, 0, 1, 0),
    error: 0x82,
    versions: NEW,
  },
  {
    description: "an UNSUBSCRIBE with an empty filter",
    bytes: frame(0xa2, 0, 1, text("")),
    error: 0x81,
    versions: OLD,
  },
  {
    description: "an UNSUBSCRIBE with an ill-formed filter",
    bytes: frame(0xa2, 0, 1, 0, BAD),
    error: 0x81,
    versions: NEW,
  },
  {
    description: "an UNSUBSCRIBE with half a filter",
    bytes: frame(0xa2, 0, 1, 0, text("a"), 0),
    error: 0x81,
    versions: NEW,
  },
];

testRefusals(SUBSCRIBE);
