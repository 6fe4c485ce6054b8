/**
 * A few threads that compute password hashes, and the queue before them.
 *
 * @module
 */

import type { Logger } from "../mod.ts";
import type { PasswordHash } from "./hash.ts";
import type { NewHashScheme } from "./make.ts";
import type { WorkerRequest, WorkerResponse } from "./worker.ts";

/** Options of {@linkcode PasswordPool}. */
export interface PasswordPoolOptions {
  /** Where failures are written. */
  logger: Logger;
  /** How many threads there are at most. */
  workers: number;
  /** How many checks wait at most. */
  queueLimit: number;
  /** Milliseconds after which a check that waited is not done any more. Default: for ever. */
  patience?: number;
  /** The worker's module. Default: the one beside this file. */
  script?: URL;
}

/** A request that waits or runs. */
interface Job {
  readonly request: WorkerRequest;
  readonly since: number;
  /** Gets nothing if the request was not answered. */
  readonly resolve: (response: WorkerResponse | undefined) => void;
}

/** One thread. */
interface Slot {
  worker: Worker | undefined;
  job: Job | undefined;
}

/**
 * Checks and hashes passwords in worker threads, which start when they are first
 * needed. What cannot be done has no answer.
 */
export class PasswordPool {
  readonly #logger: Logger;
  readonly #script: URL;
  readonly #slots: readonly Slot[];
  readonly #queueLimit: number;
  readonly #patience: number;
  readonly #queue: Job[] = [];
  #overflowing = false;
  #closed = false;

  /**
   * Creates the pool. No thread runs yet.
   *
   * @param options Size and limits.
   */
  constructor(options: PasswordPoolOptions) {
    this.#logger = options.logger;
    this.#queueLimit = options.queueLimit;
    this.#patience = options.patience ?? Infinity;
    this.#script = options.script ?? new URL("./worker.ts", import.meta.url);
    this.#slots = Array.from(
      { length: options.workers },
      () => ({ worker: undefined, job: undefined }),
    );
  }

  /**
   * Checks a password.
   *
   * @param hash The hash.
   * @param password The password; the bytes belong to the pool from now on.
   * @returns Whether the password is right; `undefined` if it could not be checked.
   */
  async verify(
    hash: PasswordHash,
    password: Uint8Array<ArrayBuffer>,
  ): Promise<boolean | undefined> {
    const response = await this.#ask({ hash, password });
    return response !== undefined && "ok" in response ? response.ok : undefined;
  }

  /**
   * Makes a hash.
   *
   * @param scheme Kind of hash.
   * @param password The password; the bytes belong to the pool from now on.
   * @returns The hash as a password file has it; `undefined` if it could not be made.
   */
  async make(
    scheme: NewHashScheme,
    password: Uint8Array<ArrayBuffer>,
  ): Promise<string | undefined> {
    const response = await this.#ask({ scheme, password });
    return response !== undefined && "made" in response
      ? response.made
      : undefined;
  }

  /** Stops the threads. What waits or runs ends without an answer. */
  close(): void {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.resolve(undefined);
    for (const slot of this.#slots) {
      slot.worker?.terminate();
      slot.worker = undefined;
      slot.job?.resolve(undefined);
      slot.job = undefined;
    }
  }

  #ask(request: WorkerRequest): Promise<WorkerResponse | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const idle = this.#slots.find((slot) => slot.job === undefined);
    if (idle === undefined && this.#queue.length >= this.#queueLimit) {
      this.#reportOverflow();
      return Promise.resolve(undefined);
    }
    return new Promise((resolve) => {
      const job = { request, since: performance.now(), resolve };
      if (idle === undefined) this.#queue.push(job);
      else this.#run(idle, job);
    });
  }

  #run(slot: Slot, job: Job): void {
    slot.job = job;
    try {
      slot.worker ??= this.#startWorker(slot);
      slot.worker.postMessage(job.request, [job.request.password.buffer]);
    } catch (error) {
      this.#crash(slot, error instanceof Error ? error.message : String(error));
    }
  }

  #startWorker(slot: Slot): Worker {
    const worker = new Worker(this.#script, {
      type: "module",
      name: "password hashes",
    });
    worker.onmessage = (event: MessageEvent<WorkerResponse>) => {
      const response = event.data;
      if ("error" in response) {
        this.#logger.warn(`Cannot check a password: ${response.error}`);
      }
      this.#finish(slot, response);
    };
    worker.onerror = (event) => {
      // Otherwise the error would end the whole process.
      event.preventDefault();
      if (slot.worker === worker) this.#crash(slot, event.message);
    };
    return worker;
  }

  #finish(slot: Slot, response: WorkerResponse | undefined): void {
    slot.job?.resolve(response);
    slot.job = undefined;
    const next = this.#next();
    if (this.#queue.length < this.#queueLimit / 2) this.#overflowing = false;
    if (next !== undefined) this.#run(slot, next);
  }

  /** The next check for which somebody still waits. */
  #next(): Job | undefined {
    for (;;) {
      const job = this.#queue.shift();
      if (
        job === undefined || performance.now() - job.since <= this.#patience
      ) return job;
      job.resolve(undefined);
    }
  }

  /** The next check gets a new thread. */
  #crash(slot: Slot, reason: string): void {
    this.#logger.error(
      `Cannot check a password: the worker failed: ${reason}; the client is denied`,
    );
    slot.worker?.terminate();
    slot.worker = undefined;
    // Not in this turn: a worker that never starts would empty the queue recursively.
    queueMicrotask(() => this.#finish(slot, undefined));
  }

  /** Warns once until there is room again. */
  #reportOverflow(): void {
    if (this.#overflowing) return;
    this.#overflowing = true;
    this.#logger.warn(
      `Cannot check a password: ${this.#queueLimit} logins wait already; clients are denied until there is room`,
    );
  }
}
