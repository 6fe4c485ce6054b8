/**
 * Slows one client down to its rates: its connection is not read for as long as
 * that takes, and TCP makes it wait. Nothing is lost.
 *
 * @module
 */

import type { Clock, Deadline } from "../clock.ts";
import type { ListenerLimits } from "../config/types.ts";
import type { LimitReports } from "./limit_reports.ts";
import { TokenBucket } from "./token_bucket.ts";

/** What a throttle needs of the broker. */
export interface ThrottleHost {
  /** Wakes it. */
  readonly clock: Clock;
  /** Where it is counted. */
  readonly reports: LimitReports;
}

/** The rates of one client. */
export class Throttle {
  readonly #host: ThrottleHost;
  readonly #clientId: string;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  #resume: (() => void) | undefined;
  #deadline: Deadline | undefined;
  #over = false;

  /**
   * Makes a client's throttle.
   *
   * @param host The broker.
   * @param clientId The client, for the log.
   * @param limits The rates.
   * @returns The throttle; `undefined` if there are no rates.
   */
  static of(
    host: ThrottleHost,
    clientId: string,
    limits: ListenerLimits,
  ): Throttle | undefined {
    return limits.messageRate > 0 || limits.byteRate > 0
      ? new Throttle(host, clientId, limits)
      : undefined;
  }

  private constructor(
    host: ThrottleHost,
    clientId: string,
    { messageRate, byteRate }: ListenerLimits,
  ) {
    this.#host = host;
    this.#clientId = clientId;
    const now = performance.now();
    if (messageRate > 0) this.#messages = new TokenBucket(messageRate, now);
    if (byteRate > 0) this.#bytes = new TokenBucket(byteRate, now);
  }

  /**
   * Asks whether a packet may be handled now.
   *
   * @param size Its bytes.
   * @param isMessage Whether it is a PUBLISH.
   * @returns `undefined` if it may; else ask again when the promise has resolved.
   */
  take(size: number, isMessage: boolean): Promise<void> | undefined {
    if (this.#over) return undefined;
    const now = performance.now();
    const messages = isMessage ? this.#messages : undefined;
    const bytes = this.#bytes;
    const forMessages = messages?.delay(now) ?? 0;
    const forBytes = bytes?.delay(now) ?? 0;
    if (forMessages > 0 || forBytes > 0) {
      const late = forMessages > forBytes ? messages! : bytes!;
      this.#host.reports.reached(
        forMessages > forBytes ? "messageRate" : "byteRate",
        this.#clientId,
        "Client slowed down",
        late.rate,
      );
      return this.#pause(Math.ceil(Math.max(forMessages, forBytes)));
    }
    messages?.spend(1);
    bytes?.spend(size);
    return undefined;
  }

  /** Nobody waits any more: the connection ends. */
  release(): void {
    this.#over = true;
    this.#deadline?.cancel();
    this.#resume?.();
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      this.#deadline = this.#host.clock.schedule(milliseconds, resolve);
    });
  }
}
