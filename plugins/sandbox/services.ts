/**
 * What a sandboxed plugin may have the broker do.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type {
  ApplicationMessage,
  BrokerContext,
  DisconnectOptions,
  PublishOptions,
  QoS,
} from "../mod.ts";
import { type CounterNames, MAX_ADDED, refuseSubscription } from "./caps.ts";
import { copyMessage, copySession } from "./sessions.ts";

/** Milliseconds between two looks at sessions that may be gone. */
const SWEEP_INTERVAL = 1000;

/** A list may not be longer, in items and bytes: all of it travels at once. */
const MAX_ITEMS = 10_000;
const MAX_BYTES = 32 * 1024 * 1024;

/** Services that take time. They are called one at a time, and others run in between. */
const DEAR: readonly string[] = [
  "recheckSubscriptions",
  "retained.match",
  "subscriptions",
];

/** How many of them may wait. */
const MAX_WAITING = 1000;

/** What a plugin has left in the broker, over all its processes. */
export interface Traces {
  /** Its counters. */
  readonly counters: CounterNames;
  /** The subscriptions of clients that it added: client identifiers, with their filters. */
  readonly added: Map<string, Set<string>>;
}

/** The services of one process of a sandbox. What the process sends is checked here. */
export class SandboxServices {
  readonly #context: BrokerContext;
  readonly #traces: Traces;
  readonly #deliver: (id: number, message: ApplicationMessage) => void;
  readonly #subscriptions = new Map<number, () => void>();
  /** Resolves when the last of those that take time is over. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;
  #added = 0;
  #nextSweep = 0;

  /**
   * Offers the services of a context.
   *
   * @param context The plugin's context.
   * @param traces What the plugin has left in the broker already.
   * @param deliver Gets the messages of subscriptions.
   */
  constructor(
    context: BrokerContext,
    traces: Traces,
    deliver: (id: number, message: ApplicationMessage) => void,
  ) {
    this.#context = context;
    this.#traces = traces;
    for (const { size } of traces.added.values()) this.#added += size;
    this.#deliver = deliver;
  }

  /** Ends the subscriptions. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#subscriptions.values()) end();
    this.#subscriptions.clear();
  }

  /**
   * Calls a service.
   *
   * @param service Its name.
   * @param values The arguments as they came.
   * @returns What the service answers, as plain data.
   * @throws {TypeError} If there is no such service, or an argument has the wrong type.
   */
  call(service: string, values: readonly unknown[]): unknown {
    if (!DEAR.includes(service)) return this.#call(service, values);
    if (this.#waiting >= MAX_WAITING) {
      throw new RangeError(
        `${MAX_WAITING} calls of this kind wait already; wait for their answers`,
      );
    }
    this.#waiting++;
    return this.#last = this.#callNext(service, values, this.#last);
  }

