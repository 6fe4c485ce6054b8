/**
 * The other side of a sandbox: what runs in the process that has the plugin. It is
 * evaluated before the plugin, which cannot have changed anything that it takes
 * from the runtime.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { isThenable } from "../time_limit.ts";
import { SandboxedPlugin } from "./child_plugin.ts";
import type { ChildLink } from "./child_context.ts";
import { removeStorage, removeThreads } from "./child_globals.ts";
import { encodeFrame, FrameReader, refuseLongFrame } from "./frames.ts";
import type { FromSandbox, ToSandbox } from "./protocol.ts";

const { stdin, stdout } = Deno;
const exit: (code: number) => never = Deno.exit;
const memoryUsage = Deno.memoryUsage;
const inspect = Deno.inspect;

/** Output is written when a turn is over, or when there is so much of it. */
const MAX_OUTPUT = 1024 * 1024;

/** Characters of a line for the log that the broker writes. */
const MAX_LINE = 10_000;

/** The stream of messages to the broker, and back. */
class Link implements ChildLink {
  levels: readonly string[] = ["debug", "info", "warn", "error"];
  #output: Uint8Array[] = [];
  #outputBytes = 0;
  #lastId = 0;
  #eventsDone = 0;
  #toldDone = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #flush = (): void => this.flush();

  send(message: FromSandbox): void {
    const frame = encodeFrame(message);
    refuseLongFrame(frame);
    if (this.#outputBytes === 0) queueMicrotask(this.#flush);
    this.#output.push(frame);
    this.#outputBytes += frame.length;
    if (this.#outputBytes > MAX_OUTPUT) this.flush();
  }

  /** Waits for a pipe that is full: whoever floods the broker is slowed down. */
  flush(): void {
    if (this.#eventsDone !== this.#toldDone) {
      this.#toldDone = this.#eventsDone;
      this.#output.push(encodeFrame({ t: "done", n: this.#eventsDone }));
    }
    const output = this.#output;
    this.#output = [];
    this.#outputBytes = 0;
    for (const bytes of output) {
      let written = 0;
      while (written < bytes.length) {
        written += stdout.writeSync(bytes.subarray(written));
      }
    }
  }

  eventDone(): void {
    if (this.#outputBytes === 0 && this.#eventsDone === this.#toldDone) {
      queueMicrotask(this.#flush);
    }
    this.#eventsDone++;
  }

  tell(m: string, ...a: unknown[]): void {
    this.send({ t: "call", m, a });
  }

  call(m: string, ...a: unknown[]): Promise<unknown> {
    const id = ++this.#lastId;
    this.send({ t: "call", id, m, a });
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  log(level: string, message: string, name?: string, fields?: unknown): void {
    const text = String(message).slice(0, MAX_LINE);
    try {
      this.send({ t: "log", level, message: text, name, fields });
    } catch {
      const all = `${text} ${inspect(fields)}`.slice(0, MAX_LINE);
      this.send({ t: "log", level, message: all, name });
    }
  }

  failed(m: string, thrown: unknown): void {
    this.send({ t: "failed", m, e: errorOf(thrown) });
  }

  answered(id: number, value: unknown, error: unknown): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(error);
  }
}

/**
 * Runs the plugin of a module until the broker ends.
 *
 * @param module The module's exports.
 */
export async function run(module: unknown): Promise<never> {
  const plugin = new SandboxedPlugin(module, link);
  // Not before: a module that throws is no plugin.
  containUncaughtErrors(link);
  const reader = new FrameReader(Infinity, Infinity);
  const input = new Uint8Array(65536);
  for (;;) {
    const length = await stdin.read(input);
    // The broker is gone, in whatever way.
    if (length === null) exit(0);
    reader.push(input.subarray(0, length));
    for (let next = reader.next(); next !== undefined; next = reader.next()) {
      handle(next[0] as ToSandbox, link, plugin);
    }
  }
}

function handle(message: ToSandbox, link: Link, plugin: SandboxedPlugin): void {
  switch (message.t) {
    case "call":
      answer(message.id, () => plugin.call(message.m, message.a), link);
      break;
    case "event":
      plugin.observe(message.m, message.a);
      break;
    case "message":
      plugin.deliver(message.id, message.a);
      break;
    case "answer":
      link.answered(message.id, message.v, message.e);
      break;
    case "ping":
      link.send({ t: "pong", rss: memoryUsage().rss });
      break;
  }
}

/** An answer that is there is sent at once, so that those of one turn travel together. */
function answer(id: number, ask: () => unknown, link: Link): void {
  const refuse = (thrown: unknown): void =>
    link.send({ t: "answer", id, e: errorOf(thrown) });
  const send = (v: unknown): void => {
    try {
      link.send({ t: "answer", id, v });
    } catch (error) {
      refuse(new TypeError(`the answer cannot be used: ${messageOf(error)}`));
    }
  };
  try {
    const result = ask();
    if (isThenable(result)) Promise.resolve(result).then(send, refuse);
    else send(result);
  } catch (thrown) {
    refuse(thrown);
  }
}

/** What nobody catches in a plugin ends no broker either. */
function containUncaughtErrors(link: Link): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    link.failed("(uncaught)", event.error ?? event.message);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    link.failed("(uncaught)", event.reason);
  });
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
}

/** The output of the process is the way to the broker: what a plugin prints goes to the log. */
function redirectConsole(link: Link): void {
  const levels = {
    debug: "debug",
    log: "info",
    info: "info",
    warn: "warn",
    error: "error",
  } as const;
  for (const [method, level] of Object.entries(levels)) {
    Reflect.set(console, method, (...values: unknown[]) => {
      const texts = values.map((value) =>
        typeof value === "string" ? value : inspect(value)
      );
      link.log(level, texts.join(" "));
    });
  }
}

// Before the plugin's module is evaluated.
const link = new Link();
redirectConsole(link);
removeThreads();
removeStorage();
