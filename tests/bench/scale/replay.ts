/**
 * A subscription to `#` at a broker with many retained messages: do others notice?
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import { encode } from "../../../codec/mod.ts";
import { BROKERS, startBroker } from "../brokers.ts";
import { Client, PacketType } from "../load/client.ts";
import { Latency } from "../load/latency.ts";
import { usageOf } from "../process_usage.ts";
import { topicOf } from "./retained.ts";

/** What one subscription to everything has shown. */
export interface ReplayCosts {
  /** Bytes of the broker's process for each retained message. */
  readonly bytesEach: number | undefined;
  /** Seconds until all had arrived. */
  readonly seconds: number;
  /** Milliseconds that another client's ping took, before and meanwhile. */
  readonly before: PingTimes;
  readonly meanwhile: PingTimes;
}

/** How long pings took, in milliseconds. */
export interface PingTimes {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

const CALM = 1000;
const PINGREQ = Uint8Array.of(0xc0, 0);
const BATCH = 1000;

/**
 * Fills a broker in a process of its own and subscribes to everything.
 *
 * @param size How many messages are retained.
 * @returns What was measured.
 */
export async function measureReplay(size: number): Promise<ReplayCosts> {
  const folder = await Deno.makeTempDir({ prefix: "dinomq-scale-" });
  const broker = await startBroker(BROKERS[0], folder);
  const clients: Client[] = [];
  try {
    const { port, pid } = broker;
    const connect = async (name: string) => {
      const client = await Client.connect(port, name, 4, 1 << 16);
      clients.push(client);
      return client;
    };
    const empty = usageOf(pid)?.memory;
    const pinger = new Pinger(await connect("pinger"));
    await fill(await connect("filler"), size);
    const full = usageOf(pid)?.memory;
    const calm = pinger.start();
    await sleep(CALM);
    const before = await calm.stop();

    const reader = await connect("reader");
    const arrived = Promise.withResolvers<void>();
    let count = 0;
    reader.onPacket = (first) => {
      if (first >> 4 === PacketType.publish && ++count === size) {
        arrived.resolve();
      }
    };
    const end = reader.read();
    const busy = pinger.start();
    const begin = performance.now();
    await reader.write(encode({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "#", qos: 0 }],
    }, 4));
    await Promise.race([
      arrived.promise,
      end.then(() => {
        throw new Error("Cannot measure: the broker has closed a connection");
      }),
    ]);
    const seconds = (performance.now() - begin) / 1000;
    const meanwhile = await busy.stop();
    reader.close();
    await end.catch(() => {});
    return {
      bytesEach: empty && full && (full - empty) / size,
      seconds,
      before,
      meanwhile,
    };
  } finally {
    for (const client of clients) client.close();
    await broker.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Publishes retained messages, and waits until the broker has handled them. */
async function fill(client: Client, size: number): Promise<void> {
  const answered = Promise.withResolvers<void>();
  client.onPacket = () => answered.resolve();
  const reading = client.read();
  for (let i = 0; i < size; i += BATCH) {
    const some = Array.from(
      { length: Math.min(BATCH, size - i) },
      (_, j) =>
        encode({
          cmd: "publish",
          topic: topicOf(i + j),
          payload: "21.5 degrees C",
          qos: 0,
          dup: false,
          retain: true,
        }, 4),
    );
    await client.write(Buffer.concat(some));
  }
  await client.write(PINGREQ);
  await answered.promise;
  client.close();
  await reading.catch(() => {});
}

/** Pings again and again, and times the answers. */
class Pinger {
  readonly #client: Client;
  #answered = Promise.withResolvers<void>();

  constructor(client: Client) {
    this.#client = client;
    client.onPacket = () => this.#answered.resolve();
    client.read().catch(() => {});
  }

  start(): { stop(): Promise<PingTimes> } {
    const latency = new Latency();
    let [running, count, longest] = [true, 0, 0];
    const pinging = (async () => {
      while (running) {
        const begin = performance.now();
        this.#answered = Promise.withResolvers();
        await this.#client.write(PINGREQ);
        await this.#answered.promise;
        const took = performance.now() - begin;
        latency.add(took);
        longest = Math.max(longest, took);
        count++;
        await sleep(1);
      }
    })();
    return {
      stop: async () => {
        running = false;
        await pinging;
        const { p50 = 0, p99 = 0 } = latency.summary();
        return { count, p50, p99, longest };
      },
    };
  }
}
