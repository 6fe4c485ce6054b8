/** What a broker told its plugins. @module */

import type {
  BrokerEventName,
  BrokerEvents,
  MessagesEvent,
} from "../../plugins/mod.ts";
import { Mailbox } from "./mailbox.ts";

/** One event that was recorded. */
interface RecordedEvent<Name extends BrokerEventName = BrokerEventName> {
  /** Its name. */
  readonly name: Name;
  /** Its argument. */
  readonly event: BrokerEvents[Name];
}

/**
 * Records the events of a broker, in their order.
 *
 * @example
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * await broker.connect({ clientId: "alice" });
 * const { clientId } = await broker.events.next("onBrokerClientConnected");
 * assertEquals(clientId, "alice");
 * assertEquals(broker.events.all("onBrokerClientDisconnected"), []);
 * ```
 */
export class EventRecorder {
  readonly #all: RecordedEvent[] = [];
  readonly #fresh: Mailbox<RecordedEvent> = new Mailbox();
  /** The plugin that records. */
  readonly plugin: object;

  /**
   * Creates a recorder.
   *
   * @param names The events that there are.
   */
  constructor(names: readonly BrokerEventName[]) {
    const plugin: Record<string, (event: unknown) => void> = {};
    for (const name of names) {
      plugin[name] = (event) => {
        if (name === "onBrokerMessagesReceived") keep(event as MessagesEvent);
        const recorded = { name, event } as RecordedEvent;
        this.#all.push(recorded);
        this.#fresh.put(recorded);
      };
    }
    this.plugin = plugin;
  }

  /**
   * The events of one name that have happened.
   *
   * @param name Name of the event.
   * @returns Their arguments, in their order.
   */
  all<Name extends BrokerEventName>(name: Name): BrokerEvents[Name][] {
    return this.#all.filter((recorded) => recorded.name === name)
      .map(({ event }) => event as BrokerEvents[Name]);
  }

  /** The names of all events that have happened, in their order. */
  get names(): BrokerEventName[] {
    return this.#all.map(({ name }) => name);
  }

  /**
   * The next event of a name: the first that `next` has not given out, or one that
   * is still to come.
   *
   * @param name Name of the event.
   * @param fits Which one. Default: any.
   * @returns Its argument.
   * @throws {Error} If it does not come within 10 seconds.
   */
  async next<Name extends BrokerEventName>(
    name: Name,
    fits: (event: BrokerEvents[Name]) => boolean = () => true,
  ): Promise<BrokerEvents[Name]> {
    const { event } = await this.#fresh.take(
      (recorded) =>
        recorded.name === name && fits(recorded.event as BrokerEvents[Name]),
      () => `event ${name}`,
    );
    return event as BrokerEvents[Name];
  }
}

/** Whoever iterates over a batch during the call may do so ever after. */
function keep({ messages }: MessagesEvent): void {
  messages[Symbol.iterator]();
}
