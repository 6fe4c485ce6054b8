import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Packet } from "../../../plugins/mod.ts";
import PacketLogger from "../../../plugins/packet_logger.ts";
import { checkedOptions, fakeContext, fakeSession } from "./_context.ts";

function received(packet: unknown, clientId?: string): string {
  const { context, logger } = fakeContext({});
  new PacketLogger(context).onMqttPacketReceived?.({
    packet: packet as Packet,
    session: clientId === undefined ? undefined : fakeSession({ clientId }),
  });
  return logger.lines.join("\n");
}

Deno.test("packet_logger writes client, direction and packet", () => {
  const { context, logger } = fakeContext({});
  const plugin = new PacketLogger(context);
  const session = fakeSession({ clientId: "sensor-1" });
  const puback = { cmd: "puback", messageId: 7 } as Packet;
  plugin.onMqttPacketReceived?.({ packet: puback, session });
  plugin.onMqttPacketSent?.({ packet: puback, session });
  plugin.onMqttPacketSent?.({ packet: puback });
  assertEquals(logger.lines, [
    'debug: sensor-1 <-in-- puback {"messageId":7}',
    'debug: sensor-1 -out-> puback {"messageId":7}',
    'debug: -out-> puback {"messageId":7}',
  ]);
});

Deno.test("packet_logger writes only the length of payloads", () => {
  const secret = "very private";
  for (const payload of [secret, Buffer.from(secret)]) {
    const line = received({ cmd: "publish", topic: "a/b", qos: 1, payload });
    assertEquals(
      line,
      'debug: <-in-- publish {"topic":"a/b","qos":1,"payload":"<12 bytes>"}',
    );
  }
});

Deno.test("packet_logger never writes a password or other secrets of a CONNECT", () => {
  const secret = "very private";
  const line = received({
    cmd: "connect",
    clientId: "c",
    username: "alice",
    password: Buffer.from(secret),
    will: { topic: "w", payload: Buffer.from(secret) },
    properties: { authenticationData: Buffer.from(secret) },
  });
  assertEquals(line.includes(secret), false);
  assertEquals(line.includes("password"), false);
  assertStringIncludes(line, '"username":"alice"');
  assertStringIncludes(line, '"will":{"topic":"w","payload":"<12 bytes>"}');
  assertEquals(
    received({ cmd: "connect", password: secret }),
    "debug: <-in-- connect {}",
  );
});

Deno.test("packet_logger keeps a client id with a line break on its line", () => {
  assertEquals(
    received({ cmd: "pingreq" }, "a\nerror: b"),
    "debug: a\\u000aerror: b <-in-- pingreq {}",
  );
});

Deno.test("packet_logger has no handlers while the log does not show debug", () => {
  const plugin = new PacketLogger(fakeContext({}, { level: "info" }).context);
  assertEquals(plugin.onMqttPacketReceived, undefined);
  assertEquals(plugin.onMqttPacketSent, undefined);
});

Deno.test("packet_logger refuses options", async () => {
  await assertRejects(() => checkedOptions(PacketLogger, { a: 1 }), TypeError);
});
