import { setImmediate } from "node:timers";
import { assert, assertEquals } from "@std/assert";
import { type Reader, Turns } from "../../broker/turns.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";

/** A reader that always finds more, as long as `go` says so. */
class Hungry implements Reader {
  reads = 0;
  readonly #turns: Turns;
  readonly #go: () => boolean;

  constructor(turns: Turns, go: () => boolean) {
    this.#turns = turns;
    this.#go = go;
  }

  read(): void {
    this.reads++;
    queueMicrotask(() => this.#go() && this.#turns.next(this));
  }
}

Deno.test("readers that always find more leave the event loop to others", async () => {
  const turns = new Turns();
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  let stopped = false;
  const readers = Array.from(
    { length: 10 },
    () => new Hungry(turns, () => !stopped),
  );
  for (const reader of readers) reader.read();
  for (let i = 0; i < 20; i++) await client.ping();
  stopped = true;
  // All of them have had turns, again and again.
  const counts = readers.map(({ reads }) => reads);
  assert(Math.min(...counts) > 1, counts.join(" "));
});

Deno.test("many short turns of the event loop count like a long one", async () => {
  const turns = new Turns();
  let reads = 0;
  let tries = 0;
  const reader = { read: () => void reads++ };
  // Each turn has one read that takes some time; one of them must have to wait.
  while (reads === tries && tries < 5000) {
    tries++;
    for (const end = performance.now() + 0.3; performance.now() < end;);
    turns.next(reader);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  assert(reads < tries, `${reads} reads in a row`);
  await eventually(() => reads === tries, "last read");
});

Deno.test("a client that publishes without a pause holds up no other", async () => {
  await using broker = await startBroker();
  await using flooder = await TestClient.connect(broker, { version: 5 });
  await using other = await TestClient.connect(broker);
  let stopped = false;
  const flood = async () => {
    const packets = new Array(2000).fill(publish("t", "x".repeat(100)));
    while (!stopped) await flooder.send(...packets);
  };
  const flooding = flood();
  for (let i = 0; i < 20; i++) await other.ping();
  stopped = true;
  await flooding;
  await flooder.ping();
});

Deno.test("a packet with very many filters holds up no other", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await using other = await TestClient.connect(broker);
  const topics = Array.from({ length: 100_000 }, (_, i) => `${i % 10}/+`);
  const subscriptions = topics.map((topic) => ({ topic, qos: 0 as const }));
  const sending = client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions,
  });
  let answered = false;
  const answer = client.expect("suback").finally(() => answered = true);
  let pings = 0;
  for (; !answered; pings++) await other.ping();
  // Two or three while the packet comes.
  assert(pings > 6, `${pings} pings`);
  await sending;
  assertEquals((await answer).granted.length, topics.length);
  assertEquals(broker.context.stats().subscriptions, 10);
  await client.send({
    cmd: "unsubscribe",
    messageId: 1,
    unsubscriptions: topics,
  });
  await client.expect("unsuback");
  assertEquals(broker.context.stats().subscriptions, 0);
});

Deno.test("a client that is gone before its filters are done leaves none behind", async () => {
  await using broker = await startBroker();
  await using other = await TestClient.connect(broker);
  {
    await using client = await TestClient.connect(broker);
    const subscriptions = Array.from(
      { length: 50_000 },
      (_, i) => ({ topic: `${i % 5000}/+`, qos: 0 as const }),
    );
    await client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    await eventually(() => broker.context.stats().subscriptions > 0);
  }
  await eventually(() => broker.context.stats().clientsConnected === 1);
  await other.ping();
  assertEquals(broker.context.stats().subscriptions, 0);
});
