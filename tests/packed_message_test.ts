import { assertEquals, assertStrictEquals } from "@std/assert";
import { Message } from "../broker/message.ts";
import { PackedMessage } from "../broker/packed_message.ts";
import { Topic } from "../broker/topics/topic.ts";

Deno.test("PackedMessage gives back what was packed", () => {
  const topic = new Topic("küche/temperature");
  const bytes = new TextEncoder().encode("--21.5--");
  const message = new Message(topic);
  message.bytes = bytes;
  message.start = 2;
  message.end = 6;
  // Payload format indicator 1, in the middle of something larger.
  message.forward = Uint8Array.of(9, 1, 1, 9);
  message.forwardStart = 1;
  message.forwardEnd = 3;
  message.qos = 1;
  message.retain = true;
  message.expiresAt = 5000;
  message.publisher = "sensor";
  const packed = new PackedMessage(message);
  // What was packed may change.
  bytes.fill(0);
  message.forward.fill(0);
  message.reuse(new Topic("other"));

  const got = packed.unpack();
  assertEquals(got.topic, "küche/temperature");
  assertEquals(got.target.bytes, topic.bytes);
  assertEquals(got.target.levels, 2);
  assertEquals(new TextDecoder().decode(got.payload), "21.5");
  assertEquals(got.properties?.payloadFormatIndicator, true);
  assertEquals(
    [got.qos, got.retain, got.expiresAt, got.publisher],
    [1, true, 5000, "sensor"],
  );
  assertEquals(packed.weight, topic.bytes.length + 4 + 2);
  assertEquals(got.weight, packed.weight);
  assertEquals([packed.expired(4999), packed.expired(5000)], [false, true]);
  // Its bytes last: nobody needs a copy to keep it.
  assertStrictEquals(got.keep(), got);
});
