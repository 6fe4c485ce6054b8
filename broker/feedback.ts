/**
 * Plugins that cause what they hear of: one that publishes whenever something is
 * published, for instance. The broker goes along, but not for ever at once.
 *
 * @module
 */

import type { Core } from "./core.ts";
import { dropped } from "./drops.ts";
import type { Message } from "./message.ts";

/** How much one thing may cause at once; what is beyond waits. */
const MOST_NESTED = 100;
/** How much may wait; what is beyond is dropped. */
const MOST_WAITING = 100_000;
/** Milliseconds between two warnings. */
const INTERVAL = 10_000;
/** How much of the list that is done with is kept before it is cut off. */
const SLACK = 1024;

/** Publishes for plugins; what they publish because of that, at once or a little later. */
export class Feedback {
  readonly #core: Core;
  #depth = 0;
  #nested = 0;
  /** What waits, from `#head` on. */
  #waiting: Message[] = [];
  #head = 0;
  /** Dropped since the last warning. */
  #dropped = 0;
  #nextWarning = 0;
  /** Whether plugins are being told that something was dropped. */
  #telling = false;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether so much was caused at once that more has to wait. */
  get isFull(): boolean {
    return this.#depth > 0 && this.#nested >= MOST_NESTED;
  }

  /**
   * Publishes a message of a plugin: in a later turn of the event loop if it is full,
   * and behind those that wait for that.
   *
   * @param message The message.
   */
  publish(message: Message): void {
    if (this.isFull || this.#head < this.#waiting.length) this.#defer(message);
    else this.run(() => this.#core.delivery.publish(message));
  }

  /**
   * Does something for a plugin now; what that causes is counted.
   *
   * @param act What to do.
   */
  run(act: () => void): void {
    if (this.#depth > 0) this.#nested++;
    this.#depth++;
    try {
      act();
    } finally {
      if (--this.#depth === 0) this.#nested = 0;
    }
  }

  #defer(message: Message): void {
    if (this.#waiting.length - this.#head >= MOST_WAITING) {
      this.#drop(message);
      return;
    }
    // The first has the others published; whoever does so now goes on.
    if (this.#waiting.push(message) === 1) this.#goOnLater();
  }

  #goOnLater(): void {
    this.#core.clock.schedule(1, this.#goOn);
  }

  /**
   * Publishes what waits, since the broker ends; what that causes is forgotten if it
   * would have to wait.
   */
  finish(): void {
    for (let left = this.#waiting.length - this.#head; left > 0; left--) {
      this.#publishNext();
    }
  }

  #publishNext(): void {
    const { delivery, logger } = this.#core;
    const message = this.#waiting[this.#head++];
    try {
      this.run(() => delivery.publish(message));
    } catch (error) {
      logger.error("Cannot do what a plugin asked for", { error });
    }
  }

  readonly #goOn = (): void => {
    // All of it counts as caused by one thing: what is too much waits again.
    this.run(() => {
      while (this.#head < this.#waiting.length && !this.isFull) {
        this.#publishNext();
      }
    });
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
      return;
    }
    if (this.#head >= SLACK) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#goOnLater();
  };

  #drop(message: Message): void {
    const { logger, stats } = this.#core;
    // A plugin may publish because something was dropped.
    if (this.#telling) stats.dropped.feedback++;
    else {
      this.#telling = true;
      dropped(this.#core, "feedback", message, null);
      this.#telling = false;
    }
    this.#dropped++;
    const now = performance.now();
    if (now < this.#nextWarning) return;
    this.#nextWarning = now + INTERVAL;
    logger.warn(
      "A plugin causes what it hears of, again and again: publications of plugins are dropped",
      { waiting: this.#waiting.length - this.#head, dropped: this.#dropped },
    );
    this.#dropped = 0;
  }
}
