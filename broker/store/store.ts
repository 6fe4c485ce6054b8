/**
 * What a store must be able to do.
 *
 * @module
 */

import type { Batch } from "./batch.ts";
import type {
  StoredDelivery,
  StoredFlight,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
} from "./stored_types.ts";

/**
 * Keeps what must outlive the broker: sessions with their subscriptions, messages
 * on their way, retained messages, wills and what plugins have stored.
 *
 * Reading is synchronous and serves the start of the broker and queues that do not
 * fit in memory; it sees what is committed. Writing is one batch at a time.
 *
 * @example
 * ```ts
 * import { type Batch, Broker, MemoryStore, silentLogger } from "@dinomq/broker";
 * import type { Store } from "@dinomq/broker";
 * import { assert } from "@std/assert";
 *
 * // Notes how much is written; one of your own may write to a data base.
 * class Measured extends MemoryStore implements Store {
 *   bytes = 0;
 *
 *   override async commit(batch: Batch): Promise<void> {
 *     await super.commit(batch);
 *     this.bytes += batch.length;
 *   }
 * }
 *
 * const store = new Measured();
 * const listeners = { default: { type: "external" as const } };
 * const broker = new Broker({ listeners }, { store, logger: silentLogger });
 * await broker.start();
 * broker.context.publish("lamp", "on", { retain: true });
 * await broker.shutdown();
 * assert(store.bytes > 0);
 * ```
 */
export interface Store {
  /** What it is, for the log. */
  readonly name: string;
  /** Whether what it keeps is deleted when the broker stops as it should. */
  readonly temporary: boolean;

  /**
   * Opens the store; nothing else is called before.
   *
   * @throws {StoreError} If it cannot be used, with the reason and the remedy.
   */
  open(): Promise<void>;

  /** All sessions. */
  sessions(): Iterable<StoredSession>;
  /** All subscriptions. */
  subscriptions(): Iterable<StoredSubscription>;
  /** The QoS 2 messages that clients have not released. */
  incoming(): Iterable<{ readonly session: number; readonly packetId: number }>;
  /** All deliveries in the order of `seq`, without their messages. */
  deliveries(): Iterable<StoredDelivery>;
  /** All retained messages. */
  retained(): Iterable<StoredMessage>;
  /** All values of plugins, in any order. */
  values(): Iterable<StoredValue>;

  /**
   * Reads deliveries with their messages.
   *
   * @param seqs Which, ascending; those that are missing are left out.
   * @returns The deliveries in that order.
   */
  read(seqs: readonly number[]): StoredFlight[];

  /**
   * Writes a batch: all of it or nothing. The broker calls it again only when the
   * promise has settled, with the same batch (perhaps longer) if it was rejected.
   *
   * @param batch The operations; not changed until the promise settles.
   * @throws {StoreError} If nothing was written.
   */
  commit(batch: Batch): Promise<void>;

  /** Closes the store. */
  close(): Promise<void>;
}

/**
 * What is wrong with a store.
 *
 * @example
 * ```ts
 * import { Broker, silentLogger, StoreError, type StoreProblem } from "@dinomq/broker";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const passes: readonly StoreProblem[] = ["locked", "full"];
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/broker.db`;
 * const listeners = { default: { type: "external" as const } };
 * const config = { listeners, store: { type: "sqlite" as const, path } };
 *
 * const logger = silentLogger;
 * const first = new Broker(config, { logger });
 * await first.start();
 * const second = new Broker(config, { logger });
 * const { problem } = await assertRejects(() => second.start(), StoreError);
 * assertEquals(passes.includes(problem), true);
 *
 * await first.shutdown();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export type StoreProblem =
  | "locked"
  | "newer"
  | "corrupt"
  | "full"
  | "readonly"
  | "unreadable"
  | "failed";

/**
 * A store cannot be used, or a batch could not be written.
 *
 * @example
 * ```ts
 * import { Broker, silentLogger, StoreError } from "@dinomq/broker";
 * import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const path = `${folder}/broker.db`;
 * const listeners = { default: { type: "external" as const } };
 * const config = { listeners, store: { type: "sqlite" as const, path } };
 *
 * await Deno.writeTextFile(path, "This is no data base.");
 * const broker = new Broker(config, { logger: silentLogger });
 * const error = await assertRejects(() => broker.start(), StoreError);
 * assertEquals(error.problem, "corrupt");
 * assertStringIncludes(error.message, path);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export class StoreError extends Error {
  /** What is wrong. */
  readonly problem: StoreProblem;

  /**
   * Creates the error.
   *
   * @param problem What is wrong.
   * @param message The same for people, with the remedy.
   * @param options The cause.
   */
  constructor(problem: StoreProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.problem = problem;
  }
}
