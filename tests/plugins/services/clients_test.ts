/** Sessions in pages, retained messages in turns. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type { BrokerContext, ClientQuery } from "../../../mod.ts";
import { TestClient } from "../../_client.ts";
import { startProbes } from "./_probe.ts";

function all(context: BrokerContext, query: ClientQuery = {}): string[] {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const { items, next } = context.clients({ limit: 2, ...query, after });
    ids.push(...items.map(({ clientId }) => clientId));
    after = next;
  } while (after !== undefined);
  return ids;
}

Deno.test("clients() finds sessions by connection and user, a page at a time", async () => {
  await using broker = await startProbes();
  const { context } = broker;
  assertEquals(context.clients(), { items: [] });
  const offline = ["o1", "o2", "o3"];
  for (const id of offline) context.addSubscription(id, "a");
  const clients: TestClient[] = [];
  for (const [clientId, username] of [["c1", "u"], ["c2", "v"], ["c3", "u"]]) {
    const to = broker.broker;
    clients.push(await TestClient.connect(to, { clientId, username }));
  }
  assertEquals(all(context), [...offline, "c1", "c2", "c3"]);
  assertEquals(all(context, { limit: 1 }), all(context, { limit: 10_000 }));
  assertEquals(all(context, { connected: true }), ["c1", "c2", "c3"]);
  assertEquals(all(context, { connected: false }), offline);
  assertEquals(all(context, { username: "u" }), ["c1", "c3"]);
  assertEquals(all(context, { username: "u", connected: false }), []);
  // A page that is just full is the last one if nothing follows.
  assertEquals(context.clients({ username: "u", limit: 2 }).next, undefined);
  // Another query may go on where one was.
  const { next } = context.clients({ username: "v", limit: 1 });
  assertEquals(next, undefined);
  const first = context.clients({ connected: false, limit: 2 });
  const rest = context.clients({ after: first.next });
  assertEquals(rest.items.map(({ clientId }) => clientId), [
    ...["o3", "c1", "c2", "c3"],
  ]);
  for (const client of clients) await client.close();
  for (const limit of [0, -1, 1.5, 10_001, NaN]) {
    assertThrows(() => context.clients({ limit }), RangeError, "1 to 10000");
  }
  for (const after of ["", "x", "-1", "1e3"]) {
    assertThrows(() => context.clients({ after }), RangeError, "next");
  }
});

Deno.test("who is there all the while is found exactly once", async () => {
  await using broker = await startProbes({}, { names: ["a", "b"] });
  const { context } = broker;
  const other = broker.probes.b.context;
  const add = (id: string) => context.addSubscription(id, "a");
  const remove = (id: string) =>
    context.disconnect(id, { deleteSession: true });
  for (let i = 0; i < 100; i++) add(`${i}`);
  const seen: string[] = [];
  let after: string | undefined;
  let page = 0;
  do {
    const { items, next } = context.clients({ limit: 7, after });
    // The same page again, as somebody else gets it and as it was.
    assertEquals(other.clients({ limit: 7, after }).items, items);
    assertEquals(context.clients({ limit: 7, after }).items, items);
    seen.push(...items.map(({ clientId }) => clientId));
    // Some of those that were seen, of those that come next, and new ones.
    remove(seen.at(-1)!);
    remove(`${Number(seen.at(-1)) + 1}`);
    remove(`${Number(seen.at(-1)) + 9}`);
    if (page++ < 10) add(`new ${page}`);
    after = next;
  } while (after !== undefined);
  assertEquals(new Set(seen).size, seen.length);
  const left = [...context.sessions].map(({ clientId }) => clientId);
  const stayed = left.filter((id) => !id.startsWith("new"));
  assert(stayed.length > 50);
  assertEquals(stayed.filter((id) => !seen.includes(id)), []);
});

Deno.test("retained.scan() gives others a turn, and finds what match() finds", async () => {
  await using broker = await startProbes();
  const { retained } = broker.context;
  for (let i = 0; i < 3000; i++) retained.set(`a/${i % 3}/${i}`, `${i}`);
  retained.set("$internal/x", "x");
  let turns = 0;
  let counting = true;
  const count = () => {
    turns++;
    if (counting) setImmediate(count);
  };
  count();
  const topics: string[] = [];
  for await (const { topic } of retained.scan("a/1/+")) topics.push(topic);
  counting = false;
  assert(turns > 1);
  assertEquals(topics.length, 1000);
  assertEquals(
    topics.sort(),
    [...retained.match("a/1/+")].map(({ topic }) => topic).sort(),
  );
  let found = 0;
  for await (const _ of retained.scan("#")) {
    if (++found === 10) retained.clear("a/0/0");
  }
  assert(found >= 2999);
  for await (const _ of retained.scan("a/#/b")) throw new Error("not valid");
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("retained.scan() ends with the plugin", async () => {
  const { context, broker } = await startProbes();
  for (let i = 0; i < 2000; i++) context.retained.set(`${i}`, "x");
  let found = 0;
  let end: Promise<void> | undefined;
  for await (const _ of context.retained.scan("#")) {
    if (++found === 10) end = broker.shutdown();
    if (end !== undefined) await end;
  }
  assertEquals(found, 10);
});
