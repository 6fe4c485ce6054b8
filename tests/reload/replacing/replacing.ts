/**
 * Replaces a plugin of a broker again and again, while another process puts load on
 * it.
 *
 * @module
 */

import { Broker, silentLogger } from "../../../mod.ts";
import type { LoadOutcome } from "./load.ts";

/** What the versions of the plugin have counted together. */
export interface VersionCounts {
  /** Versions that were made. */
  made: number;
  /** Versions that were closed. */
  closed: number;
  /** Messages that one of them was told of. */
  seen: number;
  /** Calls after `close()`. */
  late: number;
}

/** What {@linkcode replaceUnderLoad} is told. */
export interface ReplacingOptions {
  /** How often the plugin is replaced. */
  replacements: number;
  /** Messages per second. */
  rate: number;
  /** Called after each replacement. */
  replaced?: (count: number) => void | Promise<void>;
}

/** What {@linkcode replaceUnderLoad} has seen. */
export interface ReplacingOutcome {
  load: LoadOutcome;
  counts: VersionCounts;
  /** Clients that were connected after the last replacement. */
  connected: number;
  /** Failures of the plugin that was the last one. */
  failures: number;
}

/** Where the versions count; each is a module of its own. */
const COUNTS = "replacingCounts";

/** A version with an odd number answers with promises. */
export const PLUGIN: string = `
const counts = globalThis.${COUNTS};
const isSlow = Number(new URL(import.meta.url).searchParams.get("v")) % 2 === 1;
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

export default class Versioned {
  #closed = false;
  constructor() { counts.made++; }
  #called() { if (this.#closed) counts.late++; }
  authenticate() { this.#called(); return true; }
  topicFiltering() {
    this.#called();
    return isSlow ? turn().then(() => (this.#called(), true)) : true;
  }
  onBrokerMessageReceived() {
    this.#called();
    counts.seen++;
    if (isSlow) return Promise.resolve().then(() => this.#called());
  }
  close() { this.#closed = true; counts.closed++; }
}
`;

/**
 * Runs a broker and replaces its plugin under load.
 *
 * @param options How often, and how much load.
 * @returns What has become of messages, clients and plugins.
 */
export async function replaceUnderLoad(
  { replacements, rate, replaced }: ReplacingOptions,
): Promise<ReplacingOutcome> {
  const counts: VersionCounts = { made: 0, closed: 0, seen: 0, late: 0 };
  (globalThis as Record<string, unknown>)[COUNTS] = counts;
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/plugin.js`, PLUGIN);
    const version = (number: number) => ({
      plugin: `file://${folder}/plugin.js?v=${number}`,
    });
    await using broker = new Broker({
      listeners: { default: { bind: "127.0.0.1:0" } },
      plugins: [{ ...version(0), name: "versioned" }],
    }, { logger: silentLogger });
    await broker.start();
    const load = startLoad(broker.listeners[0].port, rate);
    await firstMessage(counts);
    for (let number = 1; number <= replacements; number++) {
      await broker.replacePlugin("versioned", version(number));
      await replaced?.(number);
    }
    const connected = broker.context.stats().clientsConnected;
    const [{ failures }] = broker.describePlugins();
    return { load: await load.stop(), counts, connected, failures };
  } finally {
    await Deno.remove(folder, { recursive: true });
    delete (globalThis as Record<string, unknown>)[COUNTS];
  }
}

interface RunningLoad {
  /** Ends it; gives back what it has seen. */
  stop(): Promise<LoadOutcome>;
}

function startLoad(port: number, rate: number): RunningLoad {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      new URL("load.ts", import.meta.url).pathname,
      `${port}`,
      `${rate}`,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  return {
    async stop() {
      await child.stdin.close();
      const { stdout } = await child.output();
      return JSON.parse(new TextDecoder().decode(stdout));
    },
  };
}

async function firstMessage(counts: VersionCounts): Promise<void> {
  while (counts.seen === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
