/**
 * The brokers that are measured, and how each is started.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import denoJson from "../../deno.json" with { type: "json" };
import type { Scenario } from "./scenarios.ts";

/** A broker that can be measured. */
export interface BrokerKind {
  /** For `--broker`. */
  readonly name: string;
  /** For the tables. */
  readonly title: string;
  /** What is measured, with its version. */
  describe(): string;
  /**
   * The command that starts it on a port of 127.0.0.1, with as little as possible or
   * with its example configuration, if it has one.
   */
  command(
    port: number,
    folder: string,
    example: boolean,
  ): { command: string; args: string[] };
  /** Whether it knows what the scenario needs. */
  supports(scenario: Scenario): boolean;
}

const MOD = new URL("../../mod.ts", import.meta.url).href;
const EXAMPLE = new URL("../../examples/broker.yaml", import.meta.url).href;
const AEDES = new URL("aedes.ts", import.meta.url).href;

/** DinoMQ first: the others are compared with it. */
export const BROKERS: readonly BrokerKind[] = [
  {
    name: "dinomq",
    title: "DinoMQ",
    describe: () =>
      `DinoMQ ${denoJson.version}, plugin auth_anonymous, on Deno ${Deno.version.deno}`,
    command: (port, folder, example) => {
      const config = `${folder}/dinomq.yaml`;
      Deno.writeTextFileSync(
        config,
        example ? exampleFor(port, folder) : JSON.stringify({
          listeners: { default: { bind: `127.0.0.1:${port}` } },
          plugins: { auth_anonymous: { allowAnonymous: true } },
        }),
      );
      return {
        command: Deno.execPath(),
        args: ["run", "-A", MOD, "--config", config, "--log-level", "warn"],
      };
    },
    supports: () => true,
  },
  {
    name: "mosquitto",
    title: "mosquitto",
    describe: () => {
      const { stdout } = new Deno.Command("mosquitto", { args: ["-h"] })
        .outputSync();
      const [line] = new TextDecoder().decode(stdout).split("\n");
      return `${
        line.replace(" version", "")
      }, without persistence and queue limits`;
    },
    command: (port, folder) => {
      const config = `${folder}/mosquitto.conf`;
      Deno.writeTextFileSync(
        config,
        [
          `listener ${port} 127.0.0.1`,
          "allow_anonymous true",
          "persistence false",
          "max_queued_messages 0",
          "max_inflight_messages 0",
          "set_tcp_nodelay true",
          "log_type error",
        ].join("\n"),
      );
      return { command: "mosquitto", args: ["-c", config] };
    },
    supports: () => true,
  },
  {
    name: "aedes",
    title: "aedes",
    describe: () =>
      `aedes ${
        denoJson.imports.aedes.split("@")[1]
      }, with its defaults, on Deno ${Deno.version.deno}`,
    command: (port) => ({
      command: Deno.execPath(),
      args: ["run", "-A", AEDES, String(port)],
    }),
    supports: ({ version, filter }) =>
      version === 4 && !filter.startsWith("$share"),
  },
];

/** A broker that runs. */
export interface RunningBroker {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  /** Its process. */
  readonly pid: number;
  /** Seconds from its start until it listened. */
  readonly startedIn: number;
  /** Ends it, and waits until it has ended. */
  stop(): Promise<void>;
}

// A start takes a moment, or much longer on its first time, which downloads.
const STARTING = 60_000;
const STOPPING = 5000;

/**
 * Starts a broker and waits until it listens.
 *
 * @param kind The broker.
 * @param folder Where it may have its files.
 * @param example Whether it is started with its example configuration.
 * @returns The broker.
 * @throws {Error} If it is not there, or does not start; the message has its last words.
 */
export async function startBroker(
  kind: BrokerKind,
  folder: string,
  example = false,
): Promise<RunningBroker> {
  const port = freePort();
  const { command, args } = kind.command(port, folder, example);
  const begin = performance.now();
  const process = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const words = new Response(process.stderr).text();
  let ended = false;
  const end = process.status.then(() => ended = true);
  const stop = async () => {
    if (!ended) process.kill("SIGTERM");
    const patience = setTimeout(() => process.kill("SIGKILL"), STOPPING);
    await end;
    clearTimeout(patience);
    await words;
  };
  const limit = begin + STARTING;
  while (!await listens(port)) {
    if (ended) {
      const last = (await words).trim().split("\n").slice(0, 3).join(" ");
      throw new Error(`Cannot start ${kind.title}: ${last}`);
    }
    if (performance.now() > limit) {
      await stop();
      throw new Error(
        `Cannot start ${kind.title}: it does not listen on port ${port}`,
      );
    }
    await sleep(2);
  }
  const startedIn = (performance.now() - begin) / 1000;
  return { port, pid: process.pid, startedIn, stop };
}

/** The example configuration, with ports and a database of its own. */
function exampleFor(port: number, folder: string): string {
  const changes = [
    ["127.0.0.1:1883", `127.0.0.1:${port}`],
    ["127.0.0.1:8083", "127.0.0.1:0"],
    ["path: dinomq.db", `path: ${folder}/dinomq.db`],
  ];
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) {
      throw new Error(`Cannot change ${EXAMPLE}: "${from}" is not there`);
    }
    return text.replace(from, to);
  }, Deno.readTextFileSync(new URL(EXAMPLE)));
}

async function listens(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
