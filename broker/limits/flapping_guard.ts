/**
 * Against clients that connect and disconnect without end, such as two that share
 * a client identifier and throw each other out.
 *
 * @module
 */

import { ExpiringTable, shortKey } from "./expiring_table.ts";
import type { GuardHost } from "./login_guard.ts";

interface Connects {
  count: number;
  /** When the window ends. */
  readonly until: number;
}

/** Counts the connections of clients. */
export class FlappingGuard {
  readonly #host: GuardHost;
  readonly #connects = new ExpiringTable<Connects>();
  readonly #banned = new ExpiringTable<true>();

  /**
   * Creates a guard.
   *
   * @param host The limits.
   */
  constructor(host: GuardHost) {
    this.#host = host;
  }

  /**
   * Whether a client has come too often lately.
   *
   * @param clientId The client.
   * @param username Its user name: nobody can have the clients of others refused.
   * @returns Whether it has; it then has been reported.
   */
  refuses(clientId: string, username: string | undefined): boolean {
    const { config, reports } = this.#host;
    const { flappingLimit } = config;
    if (
      flappingLimit === 0 ||
      !this.#banned.get(keyOf(clientId, username), performance.now())
    ) return false;
    reports.reached(
      "flappingLimit",
      clientId,
      "Client refused: it connects too often",
      flappingLimit,
    );
    return true;
  }

  /**
   * A client was accepted.
   *
   * @param clientId The client.
   * @param username Its user name.
   */
  connected(clientId: string, username: string | undefined): void {
    const { flappingLimit, flappingWindow, flappingBanTime } =
      this.#host.config;
    if (flappingLimit === 0) return;
    const now = performance.now();
    const key = keyOf(clientId, username);
    const connects = this.#connects.get(key, now) ??
      { count: 0, until: now + flappingWindow * 1000 };
    connects.count++;
    this.#connects.set(key, connects, connects.until, now);
    if (connects.count < flappingLimit) return;
    this.#connects.delete(key);
    this.#banned.set(key, true, now + flappingBanTime * 1000, now);
  }
}

function keyOf(clientId: string, username: string | undefined): string {
  return `${shortKey(username ?? "")}\n${shortKey(clientId)}`;
}
