import { assert } from "@std/assert";
import { type Reader, Turns } from "../../broker/turns.ts";
import { startBroker, TestClient } from "../_client.ts";
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
