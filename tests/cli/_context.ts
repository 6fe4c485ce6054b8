/** A world for commands that are run inside the test: input, output, environment, Ctrl-C. */

import { setTimeout } from "node:timers/promises";
import type { Command, CommandContext } from "../../broker/cli/mod.ts";

/** What a {@linkcode TestContext} has. */
export interface TestContextOptions {
  /** Standard input; several texts arrive one after the other. Default: empty. */
  stdin?: string | AsyncIterable<string | Uint8Array> | Iterable<string>;
  /** Whether input and output are a terminal. Default: `false`. */
  terminal?: boolean;
  /** The environment. Default: empty. */
  env?: Record<string, string>;
}

/** What a command wrote and how it ended. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

export class TestContext implements CommandContext {
  readonly program = "dinomq";
  readonly entry: URL = new URL("../../mod.ts", import.meta.url);
  readonly stdin: CommandContext["stdin"];
  readonly stdout: Output;
  readonly stderr: Output;
  /** Every change of the terminal's mode. */
  readonly raw: boolean[] = [];
  readonly #env: Record<string, string>;
  readonly #stop = Promise.withResolvers<Deno.Signal>();

  constructor(options: TestContextOptions = {}) {
    const { stdin = "", terminal = false, env = {} } = options;
    this.#env = env;
    this.stdout = new Output(terminal);
    this.stderr = new Output(terminal);
    const bytes = bytesOf(typeof stdin === "string" ? [stdin] : stdin);
    let rest = new Uint8Array(0);
    this.stdin = {
      isTerminal: () => terminal,
      setRaw: (raw) => void this.raw.push(raw),
      read: async (buffer) => {
        while (rest.length === 0) {
          const { done, value } = await bytes.next();
          if (done) return null;
          rest = value;
        }
        const count = Math.min(buffer.length, rest.length);
        buffer.set(rest.subarray(0, count));
        rest = rest.subarray(count);
        return count;
      },
    };
  }

  env(name: string): string | undefined {
    return this.#env[name];
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#stop.resolve("SIGINT");
  }

  stopRequest(): { received: Promise<Deno.Signal>; [Symbol.dispose](): void } {
    return { received: this.#stop.promise, [Symbol.dispose]: () => {} };
  }
}

/** Keeps what is written, and tells who waits for it. */
class Output {
  readonly #terminal: boolean;
  readonly #chunks: Uint8Array[] = [];
  #change = Promise.withResolvers<void>();

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  isTerminal(): boolean {
    return this.#terminal;
  }

  writeSync(bytes: Uint8Array): number {
    this.#chunks.push(bytes.slice());
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
    return bytes.length;
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#chunks.flatMap((chunk) => [...chunk]));
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** Waits until a text was written. The test's own time limit ends the wait. */
  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) await this.#change.promise;
  }
}

/** Runs a command to its end. */
export async function run(
  command: Command,
  args: string[],
  options: TestContextOptions = {},
): Promise<CommandResult> {
  const context = new TestContext(options);
  const code = await command.run(args, context, "command");
  await otherTimers();
  return {
    code,
    stdout: context.stdout.text,
    stderr: context.stderr.text,
  };
}

/** MQTT.js sets a timer of 1 ms when it has connected, and does not wait for it. */
async function otherTimers(): Promise<void> {
  await setTimeout(1);
}

async function* bytesOf(
  texts: AsyncIterable<string | Uint8Array> | Iterable<string>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const text of texts) {
    yield typeof text === "string"
      ? new TextEncoder().encode(text)
      : new Uint8Array(text);
  }
}

/** A command that runs on while the test goes on. */
export class RunningCommand {
  readonly context: TestContext;
  /** Its exit code, at its end. */
  readonly code: Promise<number>;

  constructor(
    command: Command,
    args: string[],
    options: TestContextOptions = {},
  ) {
    this.context = new TestContext(options);
    this.code = command.run(args, this.context, "command");
  }

  /** Exit code, output and errors at the end. */
  async result(): Promise<[code: number, stdout: string, stderr: string]> {
    const code = await this.code;
    await otherTimers();
    return [code, this.context.stdout.text, this.context.stderr.text];
  }
}
