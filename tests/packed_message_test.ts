import { assertEquals, assertStrictEquals } from "@std/assert";
import { Message } from "../broker/message.ts";
import { ByteSlots } from "../broker/byte_slots.ts";
import { PackedMessage } from "../broker/packed_message.ts";
import { Topic } from "../broker/topics/topic.ts";

for (const size of [4, 1000]) {
  Deno.test(`PackedMessage gives back what was packed: ${size} bytes`, () => {
    const text = "21.5".padEnd(size, "0");
    const topic = new Topic("küche/temperature");
    const bytes = new TextEncoder().encode(`--${text}--`);
    const message = new Message(topic);
    message.bytes = bytes;
    message.start = 2;
    message.end = 2 + size;
    // Payload format indicator 1, in the middle of something larger.
    message.forward = Uint8Array.of(9, 1, 1, 9);
    message.forwardStart = 1;
    message.forwardEnd = 3;
    message.qos = 1;
    message.retain = true;
    message.expiresAt = 5000;
    message.publisher = "sensor";
    const slots = new ByteSlots();
    const packed = new PackedMessage(message, slots);
    // What was packed may change.
    bytes.fill(0);
    message.forward.fill(0);
    message.reuse(new Topic("other"));

    const got = packed.unpack();
    // Its place may go to another one.
    packed.free(slots);
    message.bytes = new Uint8Array(bytes.length).fill(7);
    message.target = new Topic("x".repeat(topic.bytes.length));
    new PackedMessage(message, slots);
    assertEquals(got.topic, "küche/temperature");
    assertEquals(got.target.bytes, topic.bytes);
    assertEquals(got.target.levels, 2);
    assertEquals(new TextDecoder().decode(got.payload), text);
    assertEquals(got.properties?.payloadFormatIndicator, true);
    assertEquals(
      [got.qos, got.retain, got.expiresAt, got.publisher],
      [1, true, 5000, "sensor"],
    );
    assertEquals(packed.weight, topic.bytes.length + size + 2);
    assertEquals(got.weight, packed.weight);
    assertEquals([packed.expired(4999), packed.expired(5000)], [false, true]);
    // Its bytes last: nobody needs a copy to keep it.
    assertStrictEquals(got.keep(), got);
  });
}
