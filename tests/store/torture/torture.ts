/**
 * Kills a broker under load again and again, and looks whether it kept what it had
 * acknowledged.
 *
 * @module
 */

import { SteadyClient } from "./client.ts";

/** How long and how hard. */
export interface TortureOptions {
  /** How often the broker is killed at least. */
  kills: number;
  /** Seconds that it goes on at least. Default: 0. */
  seconds?: number;
  /** Repeats a run. */
  seed: number;
  /** Gets a line now and then. */
  log?: (line: string) => void;
}

/** What came of it. */
export interface TortureResult {
  /** How often the broker was killed. */
  kills: number;
  /** Messages that were acknowledged. */
  acknowledged: number;
  /** Messages that subscribers got. */
  delivered: number;
  /** Wills that were due. */
  wills: number;
  /** What was wrong. */
  problems: string[];
}

const PUBLISHERS = 4;
const SUBSCRIBERS = 2;
const IN_FLIGHT = 20;

/** Random numbers that a seed repeats (mulberry32). */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = state + 0x6d2b79f5 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) % below;
  };
}

/** A broker in a process of its own. */
class Victim {
  readonly #folder: string;
  #process: Deno.ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    Deno.writeTextFileSync(
      `${folder}/broker.json`,
      JSON.stringify({
        listeners: { default: { type: "unix", path: this.path } },
        plugins: { auth_anonymous: null },
        store: { type: "sqlite", path: `${folder}/store.db` },
        "max-queued-messages": 1_000_000,
        "max-queued-bytes": "1GiB",
      }),
    );
  }

  get path(): string {
    return `${this.#folder}/socket`;
  }

  start(): void {
    const main = new URL("../../../mod.ts", import.meta.url).href;
    const config = `${this.#folder}/broker.json`;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", main, "--config", config]
        .concat("--log-level", "warn"),
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }

  async kill(signal: Deno.Signal): Promise<void> {
    this.#process!.kill(signal);
    await this.#process!.status;
  }
}

/** Publishes numbered messages until it is told to stop. */
class Publisher {
  readonly client: SteadyClient;
  readonly qos: 1 | 2;
  readonly topic: string;
  /** Numbers that were acknowledged. */
  readonly acknowledged = new Set<number>();
  /** The last number that was acknowledged, of those that were retained. */
  retained = 0;
  sent = 0;
  #stopped = false;
  #running = Promise.resolve();

  constructor(path: string, name: number, random: (below: number) => number) {
    this.qos = name % 2 === 0 ? 1 : 2;
    this.topic = `load/${this.qos}/${name}`;
    this.client = new SteadyClient({ clientId: `publisher-${name}`, path });
    this.#running = this.#publish(random);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #publish(random: (below: number) => number): Promise<void> {
    const open = new Set<Promise<void>>();
    while (!this.#stopped) {
      const number = ++this.sent;
      const payload = `${number} ${"x".repeat(random(2000))}`;
      const done: Promise<void> = this.client
        .publish(this.topic, payload, this.qos, number % 10 === 0)
        .then(() => {
          this.acknowledged.add(number);
          if (number % 10 === 0) this.retained = number;
          open.delete(done);
        });
      open.add(done);
      if (open.size >= IN_FLIGHT) await Promise.race(open);
      else if (random(5) === 0) {
        await new Promise((next) => setTimeout(next, 1));
      }
    }
    await Promise.all(open);
  }
}

/** What one subscriber got, by topic. */
class Subscriber {
  readonly client: SteadyClient;
  readonly got = new Map<string, number[]>();

  constructor(path: string, name: number) {
    this.client = new SteadyClient({
      clientId: `subscriber-${name}`,
      path,
      filters: ["load/#", "will/#"],
      onMessage: ({ topic, payload, retain }) => {
        if (retain) return;
        let numbers = this.got.get(topic);
        if (numbers === undefined) this.got.set(topic, numbers = []);
        numbers.push(parseInt(String(payload)));
      },
    });
  }
}

/**
 * Runs it.
 *
 * @param options How long and how hard.
 * @returns What came of it; no problems: all is well.
 */
