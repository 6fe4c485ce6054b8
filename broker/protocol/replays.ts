/**
 * The retained messages that answer subscriptions (MQTT 5, section 3.3.1.3).
 *
 * @module
 */

import type { Connection } from "../connection.ts";
import type { Message } from "../message.ts";
import type { Subscription } from "../topics/subscription_tree.ts";
import type { Reader } from "../turns.ts";

// How many steps through the retained messages are made at once.
const SLICE = 256;

/**
 * Sends one client the retained messages that its subscriptions select: a few at
 * once; of many, a slice at a time, as fast as the client takes them, while everyone
 * else is served. One subscription comes after the other, or a client could have the
 * broker look for thousands at the same time.
 */
export class Replays implements Reader {
  readonly #connection: Connection;
  /** Subscriptions whose turn has not come, by their filters. */
  readonly #waiting = new Map<string, Subscription>();
  #present: Subscription | undefined;
  #messages: Iterator<Message | undefined> | undefined;
  /** Whether another slice is to come. */
  #scheduled = false;
  /** Milliseconds that were waited before the last slice. */
  #pause = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Sends what the subscriptions select; whoever subscribed again gets it once. */
  add(subscriptions: readonly Subscription[]): void {
    for (const subscription of subscriptions) {
      this.#waiting.set(subscription.filter.text, subscription);
    }
    if (!this.#scheduled) this.read();
  }

  /** Sends a slice. */
  read(): void {
    this.#scheduled = false;
    const { core, session } = this.#connection;
    let steps = 0;
    while (session !== null && this.#begin()) {
      while (steps < SLICE && !this.#isFull()) {
        const { done, value } = this.#messages!.next();
        steps++;
        if (done) {
          this.#messages = undefined;
          break;
        }
        if (value !== undefined) {
          core.delivery.deliver(this.#present!, value, true, undefined);
        }
        // A plugin may have ended the connection, or the subscription.
        if (!this.#isWanted()) break;
      }
      if (steps >= SLICE || this.#isFull()) {
        this.#goOnLater(steps);
        return;
      }
    }
    this.#messages = undefined;
  }

  /** Makes sure that there is a subscription whose messages are wanted. */
  #begin(): boolean {
    while (this.#messages === undefined || !this.#isWanted()) {
      const [next] = this.#waiting.values();
      if (next === undefined) return false;
      this.#waiting.delete(next.filter.text);
      this.#present = next;
      const { filter } = next.filter;
      this.#messages = this.#connection.core.retained.match(filter);
    }
    return true;
  }

  #isWanted(): boolean {
    const { session } = this.#connection;
    const { text } = this.#present!.filter;
    return session?.subscriptions.get(text) === this.#present;
  }

  #isFull(): boolean {
    const { session, busy, core } = this.#connection;
    return busy || session?.usedOutbox?.congested === true ||
      (session?.pendingCount ?? 0) * 2 > core.config.maxQueuedMessages;
  }

  #goOnLater(steps: number): void {
    const { clock, turns } = this.#connection.core;
    this.#scheduled = true;
    if (!this.#isFull()) {
      this.#pause = 0;
      queueMicrotask(() => turns.next(this));
      return;
    }
    // Longer and longer while the client takes nothing.
    this.#pause = steps === 0 ? Math.min(1000, this.#pause * 2 + 10) : 10;
    clock.schedule(this.#pause, () => this.read());
  }
}
