import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  type AddressFlags,
  describeAddress,
  readAddress,
} from "../../../broker/cli/mqtt/address.ts";
import { UsageError } from "../../../broker/cli/usage_error.ts";

const GOOD: [flags: Partial<AddressFlags>, text: string, more?: object][] = [
  [{}, "mqtt://localhost:1883"],
  [{ host: "broker", port: "1884" }, "mqtt://broker:1884"],
  [{ host: "::1" }, "mqtt://[::1]:1883"],
  [{ host: "[::1]" }, "mqtt://[::1]:1883"],
  [{ tls: true }, "mqtts://localhost:8883"],
  [{ port: "8883" }, "mqtts://localhost:8883"],
  [{ ws: "/mqtt" }, "ws://localhost:8083/mqtt"],
  [{ ws: "mqtt", tls: true }, "wss://localhost:8084/mqtt"],
  [{ ws: "/", port: "8883" }, "ws://localhost:8883/"],
  [{ unix: "/run/a.sock" }, "unix:/run/a.sock"],
  [{ url: "mqtt://broker" }, "mqtt://broker:1883"],
  [{ url: "mqtt://broker/" }, "mqtt://broker:1883"],
  [{ url: "MQTTS://broker" }, "mqtts://broker:8883"],
  [{ url: "mqtt://broker", tls: true }, "mqtts://broker:8883"],
  [{ url: "mqtt://[::1]:1884" }, "mqtt://[::1]:1884"],
  [{ url: "ws://broker/mqtt?a=b" }, "ws://broker:80/mqtt?a=b"],
  [{ url: "wss://broker" }, "wss://broker:443/"],
  [{ url: "ws://broker:80", tls: true }, "wss://broker:443/"],
  [{ url: "mqtt://broker/a/b" }, "mqtt://broker:1883", { topic: "a/b" }],
  [{ url: "mqtt://broker/a/+/#" }, "mqtt://broker:1883", { topic: "a/+/#" }],
  [{ url: "mqtt://broker//a%20b?" }, "mqtt://broker:1883", {
    topic: "/a b?",
  }],
  [{ url: "mqtt://al%40ice:s%3Ae@broker:1884/t" }, "mqtt://broker:1884", {
    username: "al@ice",
    password: "s:e",
    topic: "t",
  }],
];

for (const [flags, text, more = {}] of GOOD) {
  Deno.test(`readAddress() understands ${JSON.stringify(flags)}`, () => {
    const address = readAddress({ tls: false, ...flags });
    assertEquals(describeAddress(address), text);
    const { topic, username, password } = address;
    assertEquals(
      Object.fromEntries(
        Object.entries({ topic, username, password })
          .filter(([, value]) => value !== undefined),
      ),
      { ...more },
    );
  });
}

const BAD: [flags: Partial<AddressFlags>, message: string][] = [
  [{ port: "0" }, "Cannot use --port"],
  [{ port: "http" }, "Cannot use --port"],
  [{ url: "http://broker" }, "it must look like mqtt://host:1883"],
  [{ url: "broker:1883" }, "it must look like mqtt://host:1883"],
  [{ url: "mqtt://" }, "it must look like mqtt://host:1883"],
  [{ url: "mqtt://broker:99999" }, "it must look like mqtt://host:1883"],
  [{ url: "mqtt://broker/50%" }, "has a % that is no escape"],
  [{ url: "mqtt://a", host: "b" }, "--url and --host together"],
  [{ url: "mqtt://a", port: "1" }, "--url and --port together"],
  [{ url: "mqtt://a", unix: "b" }, "--url and --unix together"],
  [{ unix: "a", ws: "/" }, "--unix and --ws together"],
  [{ unix: "a", tls: true }, "Cannot use TLS with --unix"],
];

for (const [flags, message] of BAD) {
  Deno.test(`readAddress() refuses ${JSON.stringify(flags)}`, () => {
    const error = assertThrows(
      () => readAddress({ tls: false, ...flags }),
      UsageError,
    );
    assertStringIncludes(error.message, message);
  });
}

Deno.test("readAddress() shows no password in an error", () => {
  const error = assertThrows(() =>
    readAddress({ tls: false, url: "mqt://alice:secret@broker" })
  );
  assertEquals((error as Error).message.includes("secret"), false);
});
