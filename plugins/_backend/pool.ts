/**
 * A few connections to a back-end that many requests share, with a limit to
 * everything: connections, requests that wait, and time.
 *
 * @module
 */

/** Limits of a {@linkcode Pool}. */
export interface PoolLimits {
  /** How many connections there are at most. */
  connections: number;
  /** Milliseconds that a request may take, waiting for a connection included. */
  timeout: number;
  /** How many requests wait for a connection at most. Default: 10000. */
  queueLimit?: number;
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

/** A request. */
interface Task<Connection> {
  readonly work: (connection: Connection) => Promise<void>;
  readonly fail: (error: unknown) => void;
  /** Whether nobody waits for it any more. */
  isOver: boolean;
  connection?: Connection;
}

interface IdleConnection<Connection> {
  readonly connection: Connection;
  readonly timer: ReturnType<typeof setTimeout>;
}

const IDLE_MILLISECONDS = 30_000;

/** Gives each request a connection of its own for as long as it needs one. */
export class Pool<Connection> {
  readonly #options: PoolOptions<Connection>;
  readonly #queueLimit: number;
  readonly #idle: IdleConnection<Connection>[] = [];
  readonly #waiting = new Set<Task<Connection>>();
  readonly #running = new Set<Task<Connection>>();
  readonly #ending = new Set<Promise<void>>();
  #size = 0;
  #closed = false;

  /**
   * Creates the pool. Nothing is opened yet.
   *
   * @param options Connections and limits.
   */
  constructor(options: PoolOptions<Connection>) {
    this.#options = options;
    this.#queueLimit = options.queueLimit ?? 10_000;
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
    if (this.#closed) throw new Error("it is closed");
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const task: Task<Connection> = {
      work: async (connection) => resolve(await work(connection)),
      fail: reject,
      isOver: false,
    };
    const { timeout } = this.#options;
    const late = () =>
      this.#abort(task, new Error(`no answer within ${timeout / 1000} s`));
    const timer = setTimeout(late, timeout);
    this.#start(task);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends all connections. Requests that wait or run fail. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of [...this.#waiting, ...this.#running]) {
      this.#abort(task, new Error("it is closed"));
    }
    for (const { connection, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      this.#destroy(connection);
    }
    await Promise.all(this.#ending);
  }

  #start(task: Task<Connection>): void {
    let connection = this.#takeIdle();
    if (connection === undefined && this.#size < this.#options.connections) {
      try {
        connection = this.#options.create();
        this.#size++;
      } catch (error) {
        this.#abort(task, error);
        return;
      }
    }
    if (connection !== undefined) {
      this.#run(task, connection);
    } else if (this.#waiting.size < this.#queueLimit) {
      this.#waiting.add(task);
    } else {
      this.#abort(task, new Error(`${this.#queueLimit} requests wait already`));
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

  async #run(task: Task<Connection>, connection: Connection): Promise<void> {
    task.connection = connection;
    this.#running.add(task);
    let failure: unknown;
    try {
      await task.work(connection);
    } catch (error) {
      failure = error;
      task.fail(error);
    }
    // When its time was over, the connection was destroyed.
    if (task.isOver) return;
    task.isOver = true;
    this.#running.delete(task);
    if (this.#options.isUsable(connection, failure)) this.#rest(connection);
    else this.#destroy(connection);
    this.#startNext();
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

  /** Gives a request up that waits or runs. */
  #abort(task: Task<Connection>, error: unknown): void {
    if (task.isOver) return;
    task.isOver = true;
    this.#waiting.delete(task);
    this.#running.delete(task);
    task.fail(error);
    // Nobody knows what the connection is still doing.
    if (task.connection === undefined) return;
    this.#destroy(task.connection);
    this.#startNext();
  }

  #startNext(): void {
    if (this.#closed) return;
    const [task] = this.#waiting;
    if (task === undefined) return;
    this.#waiting.delete(task);
    this.#start(task);
  }

  #destroy(connection: Connection): void {
    this.#size--;
    const end = Promise.resolve(this.#options.destroy(connection))
      .finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }
}
