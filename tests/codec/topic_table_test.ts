import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { TopicTable } from "../../codec/topic_table.ts";

const encoder = new TextEncoder();

/** Asks a table with one place. */
function onePlace(): (name: string) => { name: string; bytes: Uint8Array } {
  const table = new TopicTable((name, bytes) => ({ name, bytes }), 1);
  return (name) => {
    const bytes = encoder.encode(`<${name}>`);
    return table.get(bytes, 1, bytes.length - 1);
  };
}

Deno.test("a topic that is used once drives out no other", () => {
  const get = onePlace();
  const often = get("often");
  for (let i = 0; i < 100; i++) {
    assertEquals(get(`once/${i}`).name, `once/${i}`);
    assertStrictEquals(get("often"), often);
  }
});

Deno.test("a topic that comes twice gets the place of one that does not come", () => {
  const get = onePlace();
  const first = get("first");
  assertNotStrictEquals(get("second"), get("second"));
  assertStrictEquals(get("second"), get("second"));
  assertNotStrictEquals(get("first"), first);
});

Deno.test("the names of topics are their own, although they share memory", () => {
  const get = onePlace();
  const names = Array.from({ length: 1000 }, (_, i) => "é".repeat(i % 200) + i);
  const topics = names.map(get);
  assertEquals(
    topics.map(({ bytes }) => new TextDecoder().decode(bytes)),
    names,
  );
});
