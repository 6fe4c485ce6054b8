/**
 * The process of a sandbox: its start, its streams and its end.
 *
 * @module
 */

import type { SandboxCommand } from "./command.ts";
import { FrameReader, MAX_FRAME, MAX_TEXT } from "./frames.ts";

/** Whom a {@linkcode SandboxProcess} tells what happens. */
export interface ProcessEvents {
  /** A message came. */
  message(message: unknown): void;
  /** The process has ended; `output` is the end of what it said of itself. */
  ended(status: Deno.CommandStatus | undefined, output: string): void;
}

/** A plugin must not keep the broker from its work by talking: that many messages, and bytes, in {@linkcode WINDOW}. */
const MAX_MESSAGES = 5000;
const MAX_BYTES = 8 * 1024 * 1024;
const WINDOW = 100;

/** How much of the error output is kept. */
const MAX_OUTPUT = 8192;

/** A process of Deno that speaks through its standard input and output. */
export class SandboxProcess {
  /** Resolves when the process has ended and everything of it is closed. Never rejects. */
  readonly closed: Promise<void>;

  readonly #child: Deno.ChildProcess;
  readonly #events: ProcessEvents;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended = new AbortController();
  #output: Uint8Array[] = [];
  #outputBytes = 0;
  #isWriting = false;
  #errorText = "";

  /**
   * Starts the process.
   *
   * @param command What is started.
   * @param events Whom to tell.
   * @throws {Deno.errors.NotCapable} If the broker may not start it.
   */
  constructor(command: SandboxCommand, events: ProcessEvents) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...command.args],
      env: { ...command.env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#events = events;
    this.#writer = this.#child.stdin.getWriter();
    this.closed = this.#watch();
  }

  /** Bytes that wait to be written. */
  get unwritten(): number {
    return this.#outputBytes;
  }

  /** Sends a frame, together with the others of this turn. */
  send(frame: Uint8Array): void {
    if (this.#ended.signal.aborted) return;
    this.#output.push(frame);
    this.#outputBytes += frame.length;
    if (this.#isWriting) return;
    this.#isWriting = true;
    queueMicrotask(() => this.#write());
  }

  /** Ends the process, whatever it is doing. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  /** Memory of the process in bytes, if the system tells; elsewhere 0. */
  memory(): number {
    try {
      const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
      return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    } catch {
      return 0;
    }
  }

  async #write(): Promise<void> {
    try {
      while (this.#output.length > 0) {
        const output = this.#output;
        const size = this.#outputBytes;
        this.#output = [];
        await this.#writer.write(joined(output, size));
        this.#outputBytes -= size;
      }
    } catch {
      // The process has ended, which is told elsewhere.
    }
    this.#isWriting = false;
  }

  async #watch(): Promise<void> {
    const reading = Promise.all([this.#read(), this.#readErrors()]);
    let status: Deno.CommandStatus | undefined;
    try {
      status = await this.#child.status;
    } finally {
      this.#ended.abort();
      await reading;
      await this.#writer.abort().catch(() => {});
      this.#output = [];
      this.#events.ended(status, this.#errorText);
    }
  }

  async #read(): Promise<void> {
    const frames = new FrameReader(MAX_FRAME, MAX_TEXT);
    let windowEnd = performance.now() + WINDOW;
    let messages = 0;
    let bytes = 0;
    try {
      for await (const chunk of this.#child.stdout) {
        frames.push(chunk);
        bytes += chunk.length;
        for (let next = frames.next(); next; next = frames.next()) {
          messages++;
          this.#events.message(next[0]);
        }
        const now = performance.now();
        if (messages > MAX_MESSAGES || bytes > MAX_BYTES) {
          await this.#pause(windowEnd - now);
        } else if (now < windowEnd) continue;
        windowEnd = performance.now() + WINDOW;
        messages = bytes = 0;
      }
    } catch (error) {
      this.#errorText += `\n${(error as Error).message}`;
      this.kill();
    }
  }

  async #readErrors(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      const text = this.#errorText + decoder.decode(chunk, { stream: true });
      // The beginning has the reason, and the end the last words.
      this.#errorText = text.length <= MAX_OUTPUT
        ? text
        : text.slice(0, MAX_OUTPUT / 2) + text.slice(-MAX_OUTPUT / 2);
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#ended;
    if (milliseconds <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const goOn = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", goOn);
        resolve();
      };
      const timer = setTimeout(goOn, milliseconds);
      signal.addEventListener("abort", goOn);
    });
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
