/**
 * The broker's side of one process of a sandbox: calls and their answers, events,
 * and signs of life.
 *
 * @module
 */

import { messageOf } from "../errors.ts";
import { readableError, type SandboxCommand } from "./command.ts";
import { encodeFrame } from "./frames.ts";
import { SandboxProcess } from "./process.ts";
import type { FromSandbox, ToSandbox } from "./protocol.ts";

/** Whom a {@linkcode SandboxLink} tells what happens. */
export interface LinkEvents {
  /** The plugin calls a service; a promise is waited for. */
  call(service: string, values: unknown[]): unknown;
  /** The plugin has something for the log. */
  log(entry: Extract<FromSandbox, { t: "log" }>): void;
  /** A method failed that nobody waits for. */
  failed(method: string, error: unknown): void;
  /** The process has ended, and why. Called once, also if {@linkcode SandboxLink.end} was. */
  ended(reason: string): void;
}

/** Where a {@linkcode SandboxLink} ends the process. */
export interface LinkLimits {
  /** Memory that the plugin's data may take, in MiB. */
  readonly memory: number;
  /** Milliseconds without a sign of life. */
  readonly deadline: number;
}

/** Events that may be on their way, and their bytes. More wait in the plugin's channel. */
const MAX_EVENTS = 512;
const MAX_EVENT_BYTES = 4 * 1024 * 1024;

/** Calls that may wait for an answer, and bytes that may wait to be sent. */
const MAX_CALLS = 10_000;
const MAX_UNWRITTEN = 64 * 1024 * 1024;

/** Bytes of answers that a plugin may leave unread: the longest, and what may wait besides. */
const MAX_UNANSWERED = 2 * MAX_UNWRITTEN;

/** How often to look, in milliseconds. */
const TICK = 250;

/** What a Deno without anything in it takes, in MiB, with room for its compiler. */
const OWN_MEMORY = 160;

/** One process of a sandbox. */
export class SandboxLink {
  readonly #events: LinkEvents;
  readonly #limits: LinkLimits;
  readonly #process: SandboxProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #eventSizes: number[] = [];
  #eventBytes = 0;
  #eventsDone = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #lastId = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isPinged = false;
  #unanswered = 0;
  /** Why it was ended, or why it ended. */
  #reason: string | undefined;
  #isOver = false;

