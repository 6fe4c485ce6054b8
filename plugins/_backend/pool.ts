/**
 * A few connections to a back-end that many requests share, with a limit to
 * everything: connections, requests that wait, and time.
 *
 * @module
 */

import { Gate } from "./gate.ts";

/** Limits of a {@linkcode Pool}. */
export interface PoolLimits {
  /** How many connections there are at most. */
  connections: number;
  /** Milliseconds that a request may take, waiting for a connection included. */
  timeout: number;
  /** How many requests wait for a connection at most. Default: 10000. */
  maxWaiting?: number;
}

/** What a {@linkcode Pool} must know of its connections. */
export interface PoolOptions<Connection> extends PoolLimits {
  /** Makes a connection, which connects when it is first used. May throw. */
  create: () => Connection;
  /** Ends a connection, whatever it is doing. Must not throw. */
  destroy: (connection: Connection) => void | Promise<void>;
  /** Whether a connection can be used again, after `error` or after some idle time. */
  isUsable: (connection: Connection, error?: unknown) => boolean;
}

interface IdleConnection<Connection> {
  readonly connection: Connection;
  readonly timer: ReturnType<typeof setTimeout>;
}

const IDLE_MILLISECONDS = 30_000;

/** Gives each request a connection of its own for as long as it needs one. */
export class Pool<Connection> {
  readonly #options: PoolOptions<Connection>;
  readonly #gate: Gate;
  readonly #idle: IdleConnection<Connection>[] = [];
  /** Ends each request that has a connection. */
  readonly #stops = new Set<(error: Error) => void>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  /**
   * Creates the pool. Nothing is opened yet.
   *
   * @param options Connections and limits.
   */
  constructor(options: PoolOptions<Connection>) {
    this.#options = options;
    this.#gate = new Gate({
      places: options.connections,
      maxWaiting: options.maxWaiting ?? 10_000,
    });
  }

  /**
   * Does something with a connection that nobody else uses meanwhile.
   *
   * @param work What to do.
   * @returns What `work` returns.
   * @throws {Error} If there was no answer in time, too many requests wait, or the
   * pool is closed; otherwise what `create` or `work` threw.
   */
  async use<Result>(
    work: (connection: Connection) => Promise<Result>,
  ): Promise<Result> {
    const { timeout } = this.#options;
    const deadline = performance.now() + timeout;
    const leave = await this.#gate.enter(timeout);
    const running = this.#run(work, deadline);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
      leave();
    }
  }

  /** Ends all connections. Requests that wait or run fail. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#gate.close();
    for (const stop of this.#stops) stop(new Error("it was closed"));
    await Promise.allSettled(this.#running);
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      this.#destroy(connection);
    }
    await Promise.all(this.#ending);
  }

  async #run<Result>(
    work: (connection: Connection) => Promise<Result>,
    deadline: number,
  ): Promise<Result> {
    if (this.#closed) throw new Error("it was closed");
    const { timeout, create, isUsable } = this.#options;
    const connection = this.#takeIdle() ?? create();
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    let isStopped = false;
    const stop = (error: Error) => {
      isStopped = true;
      reject(error);
    };
    const timer = setTimeout(
      () => stop(new Error(`no answer within ${timeout / 1000} s`)),
      Math.max(0, deadline - performance.now()),
    );
    this.#stops.add(stop);
    let failure: unknown;
    try {
      return await Promise.race([work(connection), stopped]);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      clearTimeout(timer);
      this.#stops.delete(stop);
      // Of one that was stopped nobody knows what it is still doing.
      if (!isStopped && isUsable(connection, failure)) this.#rest(connection);
      else this.#destroy(connection);
    }
  }

  #takeIdle(): Connection | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (this.#options.isUsable(idle.connection)) return idle.connection;
      this.#destroy(idle.connection);
    }
    return undefined;
  }

  #rest(connection: Connection): void {
    const idle = {
      connection,
      timer: setTimeout(() => {
        this.#idle.splice(this.#idle.indexOf(idle), 1);
        this.#destroy(connection);
      }, IDLE_MILLISECONDS),
    };
    this.#idle.push(idle);
  }

  #destroy(connection: Connection): void {
    const end = Promise.resolve(this.#options.destroy(connection))
      .finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }
}
