import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { buffers, LARGEST_KEPT } from "../broker/buffer_pool.ts";

Deno.test("A buffer is handed out again to who needs one of its size", () => {
  const first = buffers.take(3000);
  assertEquals(first.length, 4096);
  buffers.give(first);
  assertNotStrictEquals(buffers.take(1000), first);
  const second = buffers.take(4096);
  assertStrictEquals(second, first);
  assertNotStrictEquals(buffers.take(4096), second);
});

Deno.test("Buffers that nobody uses do not add up without end", () => {
  const given = Array.from({ length: 100 }, () => buffers.take(LARGEST_KEPT));
  for (const buffer of given) buffers.give(buffer);
  const again = new Set(given.map(() => buffers.take(LARGEST_KEPT)));
  const kept = given.filter((buffer) => again.has(buffer)).length;
  assert(kept > 0 && kept <= 32, `${kept} of a MiB each were kept`);
});

Deno.test("A giant buffer is not kept", () => {
  const giant = buffers.take(LARGEST_KEPT + 1);
  assertEquals(giant.length, LARGEST_KEPT + 1);
  buffers.give(giant);
  assertNotStrictEquals(buffers.take(LARGEST_KEPT + 1), giant);
});
