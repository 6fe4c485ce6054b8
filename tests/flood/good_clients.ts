/**
 * Those who do nothing wrong: each publishes now and then, and its neighbour must get
 * every message, in order.
 *
 * @module
 */

import { decode, frameSize } from "../../codec/mod.ts";
import { wire } from "../fuzz/wire.ts";

/** What became of the messages of all good clients. */
export interface GoodResult {
  /** Messages that were sent. */
  readonly sent: number;
  /** Messages that arrived. */
  readonly delivered: number;
  /** What went wrong. */
  readonly problems: readonly string[];
  /** Milliseconds from sending to arrival. */
  readonly latencies: Float64Array;
}

/** One of them. */
class GoodClient {
  readonly #conn: Deno.TcpConn;
  readonly #index: number;
  readonly #clients: GoodClients;
  readonly #reading: Promise<void>;
  #input = new Uint8Array(0);
  #connected = Promise.withResolvers<void>();
  #sent = 0;
  #lastGot = 0;
  #leaving = false;

  private constructor(
    clients: GoodClients,
    index: number,
    conn: Deno.TcpConn,
  ) {
    this.#clients = clients;
    this.#index = index;
    this.#conn = conn;
    this.#reading = this.#read();
  }

  static async connect(
    clients: GoodClients,
    index: number,
    port: number,
  ): Promise<GoodClient> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const client = new GoodClient(clients, index, conn);
    await client.#write(wire({
      cmd: "connect",
      clientId: `good-${index}`,
      clean: true,
      keepAlive: 600,
      properties: [],
    }, 4));
    await client.#write(wire({
      cmd: "subscribe",
      id: 1,
      filters: [[`good/${index}`, 1]],
      properties: [],
    }, 4));
    await client.#connected.promise;
    return client;
  }

  async publish(): Promise<void> {
    const number = ++this.#sent;
    await this.#write(wire({
      cmd: "publish",
      topic: `good/${(this.#index + 1) % this.#clients.count}`,
      payload: `${number} ${performance.now()}`,
      qos: 1,
      retain: false,
      dup: false,
      id: 1 + number % 65535,
      properties: [],
    }, 4));
  }

  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#write(Uint8Array.of(0xe0, 0));
    await this.#reading;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      while (bytes.length > 0) {
        bytes = bytes.subarray(await this.#conn.write(bytes));
      }
    } catch (error) {
      this.#clients.problem(`good-${this.#index} cannot write: ${error}`);
    }
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(16384);
    try {
      for (;;) {
        const count = await this.#conn.read(chunk);
        if (count === null) break;
        this.#take(chunk.subarray(0, count));
      }
    } catch (error) {
      if (!this.#leaving) {
        this.#clients.problem(`good-${this.#index}: ${error}`);
      }
    }
    if (!this.#leaving) {
      this.#clients.problem(`good-${this.#index} was cut off`);
    }
    this.#connected.resolve();
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
  }

  #take(chunk: Uint8Array): void {
    const joined = new Uint8Array(this.#input.length + chunk.length);
    joined.set(this.#input);
    joined.set(chunk, this.#input.length);
    let at = 0;
    for (;;) {
      const size = frameSize(joined, at, joined.length, 1 << 28);
      if (size === 0 || at + size > joined.length) break;
      this.#handle(joined.subarray(at, at + size));
      at += size;
    }
    this.#input = joined.slice(at);
  }

  #handle(frame: Uint8Array): void {
    const packet = decode(frame, 4, { from: "server" });
    if (packet.cmd === "suback") this.#connected.resolve();
    if (packet.cmd === "puback") this.#clients.acknowledged++;
    if (packet.cmd !== "publish") return;
    const [number, time] = `${packet.payload}`.split(" ").map(Number);
    if (number !== this.#lastGot + 1) {
      this.#clients.problem(
        `good-${this.#index} got ${number} after ${this.#lastGot}`,
      );
    }
    this.#lastGot = number;
    this.#clients.arrived(performance.now() - time);
    const id = packet.messageId!;
    void this.#write(Uint8Array.of(0x40, 2, id >> 8, id & 255));
  }
}

/** Many of them. */
export class GoodClients implements AsyncDisposable {
  readonly count: number;
  acknowledged = 0;
  #delivered = 0;
  #sent = 0;
  #paused = false;
  #latencies: number[] = [];
  #problems: string[] = [];
  #clients: GoodClient[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(count: number) {
    this.count = count;
  }

  /**
   * Connects them.
   *
   * @param port Port of the broker.
   * @param count How many.
   * @param rate Messages of all of them together in a second.
   */
  static async connect(
    port: number,
    count: number,
    rate: number,
  ): Promise<GoodClients> {
    const all = new GoodClients(count);
    for (let i = 0; i < count; i += 50) {
      all.#clients.push(
        ...await Promise.all(
          Array.from(
            { length: Math.min(50, count - i) },
            (_, k) => GoodClient.connect(all, i + k, port),
          ),
        ),
      );
    }
    let next = 0;
    let owed = 0;
    let last = performance.now();
    all.#timer = setInterval(() => {
      const now = performance.now();
      owed = Math.min(rate, owed + (now - last) / 1000 * rate);
      last = now;
      for (; owed >= 1; owed--) {
        if (all.#paused) continue;
        all.#sent++;
        void all.#clients[next++ % count].publish();
      }
    }, 20);
    return all;
  }

  /** Stops publishing until all that was sent has arrived, or for half a minute. */
  async settle(): Promise<void> {
    const end = Date.now() + 30_000;
    this.#paused = true;
    while (
      Date.now() < end && this.#problems.length === 0 &&
      (this.acknowledged < this.#sent || this.#delivered < this.#sent)
    ) await new Promise((resolve) => setTimeout(resolve, 20));
    this.#paused = false;
  }

  /** How it went since the last time. */
  take(): GoodResult {
    const result = {
      sent: this.#sent,
      delivered: this.#delivered,
      problems: this.#problems,
      latencies: Float64Array.from(this.#latencies).sort(),
    };
    this.#problems = [];
    this.#latencies = [];
    return result;
  }

  /** @internal */
  arrived(latency: number): void {
    this.#delivered++;
    this.#latencies.push(latency);
  }

  /** @internal */
  problem(text: string): void {
    if (this.#problems.length < 20) this.#problems.push(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#clients.map((client) => client.leave()));
  }
}

/** The value that the given part of all is not above; 0 if there are none. */
export function quantile(sorted: Float64Array, part: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}