  /**
   * Starts the process.
   *
   * @param command What is started.
   * @param limits Where it is ended.
   * @param events Whom to tell.
   */
  constructor(command: SandboxCommand, limits: LinkLimits, events: LinkEvents) {
    this.#events = events;
    this.#limits = limits;
    this.#process = new SandboxProcess(command, {
      message: (message) => this.#take(message as FromSandbox),
      ended: (status, output) => this.#ended(status, output),
    });
  }

  /** Whether the process still runs, and was not told to end. */
  get isAlive(): boolean {
    return this.#reason === undefined && !this.#isOver;
  }

  /**
   * Calls a method of the plugin.
   *
   * @param method Name of the method, or a step.
   * @param argument Its argument.
   * @returns The answer; rejects with what the method threw, and when the process ends.
   * @throws {Error} If there is no room for another call, or the argument cannot cross.
   */
  call(method: string, argument?: unknown): Promise<unknown> {
    if (
      this.#waiting.size >= MAX_CALLS || this.#process.unwritten > MAX_UNWRITTEN
    ) {
      throw new Error(
        `${this.#waiting.size} calls wait for the sandbox, which is too slow`,
      );
    }
    const id = ++this.#lastId;
    this.#send({ t: "call", id, m: method, a: argument });
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }

  /**
   * Sends an event that nobody waits for.
   *
   * @param method Name of the method.
   * @param argument Its argument.
   * @returns A promise if there is no room for another one; resolves when there is.
   */
  post(method: string, argument: unknown): Promise<void> | undefined {
    this.#sendEvent({ t: "event", m: method, a: argument });
    if (this.#hasRoom) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /**
   * Sends a message to a handler that the plugin subscribed.
   *
   * @param id Number of the subscription.
   * @param message The message.
   * @returns Whether it was sent: `false` if there is no room.
   */
  deliver(id: number, message: unknown): boolean {
    if (!this.#hasRoom) return false;
    this.#sendEvent({ t: "message", id, a: message });
    return true;
  }

  /** Begins to look for signs of life, and at the memory. */
  watch(): void {
    const tick = Math.min(TICK, this.#limits.deadline / 4);
    const most = Math.ceil(this.#limits.deadline / tick);
    this.#timer = setInterval(() => this.#tick(most), tick);
  }

  /**
   * Ends the process.
   *
   * @param reason Why.
   * @returns Resolves when it has ended.
   */
  end(reason: string): Promise<void> {
    if (!this.#isOver) this.#reason ??= reason;
    clearInterval(this.#timer);
    this.#process.kill();
    return this.#process.closed;
  }

  get #hasRoom(): boolean {
    return this.#eventSizes.length < MAX_EVENTS &&
      this.#eventBytes < MAX_EVENT_BYTES;
  }

  #send(message: ToSandbox): number {
    const frame = encodeFrame(message);
    this.#process.send(frame);
    return frame.length;
  }

  #sendEvent(message: ToSandbox): void {
    const size = this.#send(message);
    this.#eventSizes.push(size);
    this.#eventBytes += size;
  }

  /** What comes is a stranger's: nothing is done with it before it was looked at. */
  #take(message: FromSandbox): void {
    if (typeof message !== "object" || message === null) {
      throw new Error("what came is no message");
    }
    if (!this.isAlive) return;
    switch (message.t) {
      case "answer":
        this.#answered(message.id, message.v, message.e);
        break;
      case "call":
        this.#called(message.id, String(message.m), message.a);
        break;
      case "done":
        this.#eventsOver(message.n);
        break;
      case "pong":
        this.#isPinged = false;
        this.#unanswered = 0;
        this.#checkMemory(Number(message.rss) || 0);
        break;
      case "log":
        this.#events.log(message);
        break;
      case "failed":
        this.#events.failed(String(message.m), message.e);
        break;
      default:
        throw new Error("a message of an unknown kind came");
    }
  }

  #answered(id: number, value: unknown, error: unknown): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(error);
  }

  async #called(
    id: number | undefined,
    service: string,
    values: unknown,
  ): Promise<void> {
    const isAsked = typeof id === "number";
    const answer = (content: { v?: unknown; e?: Error }): void => {
      if (!isAsked || !this.isAlive) return;
      this.#send({ t: "answer", id, ...content });
      if (this.#process.unwritten > MAX_UNANSWERED) {
        this.end("it asks for more than it takes");
      }
    };
    try {
      const list = Array.isArray(values) ? values : [];
      answer({ v: await this.#events.call(service, list) });
    } catch (error) {
      if (!isAsked) this.#events.failed(`context.${service}`, error);
      answer({
        e: error instanceof Error ? error : new Error(messageOf(error)),
      });
    }
  }

  #eventsOver(count: number): void {
    const over = Math.min(count - this.#eventsDone, this.#eventSizes.length);
    if (!(over > 0)) return;
    for (const size of this.#eventSizes.splice(0, over)) {
      this.#eventBytes -= size;
    }
    this.#eventsDone += over;
    if (this.#room === undefined || !this.#hasRoom) return;
    this.#room.resolve();
    this.#room = undefined;
  }

  /**
   * Counts its own ticks, not the time: where the broker itself could not run for a
   * while, the sandbox is not to blame.
   */
  #tick(most: number): void {
    if (this.#isPinged) {
      if (++this.#unanswered >= most) {
        this.end(
          `it has not reacted for ${this.#limits.deadline / 1000} seconds`,
        );
        return;
      }
    } else {
      this.#isPinged = true;
      this.#send({ t: "ping" });
    }
    this.#checkMemory(this.#process.memory());
  }

  #checkMemory(bytes: number): void {
    const { memory } = this.#limits;
    if (bytes > (memory + OWN_MEMORY) * 1024 * 1024) {
      this.end(overMemory(memory));
    }
  }

  #ended(status: Deno.CommandStatus | undefined, output: string): void {
    clearInterval(this.#timer);
    const reason = this.#reason ?? this.#whyEnded(status, output);
    this.#isOver = true;
    const error = new Error(`the sandbox has ended: ${reason}`);
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    this.#room?.resolve();
    this.#events.ended(reason);
  }

  #whyEnded(status: Deno.CommandStatus | undefined, output: string): string {
    if (/out of memory|heap limit/i.test(output)) {
      return overMemory(this.#limits.memory);
    }
    if (output.trim() !== "") return readableError(output);
    return status?.signal
      ? `its process was ended by ${status.signal}`
      : `its process ended by itself with code ${status?.code}`;
  }
}

function overMemory(memory: number): string {
  return `it took more memory than its ${memory} MiB`;
}
