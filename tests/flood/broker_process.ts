/**
 * The broker of a flood: a process of its own, so that its memory can be measured
 * and its processor time is not shared with those who flood it.
 *
 * Run directly, this module is that process. It answers each line on standard input
 * with one line of JSON.
 *
 * @module
 */

import { TextLineStream } from "./text_lines.ts";
import {
  Broker,
  type BrokerConfig,
  type BrokerStats,
  createLogger,
  type RetainedService,
} from "../../mod.ts";

/** What README recommends where everybody is to be served in time. */
const V8_FLAGS =
  "--v8-flags=--max-semi-space-size=4,--no-incremental-marking-task";

/** How a broker is. */
export interface Health {
  /** Its counters. */
  readonly stats: BrokerStats;
  /** Memory of the process in bytes. */
  readonly rss: number;
  /** Sessions. */
  readonly sessions: number;
  /** Whether it has raised the alarm `memory`. */
  readonly shortOfMemory: boolean;
}

/** A broker in a process of its own, on a free port of 127.0.0.1. */
export class BrokerProcess implements AsyncDisposable {
  readonly port: number;
  /** The most memory that the process ever had, in bytes. */
  rssMaximum = 0;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #asking: Promise<unknown> = Promise.resolve();
  #watch: ReturnType<typeof setInterval> | undefined;

  private constructor(
    child: Deno.ChildProcess,
    lines: ReadableStreamDefaultReader<string>,
    port: number,
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#writer = child.stdin.getWriter();
    this.port = port;
    this.#watch = setInterval(() => void this.#readMemory(), 50);
  }

  /** Starts a broker. */
  static async start(config: BrokerConfig = {}): Promise<BrokerProcess> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        V8_FLAGS,
        import.meta.url,
        JSON.stringify(config),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    const { value } = await lines.read();
    if (value === undefined) throw new Error("Cannot start the broker");
    return new BrokerProcess(child, lines, JSON.parse(value).port);
  }

  /** Asks how the broker is. It rejects if the broker has died. */
  health(): Promise<Health> {
    return this.#ask("health");
  }

  /** Has the broker's administrator remove all retained messages. */
  async forget(): Promise<void> {
    await this.#ask("forget");
  }

  #ask(question: string): Promise<Health> {
    const answer = this.#asking.then(async () => {
      await this.#writer.write(new TextEncoder().encode(`${question}\n`));
      const { value } = await this.#lines.read();
      if (value === undefined) throw new Error("The broker has died");
      return JSON.parse(value) as Health;
    });
    this.#asking = answer.catch(() => {});
    return answer;
  }

  /** Stops the broker; rejects if it did not end as it should. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.#asking;
    await this.#writer.close();
    while (!(await this.#lines.read()).done);
    const { code } = await this.#child.status;
    if (code !== 0) throw new Error(`The broker ended with the code ${code}`);
  }

  /** The process may be too busy to answer; the system knows its memory all the same. */
  async #readMemory(): Promise<void> {
    try {
      const text = await Deno.readTextFile(`/proc/${this.#child.pid}/status`);
      const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0);
      this.rssMaximum = Math.max(this.rssMaximum, kilobytes * 1024);
    } catch {
      // Not Linux, or the process is gone.
    }
  }
}

/** Serves until standard input ends. */
async function serve(config: BrokerConfig): Promise<void> {
  let shortOfMemory = false;
  const alarms = {
    onBrokerAlarmRaised: () => void (shortOfMemory = true),
    onBrokerAlarmCleared: () => void (shortOfMemory = false),
  };
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [{ auth_anonymous: null }, alarms],
    ...config,
  }, { logger: createLogger({ level: "error", format: "text" }) });
  await broker.start();
  say({ port: broker.listeners[0].port });
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (line === "forget") await forget(broker.context.retained);
    const health: Health = {
      stats: broker.context.stats(),
      rss: Deno.memoryUsage().rss,
      sessions: [...broker.context.sessions].length,
      shortOfMemory,
    };
    say(health);
  }
  await broker.shutdown();
}

/** Removes all retained messages, a few at a time, since others want to be served. */
async function forget(retained: RetainedService): Promise<void> {
  let count = 0;
  for (const { topic } of retained.match("#")) {
    retained.clear(topic);
    if (++count % 100 === 0) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

function say(value: unknown): void {
  let bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

if (import.meta.main) await serve(JSON.parse(Deno.args[0]));
