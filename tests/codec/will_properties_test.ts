import { assertEquals } from "@std/assert";
import { willProperties } from "../../codec/mod.ts";
import { data, frame, join, properties, text } from "./bytes.ts";

/** A CONNECT of MQTT 5 with these properties of the will. */
function connect(...will: (number | Uint8Array)[]): Uint8Array {
  return frame(
    ...[0x10, text("MQTT"), 5, 0x06, 0, 60, properties(33, 0, 9), text("c")],
    ...[properties(...will), text("w"), data(1)],
  );
}

const DELAY = join(24, 0, 0, 0, 5);
const EXPIRY = join(2, 0, 0, 0, 9);
const FORMAT = join(1, 1);
const TYPE = join(3, text("text/plain"));
const RESPONSE = join(8, text("r"));
const CORRELATION = join(9, data(0, 255));
const USER = join(38, text("b"), text("1"), 38, text("a"), text("2"));

Deno.test("willProperties() keeps what subscribers get, in its order", () => {
  const { forward } = willProperties(
    connect(
      ...[USER, DELAY, CORRELATION, FORMAT, EXPIRY, TYPE, RESPONSE, USER],
    ),
  );
  assertEquals(
    forward,
    join(USER, CORRELATION, FORMAT, TYPE, RESPONSE, USER),
  );
});

Deno.test("willProperties() returns a copy", () => {
  const bytes = connect(FORMAT);
  const { forward } = willProperties(bytes);
  bytes.fill(0);
  assertEquals(forward, FORMAT);
});

Deno.test("willProperties() returns null if there is nothing to pass on", () => {
  const cases = [
    connect(),
    connect(DELAY, EXPIRY),
    frame(0x10, text("MQTT"), 5, 2, 0, 0, 0, text("c")),
    frame(0x10, text("MQTT"), 4, 6, 0, 0, text("c"), text("w"), data(1)),
    frame(0xc0),
  ];
  for (const bytes of cases) assertEquals(willProperties(bytes).forward, null);
});
