/**
 * What a sandboxed plugin may have the broker do.
 *
 * @module
 */

import type {
  ApplicationMessage,
  BrokerContext,
  DisconnectOptions,
  PublishOptions,
  QoS,
} from "../mod.ts";
import { copyMessage, copySession } from "./sessions.ts";

/** A list may not be longer: all of it travels at once. */
const MAX_ITEMS = 10_000;

/** The services of one process of a sandbox. What the process sends is checked here. */
export class SandboxServices {
  readonly #context: BrokerContext;
  readonly #deliver: (id: number, message: ApplicationMessage) => void;
  readonly #subscriptions = new Map<number, () => void>();

  /**
   * Offers the services of a context.
   *
   * @param context The plugin's context.
   * @param deliver Gets the messages of subscriptions.
   */
  constructor(
    context: BrokerContext,
    deliver: (id: number, message: ApplicationMessage) => void,
  ) {
    this.#context = context;
    this.#deliver = deliver;
  }

  /** Ends the subscriptions. */
  close(): void {
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
    const context = this.#context;
    const [first, second, third, fourth] = values;
    switch (service) {
      case "count":
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
        return context.addSubscription(text(first), text(second), qos(third));
      case "removeSubscription":
        return context.removeSubscription(text(first), text(second));
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
        return list(context.retained.match(text(first))).map(copyMessage);
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

  #subscribe(id: number, filter: string): void {
    if (this.#subscriptions.has(id)) throw new TypeError("it exists already");
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
      throw new RangeError(
        `there are more than ${MAX_ITEMS}, which cannot cross a sandbox at once; ask for fewer`,
      );
    }
    found.push(item);
  }
  return found;
}
