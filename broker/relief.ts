/**
 * Publishers wait for a client that has too much to read, for a bounded time.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/**
 * What a publisher waits for after its message was delivered.
 *
 * @param core The broker; its congestion is taken back.
 * @param own The publisher's own relief, for which it does not wait.
 * @returns A promise if a receiver is full and there is hope.
 */
export function awaitRelief(
  core: { congestion: Relief | null },
  own: Relief | undefined,
): Promise<void> | undefined {
  const relief = core.congestion;
  if (relief === null) return undefined;
  core.congestion = null;
  return relief === own || relief.stalled ? undefined : relief.wait();
}

/** How long a publisher waits for a full receiver. */
const PATIENCE = 1000;

/** Those who wait until one client has caught up. */
export class Relief {
  readonly #clock: Clock;
  #waiting: Promise<void> | undefined;
  #resolve: (() => void) | undefined;
  /** Whether waiting was in vain; nobody waits for the client until it has caught up. */
  stalled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the client has caught up, or when it took too long. */
  wait(): Promise<void> {
    if (this.#waiting === undefined) {
      this.#waiting = new Promise((resolve) => this.#resolve = resolve);
      const promise = this.#waiting;
      this.#clock.schedule(PATIENCE, () => {
        if (this.#waiting !== promise) return;
        this.stalled = true;
        this.#release();
      });
    }
    return this.#waiting;
  }

  /** The client has caught up, or is gone. */
  caughtUp(): void {
    this.stalled = false;
    this.#release();
  }

  #release(): void {
    this.#resolve?.();
    this.#waiting = undefined;
    this.#resolve = undefined;
  }
}
