import { assert, assertEquals } from "@std/assert";
import { encode } from "../../codec/mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { publish, RawClient } from "../protocol/_helpers.ts";

const MIB = 1 << 20;

Deno.test("a giant packet that is announced takes no memory before it comes", async () => {
  await using broker = await startBroker();
  const clients: RawClient[] = [];
  // As many warm up what is there once.
  for (let i = 0; i < 2; i++) {
    const before = Deno.memoryUsage().external;
    for (let n = 0; n < 50; n++) {
      const client = await RawClient.connect(broker, `giant-${i}-${n}`);
      clients.push(client);
      // PINGREQ comes before it: its answer says that the broker has seen what follows.
      await client.send([0xc0, 0, 0x30, 0xf0, 0xff, 0x7f, 0, 1, 0x67]);
      await client.frame();
    }
    const growth = Deno.memoryUsage().external - before;
    assert(growth < 25 * MIB, `${growth} bytes for 50 packets of 2 MiB`);
  }
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("a giant packet arrives whole, whatever the pieces in which it comes", async () => {
  await using broker = await startBroker();
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("t");
  using writer = await RawClient.connect(broker, "writer");
  for (const size of [100_000, 700_000, 2_000_000]) {
    const payload = new Uint8Array(size).map((_, i) => i * 7 % 251);
    const bytes = encode(publish("t", payload), 5);
    for (let at = 0, step = 1; at < bytes.length; at += step) {
      step = Math.min(step * 3 + 1, 90_001);
      await writer.send(bytes.subarray(at, at + step));
    }
    const { payload: received } = await reader.expect("publish");
    assertEquals((received as Uint8Array).length, size);
    assert(payload.every((byte, i) => byte === received[i]));
  }
});
