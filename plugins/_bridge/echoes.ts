/**
 * Recognises messages that come back from a peer which cannot keep them from their
 * sender: MQTT 3 knows neither "no local" nor user properties.
 *
 * @module
 */

import { createHash } from "node:crypto";

const LIFETIME_MILLISECONDS = 10_000;
const CAPACITY = 10_000;

interface Echo {
  count: number;
  expiresAt: number;
}

/** The messages that are expected to come back. */
export class Echoes {
  readonly #expected = new Map<string, Echo>();

  /**
   * Expects a message.
   *
   * @param topic Topic name at the peer.
   * @param payload Payload.
   */
  expect(topic: string, payload: Uint8Array): void {
    const key = keyOf(topic, payload);
    const now = performance.now();
    const known = this.#expected.get(key);
    const count = known !== undefined && known.expiresAt > now
      ? known.count + 1
      : 1;
    // Behind the others: the first one is the oldest.
    this.#expected.delete(key);
    this.#expected.set(key, { count, expiresAt: now + LIFETIME_MILLISECONDS });
    this.#forget(now);
  }

  /**
   * Takes a message that came.
   *
   * @param topic Topic name at the peer.
   * @param payload Payload.
   * @returns Whether it was expected; each message once for each time.
   */
  take(topic: string, payload: Uint8Array): boolean {
    if (this.#expected.size === 0) return false;
    const key = keyOf(topic, payload);
    const known = this.#expected.get(key);
    if (known === undefined) return false;
    if (--known.count === 0) this.#expected.delete(key);
    return known.expiresAt > performance.now();
  }

  #forget(now: number): void {
    for (const [key, { expiresAt }] of this.#expected) {
      if (expiresAt > now && this.#expected.size <= CAPACITY) break;
      this.#expected.delete(key);
    }
  }
}

function keyOf(topic: string, payload: Uint8Array): string {
  const digest = createHash("sha256").update(payload).digest("base64");
  return `${digest} ${topic}`;
}
