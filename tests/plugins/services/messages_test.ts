/** Messages in a loop. */

import { assertEquals, assertThrows } from "@std/assert";
import type { ApplicationMessage, MessageStream } from "../../../mod.ts";
import { TestClient } from "../../_client.ts";
import { startProbes } from "./_probe.ts";

async function take(stream: MessageStream, count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const { value } = await stream.next();
    texts.push(textOf(value));
  }
  return texts;
}

function textOf(message: ApplicationMessage | undefined): string {
  if (message === undefined) return "end";
  return `${message.topic} ${new TextDecoder().decode(message.payload)}`;
}

Deno.test("messages() gives what its filter selects, from clients and plugins", async () => {
  await using broker = await startProbes();
  await using client = await TestClient.connect(broker.broker);
  const stream = broker.context.messages("a/+");
  const early = stream.next();
  await client.publish("b", "0");
  await client.publish("a/1", "1", { qos: 1, retain: true });
  broker.context.publish("a/2", "2");
  await client.publish("a/b/c", "3");
  await client.publish("a/4", "4", { qos: 2 });
  assertEquals(textOf((await early).value), "a/1 1");
  assertEquals(await take(stream, 2), ["a/2 2", "a/4 4"]);
  assertEquals(stream.dropped, 0);
  await stream.return?.();
});

Deno.test("of too many that wait the oldest are dropped and counted", async () => {
  await using broker = await startProbes();
  const { context } = broker;
  const stream = context.messages("#", { limit: 3 });
  for (let i = 0; i < 500; i++) context.publish("a", `${i}`);
  assertEquals(stream.dropped, 497);
  assertEquals(await take(stream, 3), ["a 497", "a 498", "a 499"]);
  context.publish("a", "more");
  assertEquals(await take(stream, 1), ["a more"]);
  const [description] = broker.broker.describePlugins().slice(-1);
  assertEquals(description.counters, { messagesDropped: 497 });
});

Deno.test("a loop that is left ends the subscription", async () => {
  await using broker = await startProbes();
  const { context } = broker;
  const stream = context.messages("#");
  context.publish("a", "1");
  context.publish("a", "2");
  for await (const message of stream) {
    assertEquals(textOf(message), "a 1");
    break;
  }
  assertEquals(await take(stream, 1), ["end"]);
  {
    await using disposed = context.messages("#", { limit: 1 });
    context.publish("a", "3");
    assertEquals(await take(disposed, 1), ["a 3"]);
  }
  // Nobody counts what nobody hears any more.
  context.publish("a", "4");
  context.publish("a", "5");
  const [description] = broker.broker.describePlugins().slice(-1);
  assertEquals(description.counters, {});
});

Deno.test("a loop ends with the plugin", async () => {
  const { context, broker } = await startProbes();
  const seen: string[] = [];
  const loop = (async () => {
    for await (const message of context.messages("#")) {
      seen.push(textOf(message));
    }
  })();
  context.publish("a", "1");
  await broker.shutdown();
  await loop;
  assertEquals(seen, ["a 1"]);
  await broker.start();
  // The plugin of the first run is gone; another one is there.
  const late = context.messages("#");
  broker.context.publish("a", "2");
  assertEquals(await take(late, 1), ["end"]);
  await broker.shutdown();
});

Deno.test("several readers get one message each", async () => {
  await using broker = await startProbes();
  const { context } = broker;
  const stream = context.messages("#");
  const reads = [stream.next(), stream.next(), stream.next()];
  context.publish("a", "1");
  context.publish("a", "2");
  await stream.return?.();
  assertEquals(
    (await Promise.all(reads)).map(({ value }) => textOf(value)),
    ["a 1", "a 2", "end"],
  );
});

Deno.test("messages() refuses what is no filter and no limit", async () => {
  await using broker = await startProbes();
  const { context } = broker;
  for (const filter of ["", "a/#/b", "$share/g/a"]) {
    assertThrows(() => context.messages(filter), TypeError, "Cannot subscribe");
  }
  for (const limit of [0, -1, 0.5, NaN, Infinity]) {
    assertThrows(() => context.messages("a", { limit }), RangeError, "limit");
  }
});
