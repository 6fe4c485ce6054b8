import { assertEquals } from "@std/assert";
import { parseBind } from "../../broker/config/mod.ts";

const PORT = 8883;

const GOOD: [bind: string | number, hostname: string, port: number][] = [
  ["1234", "0.0.0.0", 1234],
  [1234, "0.0.0.0", 1234],
  [":1234", "0.0.0.0", 1234],
  ["0.0.0.0:1234", "0.0.0.0", 1234],
  ["[::]:1234", "::", 1234],
  ["0.0.0.0", "0.0.0.0", PORT],
  ["[::]", "::", PORT],
  ["localhost", "localhost", PORT],
  ["localhost:1234", "localhost", 1234],
  ["127.0.0.1:0", "127.0.0.1", 0],
  [0, "0.0.0.0", 0],
  ["[fe80::1%eth0]:1883", "fe80::1%eth0", 1883],
  ["mqtt.example.com:65535", "mqtt.example.com", 65535],
];

for (const [bind, hostname, port] of GOOD) {
  Deno.test(`aMQTT 1: parseBind() reads ${JSON.stringify(bind)}`, () => {
    assertEquals(parseBind(bind, PORT), { hostname, port });
  });
}

const BAD: (string | number)[] = [
  "",
  "65536",
  65536,
  -1,
  1.5,
  NaN,
  "host:65536",
  "host:",
  "host:port",
  "::1",
  "::1:1883",
  "[::1",
  "[host]:1883",
  "a b:1883",
  "tcp://host:1883",
  "host:1883/mqtt",
  "host:-1",
];

for (const bind of BAD) {
  Deno.test(`parseBind() refuses ${Deno.inspect(bind)}`, () => {
    assertEquals(parseBind(bind, PORT), undefined);
  });
}
