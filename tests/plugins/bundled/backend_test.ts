/** What plugins that ask a back-end share. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  AnswerCache,
  type FreshAnswer,
} from "../../../plugins/_backend/answer_cache.ts";
import { Gate } from "../../../plugins/_backend/gate.ts";

const LONG = 60_000;

Deno.test("Gate lets so many in, and then the last that came", async () => {
  const gate = new Gate({ places: 2, maxWaiting: 3 });
  const leaves = [await gate.enter(LONG), await gate.enter(LONG)];
  const seen: string[] = [];
  const waiting = ["a", "b", "c"].map(async (name) => {
    const leave = await gate.enter(LONG);
    seen.push(name);
    leave();
  });
  await assertRejects(() => gate.enter(LONG), Error, "3 requests wait");
  assertEquals(seen, []);
  leaves[0]();
  await Promise.all(waiting);
  assertEquals(seen, ["c", "b", "a"]);
  leaves[1]();
  // Every place is free again.
  await gate.enter(0);
  await gate.enter(0);
  await assertRejects(() => gate.enter(0), Error, "no answer within 0 s");
});

Deno.test("Gate: who waited too long is out of the line", async () => {
  const gate = new Gate({ places: 1, maxWaiting: 10 });
  const leave = await gate.enter(LONG);
  const late = gate.enter(1);
  const patient = gate.enter(LONG);
  await assertRejects(() => late, Error, "no answer within 0.001 s");
  leave();
  (await patient)();
  (await gate.enter(0))();
});

Deno.test("Gate: nobody waits at a closed one", async () => {
  const gate = new Gate({ places: 1, maxWaiting: 10 });
  const leave = await gate.enter(LONG);
  const waiting = gate.enter(LONG);
  gate.close();
  await assertRejects(() => waiting, Error, "it was closed");
  leave();
  await assertRejects(() => gate.enter(LONG), Error, "it was closed");
});

/** A cache on a clock that stands still, and a back-end that counts what it is asked. */
function makeCache(size: number) {
  const clock = { now: 0 };
  const cache = new AnswerCache<boolean>({ size, now: () => clock.now });
  const asked: string[] = [];
  const ask = (client: string, question: string, seconds = 10) =>
    cache.answer(client, question, () => {
      asked.push(`${client} ${question}`);
      return Promise.resolve({ answer: true, seconds });
    });
  return { clock, cache, asked, ask };
}

Deno.test("AnswerCache answers from memory until the time is over", async () => {
  const { clock, cache, asked, ask } = makeCache(10);
  assertEquals(await ask("c", "q"), true);
  clock.now = 9_999;
  assertEquals(ask("c", "q"), true);
  clock.now = 10_000;
  assertEquals(await ask("c", "q"), true);
  assertEquals([asked.length, cache.size], [2, 1]);
  await ask("c", "other", 0);
  await ask("c", "other", 0);
  assertEquals([asked.length, cache.size], [4, 1]);
});

Deno.test("AnswerCache asks once for who asks at the same time", async () => {
  const { asked, ask } = makeCache(10);
  const answers = await Promise.all([ask("c", "q", 0), ask("c", "q", 0)]);
  assertEquals([answers, asked.length], [[true, true], 1]);
});

Deno.test("AnswerCache remembers no failure", async () => {
  const { cache, ask } = makeCache(10);
  const fail = () => Promise.reject(new Error("down"));
  const both = [cache.answer("c", "q", fail), cache.answer("c", "q", fail)];
  for (const answer of both) {
    await assertRejects(async () => await answer, Error, "down");
  }
  assertEquals([await ask("c", "q"), cache.size], [true, 1]);
});

Deno.test("AnswerCache forgets a client, and what is on its way to it", async () => {
  const { cache, asked, ask } = makeCache(10);
  await ask("c", "q");
  await ask("d", "q");
  cache.forget("c");
  cache.forget("nobody");
  assertEquals(cache.size, 1);
  const open = Promise.withResolvers<FreshAnswer<boolean>>();
  const answer = cache.answer("c", "q", () => open.promise);
  cache.forget("c");
  open.resolve({ answer: false, seconds: 10 });
  assertEquals(await answer, false);
  assertEquals([await ask("c", "q"), asked.length], [true, 3]);
});

Deno.test("AnswerCache is bounded: what was asked longest ago goes first", async () => {
  const { cache, asked, ask } = makeCache(3);
  for (const client of ["a", "b", "c"]) await ask(client, "q");
  await ask("d", "q");
  assertEquals(cache.size, 3);
  asked.length = 0;
  assertEquals(ask("b", "q"), true);
  await ask("a", "q");
  assertEquals(asked, ["a q"]);
  // One client alone.
  for (const question of ["1", "2", "3", "4"]) await ask("e", question);
  assertEquals(cache.size, 3);
  asked.length = 0;
  for (const question of ["4", "3", "2"]) {
    assertEquals(ask("e", question), true);
  }
  assertEquals(asked, []);
});
