/**
 * Slows one client down to its rates: its connection is not read for as long as
 * that takes, and TCP makes it wait. Nothing is lost.
 *
 * @module
 */

import type { ListenerLimits } from "../config/types.ts";
import type { LimitReports } from "./limit_reports.ts";
import { TokenBucket } from "./token_bucket.ts";

/** The rates of one client. */
export class Throttle {
  readonly #reports: LimitReports;
  readonly #clientId: string;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;

  /**
   * Makes a client's throttle.
   *
   * @param reports Where it is counted.
   * @param clientId The client, for the log.
   * @param limits The rates.
   * @returns The throttle; `undefined` if there are no rates.
   */
  static of(
    reports: LimitReports,
    clientId: string,
    limits: ListenerLimits,
  ): Throttle | undefined {
    return limits.messageRate > 0 || limits.byteRate > 0
      ? new Throttle(reports, clientId, limits)
      : undefined;
  }

  private constructor(
    reports: LimitReports,
    clientId: string,
    { messageRate, byteRate }: ListenerLimits,
  ) {
    this.#reports = reports;
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
   * @returns 0 if it may; else milliseconds until it is worth asking again.
   */
  take(size: number, isMessage: boolean): number {
    const now = performance.now();
    const messages = isMessage ? this.#messages : undefined;
    const bytes = this.#bytes;
    const forMessages = messages?.delay(now) ?? 0;
    const forBytes = bytes?.delay(now) ?? 0;
    if (forMessages === 0 && forBytes === 0) {
      messages?.spend(1);
      bytes?.spend(size);
      return 0;
    }
    const isMore = forMessages > forBytes;
    this.#reports.reached(
      isMore ? "messageRate" : "byteRate",
      this.#clientId,
      "Client slowed down",
      isMore ? messages!.rate : bytes!.rate,
    );
    return Math.ceil(Math.max(forMessages, forBytes));
  }
}
