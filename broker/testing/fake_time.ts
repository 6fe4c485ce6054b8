/** A clock that a test moves. @module */

import { type Clock, install } from "@sinonjs/fake-timers";

/**
 * Stops the time of the whole program: `Date.now()` and the timers, those of the
 * broker and of plugins included. What really happens, such as a file that is read,
 * goes on. Restored by `using` or by {@linkcode FakeTime.restore}.
 *
 * @example A will that is sent a minute after its client has gone
 * ```ts
 * import { FakeTime, TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * using time = new FakeTime();
 * await using broker = await TestBroker.start();
 * const watcher = await broker.connect();
 * await watcher.subscribe("gone");
 * const client = await broker.connect({
 *   properties: { sessionExpiryInterval: 300 },
 *   will: {
 *     topic: "gone",
 *     payload: "bye",
 *     properties: { willDelayInterval: 60 },
 *   },
 * });
 * client.drop();
 * await time.tick(59_000);
 * assertEquals(await watcher.received(), []);
 * await time.tick(1000);
 * assertEquals((await watcher.receive()).text, "bye");
 * ```
 */
export class FakeTime implements Disposable {
  readonly #clock: Clock & { uninstall: () => void };

  /**
   * Stops the time.
   *
   * @param now What time it is, in milliseconds since 1970. Default: what it really is.
   */
  constructor(now: number = Date.now()) {
    this.#clock = install({
      now,
      toFake: [
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "Date",
      ],
    }) as Clock & { uninstall: () => void };
  }

  /** What time it is, in milliseconds since 1970. */
  get now(): number {
    return Date.now();
  }

  /**
   * Lets time pass: calls every timer that comes due, in order, and lets run what
   * they cause.
   *
   * @param milliseconds How much; 0 lets run what is due.
   */
  async tick(milliseconds: number): Promise<void> {
    await this.#clock.tickAsync(milliseconds);
  }

  /** Gives the real time back. A second call does nothing. */
  restore(): void {
    this.#clock.uninstall();
  }

  /** Gives the real time back. */
  [Symbol.dispose](): void {
    this.restore();
  }
}