export async function torture(options: TortureOptions): Promise<TortureResult> {
  const { kills, seed, seconds = 0, log = () => {} } = options;
  const random = createRandom(seed);
  const folder = await Deno.makeTempDir({ prefix: "torture-" });
  const victim = new Victim(folder);
  const { path } = victim;
  victim.start();
  const subscribers = Array.from(
    { length: SUBSCRIBERS },
    (_, i) => new Subscriber(path, i),
  );
  for (const { client } of subscribers) await until(() => client.ready);
  const mortal = new SteadyClient({
    clientId: "mortal",
    path,
    willTopic: "will/mortal",
  });
  const publishers = Array.from(
    { length: PUBLISHERS },
    (_, i) => new Publisher(path, i, random),
  );
  const end = Date.now() + seconds * 1000;
  let killed = 0;
  while (killed < kills || Date.now() < end) {
    await until(() => mortal.connections > killed);
    await new Promise((next) => setTimeout(next, random(600)));
    await victim.kill("SIGKILL");
    killed++;
    if (killed % 10 === 0) log(`killed ${killed} times`);
    victim.start();
  }
  for (const publisher of publishers) await publisher.stop();
  const result: TortureResult = {
    kills: killed,
    acknowledged: publishers.reduce((n, one) => n + one.acknowledged.size, 0),
    delivered: 0,
    wills: mortal.lost.length,
    problems: [],
  };
  const { problems } = result;
  await until(() => mortal.connections > killed);
  for (const { client, got } of subscribers) {
    await drained(client, got, publishers, mortal.lost.length);
    for (const publisher of publishers) {
      problems.push(...compare(publisher, got.get(publisher.topic) ?? []));
    }
    const wills = (got.get("will/mortal") ?? []).toSorted((a, b) => a - b);
    if (wills.join() !== mortal.lost.join()) {
      problems.push(`wills due: ${mortal.lost}; wills that came: ${wills}`);
    }
    for (const numbers of got.values()) result.delivered += numbers.length;
  }
  problems.push(...await retainedProblems(path, publishers));
  const clients = [...subscribers, ...publishers].map(({ client }) => client);
  for (const client of [...clients, mortal]) {
    problems.push(...client.complaints);
    await client.stop();
  }
  await victim.kill("SIGTERM");
  await Deno.remove(folder, { recursive: true });
  return result;
}

/** Waits for something that comes by itself. */
async function until(
  condition: () => boolean,
  patience = 60_000,
): Promise<void> {
  const end = Date.now() + patience;
  while (!condition()) {
    if (Date.now() > end) throw new Error("Cannot wait any longer");
    await new Promise((next) => setTimeout(next, 5));
  }
}

/** Waits until nothing more comes that should. */
async function drained(
  client: SteadyClient,
  got: ReadonlyMap<string, readonly number[]>,
  publishers: readonly Publisher[],
  wills: number,
): Promise<void> {
  const complete = (): boolean =>
    (got.get("will/mortal")?.length ?? 0) >= wills &&
    publishers.every(({ topic, acknowledged }) => {
      const numbers = new Set(got.get(topic));
      return [...acknowledged].every((number) => numbers.has(number));
    });
  await until(() => client.ready);
  // What is missing then is found out by the comparison.
  await until(complete, 30_000).catch(() => {});
}

/** What is wrong with the messages of one publisher at one subscriber. */
function compare(publisher: Publisher, numbers: readonly number[]): string[] {
  const { topic, qos, acknowledged } = publisher;
  const problems: string[] = [];
  const seen = new Set<number>();
  let highest = 0;
  for (const number of numbers) {
    if (seen.has(number)) {
      if (qos === 2) problems.push(`${topic}: ${number} came twice`);
      continue;
    }
    seen.add(number);
    if (number < highest) {
      problems.push(`${topic}: ${number} came after ${highest}`);
    }
    highest = Math.max(highest, number);
  }
  for (const number of acknowledged) {
    if (!seen.has(number)) problems.push(`${topic}: ${number} was lost`);
  }
  return problems;
}

/** Each topic's retained message must be the last one that was acknowledged. */
async function retainedProblems(
  path: string,
  publishers: readonly Publisher[],
): Promise<string[]> {
  const found = new Map<string, number>();
  const all = Promise.withResolvers<void>();
  const expected = publishers.filter(({ retained }) => retained > 0);
  const timer = setTimeout(all.resolve, 10_000);
  const client = new SteadyClient({
    clientId: "reader",
    path,
    filters: ["load/#"],
    onMessage: ({ topic, payload }) => {
      found.set(topic, parseInt(String(payload)));
      if (found.size === expected.length) all.resolve();
    },
  });
  if (expected.length > 0) await all.promise;
  clearTimeout(timer);
  await client.stop();
  return expected.filter(({ topic, retained }) => found.get(topic) !== retained)
    .map(({ topic, retained }) =>
      `${topic}: ${retained} should be retained, not ${found.get(topic)}`
    );
}

if (import.meta.main) {
  const { parseArgs } = await import("@std/cli");
  const flags = parseArgs(Deno.args, { string: ["seconds", "kills", "seed"] });
  const seed = Number(flags.seed ?? Date.now() % 1_000_000);
  const log = (line: string): void => {
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  };
  log(`seed ${seed}`);
  const result = await torture({
    kills: Number(flags.kills ?? 50),
    seconds: Number(flags.seconds ?? 0),
    seed,
    log,
  });
  const { problems, ...numbers } = result;
  log(JSON.stringify(numbers));
  for (const problem of problems.slice(0, 50)) log(`problem: ${problem}`);
  log(problems.length === 0 ? "all is well" : `${problems.length} problems`);
  Deno.exit(problems.length === 0 ? 0 : 1);
}
