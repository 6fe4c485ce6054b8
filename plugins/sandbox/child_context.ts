/**
 * The context of a plugin inside its sandbox: what can cross, and clear errors for
 * the rest.
 *
 * @module
 */

import {
  covers,
  matches,
  parseFilter,
  topicNameProblem,
} from "../../broker/topics/filter.ts";
import type { Logger, LogLevel } from "../mod.ts";
import { CounterNames, refuseSubscription } from "./caps.ts";
import type { EventQueueReports } from "./event_queue.ts";
import { reviveSession } from "./sessions.ts";

/** The way to the broker. */
export interface ChildLink extends EventQueueReports {
  /** What the broker's log would write. */
  levels: readonly string[];
  /** Calls a service and does not wait; what fails is logged by the broker. */
  tell(service: string, ...values: unknown[]): void;
  /** Calls a service. */
  call(service: string, ...values: unknown[]): Promise<unknown>;
  /** Writes to the broker's log. */
  log(level: string, message: string, name?: string, fields?: unknown): void;
}

/** What a context has of its own. */
export interface OwnContext {
  readonly name: string;
  readonly config: () => unknown;
  readonly signal: AbortSignal;
}

type Handlers = Map<number, (message: unknown) => unknown>;

/** Services that must be waited for here, although elsewhere they answer at once. */
const ASKED = [
  "publishTo",
  "removeSubscription",
  "subscriptions",
  "recheckSubscriptions",
  "disconnect",
  "stats",
] as const;

const encoder = new TextEncoder();

/** Characters from which a text crosses as bytes. */
const LONG_TEXT = 65536;

/**
 * Makes the context.
 *
 * @param link The way to the broker.
 * @param own What the plugin has of its own.
 * @param handlers Gets the handlers of subscriptions, by number.
 * @returns The context; to ask it for what it does not have throws.
 */
export function createChildContext(
  link: ChildLink,
  own: OwnContext,
  handlers: Handlers,
): object {
  const counters = new CounterNames();
  const context: Record<string, unknown> = {
    name: own.name,
    signal: own.signal,
    logger: new ChildLogger(link, undefined),
    count: (counter: string, by = 1) => {
      counters.add(counter);
      link.tell("count", counter, by);
    },
    publish: (topic: string, payload: unknown, options?: unknown) => {
      checkTopic("publish to", topic);
      link.tell("publish", topic, bytesOf(payload), options);
    },
    addSubscription: (clientId: string, filter: string, qos?: number) => {
      checkFilter(filter);
      link.tell("addSubscription", clientId, filter, qos);
    },
    subscribe: (filter: string, handler: (message: unknown) => unknown) =>
      subscribe(link, handlers, filter, handler),
    getSession: async (clientId: string) => {
      const session = await link.call("getSession", clientId);
      return session && reviveSession(session);
    },
    retained: withErrors("context.retained", {
      get: (topic: string) => link.call("retained.get", topic),
      match: (filter: string) => link.call("retained.match", filter),
      clear: (topic: string) => link.call("retained.clear", topic),
      set: (topic: string, payload: unknown, options?: unknown) => {
        checkTopic("retain a message of", topic);
        link.tell("retained.set", topic, bytesOf(payload), options);
      },
    }),
    matches,
    covers,
    setTimeout: (callback: () => unknown, milliseconds: number) =>
      startTimer(link, own.signal, callback, milliseconds, false),
    setInterval: (callback: () => unknown, milliseconds: number) =>
      startTimer(link, own.signal, callback, milliseconds, true),
  };
  for (const service of ASKED) {
    context[service] = (...values: unknown[]) => link.call(service, ...values);
  }
  Object.defineProperty(context, "config", {
    enumerable: true,
    get: own.config,
  });
  return withErrors("context", context);
}

/** Text may be long as bytes only. */
function bytesOf(payload: unknown): unknown {
  return typeof payload === "string" && payload.length > LONG_TEXT
    ? encoder.encode(payload)
    : payload;
}

/** A service that nobody can offer must not look like one that has nothing. */
function withErrors(path: string, services: Record<string, unknown>): object {
  return new Proxy(services, {
    get(target, key): unknown {
      if (key in target || typeof key === "symbol" || key === "then") {
        return Reflect.get(target, key);
      }
      throw new Error(
        `${path}.${key} does not cross a sandbox; run the plugin without one, or do without it`,
      );
    },
  });
}

let lastSubscription = 0;

function subscribe(
  link: ChildLink,
  handlers: Handlers,
  filter: string,
  handler: (message: unknown) => unknown,
): () => void {
  const parsed = checkFilter(filter);
  if (parsed.group !== undefined) {
    throw new TypeError(
      `Cannot subscribe to "${filter}": a plugin cannot share a subscription`,
    );
  }
  refuseSubscription(handlers.size);
  const id = ++lastSubscription;
  handlers.set(id, handler);
  link.tell("subscribe", id, filter);
  return () => {
    if (handlers.delete(id)) link.tell("unsubscribe", id);
  };
}

function checkTopic(purpose: string, topic: string): void {
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new TypeError(`Cannot ${purpose} "${topic}": ${problem}`);
  }
}

function checkFilter(filter: string): { group: string | undefined } {
  const parsed = parseFilter(filter);
  if (typeof parsed === "string") {
    throw new TypeError(`Cannot subscribe to "${filter}": ${parsed}`);
  }
  return parsed;
}

function startTimer(
  link: ChildLink,
  signal: AbortSignal,
  callback: () => unknown,
  milliseconds: number,
  again: boolean,
): void {
  if (signal.aborted) return;
  const run = async (): Promise<void> => {
    if (!again) signal.removeEventListener("abort", forget);
    try {
      await callback();
    } catch (error) {
      link.failed("(timer)", error);
    }
  };
  const timer = again
    ? setInterval(run, milliseconds)
    : setTimeout(run, milliseconds);
  // Both kinds are cleared alike.
  const forget = (): void => clearTimeout(timer);
  signal.addEventListener("abort", forget, { once: true });
}

/** Writes to the broker's log. */
class ChildLogger implements Logger {
  readonly #link: ChildLink;
  readonly #name: string | undefined;

  constructor(link: ChildLink, name: string | undefined) {
    this.#link = link;
    this.#name = name;
  }

  debug(message: string, fields?: Record<string, unknown>): void {
    this.#write("debug", message, fields);
  }

  info(message: string, fields?: Record<string, unknown>): void {
    this.#write("info", message, fields);
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    this.#write("warn", message, fields);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    this.#write("error", message, fields);
  }

  child(name: string): Logger {
    const path = this.#name === undefined ? name : `${this.#name}.${name}`;
    return new ChildLogger(this.#link, path);
  }

  isEnabled(level: LogLevel): boolean {
    return this.#link.levels.includes(level);
  }

  #write(
    level: LogLevel,
    message: string,
    fields: Record<string, unknown> | undefined,
  ): void {
    if (!this.isEnabled(level)) return;
    this.#link.log(level, message, this.#name, fields);
  }
}
