/** Class 27: administration that anybody can reach. None listens that nobody has asked for. */

import { assertEquals, assertRejects } from "@std/assert";
import { ConfigError } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { assertServes, leftOver } from "./_attack.ts";

const PATHS = [
  ...["/", "/admin", "/dashboard", "/api/v5/clients", "/api", "/metrics"],
  ...["/health", "/status", "/mqtt/../admin", "/mqtt/admin", "/mqtt?x=/admin"],
  ...["//mqtt", "/.env", "/debug/pprof", "/json/version"],
];

async function request(port: number, text: string): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(text));
  let answer = "";
  const chunk = new Uint8Array(4096);
  for (;;) {
    const count = await conn.read(chunk).catch(() => null);
    if (count === null) return answer;
    answer += new TextDecoder().decode(chunk.subarray(0, count));
  }
}

Deno.test("a WebSocket listener answers nothing but the handshake of MQTT", async () => {
  await using broker = await startBroker({
    listeners: {
      default: { bind: "127.0.0.1:0" },
      ws: { type: "ws", bind: "127.0.0.1:0" },
    },
    plugins: ["auth_anonymous", "sys"],
  });
  const { port } = broker.listeners[1];
  for (const path of PATHS) {
    for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
      const answer = await request(
        port,
        `${method} ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n`,
      );
      const [head, body = ""] = answer.split("\r\n\r\n");
      assertEquals(/^HTTP\/1\.1 (400|404|405|426) /.test(head), true, answer);
      // Nobody else's page may read it, and it tells nothing about clients.
      assertEquals(/access-control|set-cookie|still/i.test(head), false);
      assertEquals(body.length < 200, true, body);
    }
  }
  await assertServes(broker);
});

Deno.test("a browser that is made to send MQTT inside an HTTP request gets nowhere", async () => {
  await using broker = await startBroker();
  for (const method of ["GET", "POST", "CONNECT", "PUT"]) {
    await using client = await TestClient.open(broker);
    const text = `${method} / HTTP/1.1\r\ncontent-length: 14\r\n\r\n`;
    const connect = [0x10, 13, 0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, 1, 97];
    await client.raw([...new TextEncoder().encode(text), ...connect])
      .catch(() => {});
    assertEquals(await leftOver(client), []);
  }
  assertEquals([...broker.context.sessions], []);
  await assertServes(broker);
});

Deno.test("without a token the admin listener is for this machine only", async () => {
  await assertRejects(
    () => startBroker({ admin: { bind: "0.0.0.0:0" } }),
    ConfigError,
    "add a token",
  );
});

Deno.test("the broker opens the ports that it is told to, and no other", async () => {
  await using broker = await startBroker();
  assertEquals(broker.listeners.length, 1);
});