  async #callNext(
    service: string,
    values: readonly unknown[],
    before: Promise<unknown>,
  ): Promise<unknown> {
    try {
      await before.catch(() => {});
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#isClosed) throw new Error("the sandbox has ended");
      return await this.#call(service, values);
    } finally {
      this.#waiting--;
    }
  }

  #call(service: string, values: readonly unknown[]): unknown {
    const context = this.#context;
    const [first, second, third, fourth] = values;
    switch (service) {
      case "count":
        this.#traces.counters.add(text(first));
        return context.count(text(first), number(second));
      case "publish":
        return context.publish(
          text(first),
          payload(second),
          options<PublishOptions>(third),
        );
      case "publishTo":
        return context.publishTo(
          text(first),
          text(second),
          payload(third),
          options<PublishOptions>(fourth),
        );
      case "subscribe":
        return this.#subscribe(number(first), text(second));
      case "unsubscribe":
        return this.#unsubscribe(number(first));
      case "addSubscription":
        return this.#addSubscription(text(first), text(second), qos(third));
      case "removeSubscription":
        return this.#removeSubscription(text(first), text(second));
      case "subscriptions":
        return list(
          context.subscriptions(first === undefined ? undefined : text(first)),
        );
      case "recheckSubscriptions":
        return context.recheckSubscriptions();
      case "disconnect":
        return context.disconnect(
          text(first),
          options<DisconnectOptions>(second),
        );
      case "stats":
        return context.stats();
      case "getSession": {
        const session = context.getSession(text(first));
        return session && copySession(session);
      }
      case "retained.get": {
        const message = context.retained.get(text(first));
        return message && copyMessage(message);
      }
      case "retained.match":
        return this.#retained(text(first));
      case "retained.set":
        return context.retained.set(
          text(first),
          payload(second),
          options<PublishOptions>(third),
        );
      case "retained.clear":
        return context.retained.clear(text(first));
      default:
        throw new TypeError("there is no such service");
    }
  }

  async #retained(filter: string): Promise<ApplicationMessage[]> {
    const found: ApplicationMessage[] = [];
    let bytes = 0;
    for await (const message of this.#context.retained.scan(filter)) {
      bytes += message.payload.length;
      if (found.length === MAX_ITEMS || bytes > MAX_BYTES) throw tooMany();
      found.push(copyMessage(message));
    }
    return found;
  }

  #addSubscription(clientId: string, filter: string, level?: QoS): void {
    const { added } = this.#traces;
    const known = added.get(clientId)?.has(filter) ?? false;
    if (!known && this.#countAdded() >= MAX_ADDED) {
      throw new RangeError(
        `a plugin in a sandbox adds at most ${MAX_ADDED} subscriptions for clients`,
      );
    }
    this.#context.addSubscription(clientId, filter, level);
    if (known) return;
    const filters = added.get(clientId) ?? new Set();
    added.set(clientId, filters.add(filter));
    this.#added++;
  }

  /** Those of sessions that are gone do not count, which is looked at now and then. */
  #countAdded(): number {
    const now = performance.now();
    if (this.#added >= MAX_ADDED && now >= this.#nextSweep) {
      this.#nextSweep = now + SWEEP_INTERVAL;
      const { added } = this.#traces;
      this.#added = 0;
      for (const [clientId, filters] of added) {
        if (this.#context.getSession(clientId) === undefined) {
          added.delete(clientId);
        } else this.#added += filters.size;
      }
    }
    return this.#added;
  }

  #removeSubscription(clientId: string, filter: string): boolean {
    const { added } = this.#traces;
    const filters = added.get(clientId);
    if (filters?.delete(filter)) {
      this.#added--;
      if (filters.size === 0) added.delete(clientId);
    }
    return this.#context.removeSubscription(clientId, filter);
  }

  #subscribe(id: number, filter: string): void {
    if (this.#subscriptions.has(id)) throw new TypeError("it exists already");
    refuseSubscription(this.#subscriptions.size);
    const deliver = this.#deliver;
    const end = this.#context.subscribe(
      filter,
      (message) => deliver(id, message),
    );
    this.#subscriptions.set(id, end);
  }

  #unsubscribe(id: number): void {
    this.#subscriptions.get(id)?.();
    this.#subscriptions.delete(id);
  }
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`a text was expected, not ${typeof value}`);
}

function number(value: unknown): number {
  if (typeof value === "number") return value;
  throw new TypeError(`a number was expected, not ${typeof value}`);
}

function qos(value: unknown): QoS | undefined {
  if (
    value === undefined || value === 0 || value === 1 || value === 2
  ) return value;
  throw new TypeError("the QoS must be 0, 1 or 2");
}

function payload(value: unknown): string | Uint8Array {
  if (typeof value === "string" || value instanceof Uint8Array) return value;
  throw new TypeError("the payload must be a text or bytes");
}

function options<Options extends PublishOptions | DisconnectOptions>(
  value: unknown,
): Options | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") {
    throw new TypeError(`options were expected, not ${typeof value}`);
  }
  qos((value as PublishOptions).qos);
  return value as Options;
}

function list<Item>(items: Iterable<Item>): Item[] {
  const found: Item[] = [];
  for (const item of items) {
    if (found.length === MAX_ITEMS) {
      throw tooMany();
    }
    found.push(item);
  }
  return found;
}

function tooMany(): RangeError {
  return new RangeError(
    `there are more than ${MAX_ITEMS}, or more than ${
      MAX_BYTES / 1024 ** 2
    } MiB, which cannot cross a sandbox at once; ask for fewer`,
  );
}
