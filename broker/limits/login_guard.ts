/**
 * Against those who try passwords: what fails again and again is answered later
 * and later, and then not looked at for a while.
 *
 * @module
 */

import type { Limits } from "../config/types.ts";
import { addressKey } from "./address.ts";
import { ExpiringTable, shortKey } from "./expiring_table.ts";
import type { LimitReports } from "./limit_reports.ts";

// Milliseconds before the answer to the second failure; each later one takes twice as long.
const FIRST_DELAY = 100;
const LONGEST_DELAY = 5000;
// How long it is remembered that a user came from an address.
const ACQUAINTANCE = 24 * 3600 * 1000;

/** What the guard needs to know; the configuration may be exchanged. */
export interface GuardHost {
  /** The limits. */
  readonly config: Limits;
  /** Where refusals are counted. */
  readonly reports: LimitReports;
}

interface Failures {
  count: number;
  /** When they are forgotten. */
  until: number;
}

/**
 * Counts the failed logins of addresses and of user names.
 *
 * A stranger must not be able to lock out a user, nor a whole house behind one
 * address: a user who logged in from an address before is let through to its
 * password, until it fails too often from there itself.
 */
export class LoginGuard {
  readonly #host: GuardHost;
  readonly #addresses = new ExpiringTable<Failures>();
  readonly #users = new ExpiringTable<Failures>();
  /** Users together with the addresses that they logged in from, and their failures since. */
  readonly #known = new ExpiringTable<Failures>();

  /**
   * Creates a guard.
   *
   * @param host The limits.
   */
  constructor(host: GuardHost) {
    this.#host = host;
  }

  /**
   * Whether a login is refused without a look at the password.
   *
   * @param address Address of the client.
   * @param username User name, if it sent one.
   * @returns Whether it is; it then has been reported.
   */
  refuses(address: string, username: string | undefined): boolean {
    const { config, reports } = this.#host;
    const now = performance.now();
    const limit = this.#isOver(this.#addresses, addressKey(address), now)
      ? "maxLoginFailuresPerAddress"
      : username !== undefined &&
          this.#isOver(this.#users, shortKey(username), now)
      ? "maxLoginFailuresPerUser"
      : undefined;
    if (limit === undefined || this.#isKnown(address, username, now)) {
      return false;
    }
    const who = limit === "maxLoginFailuresPerUser" ? username! : address;
    reports.reached(limit, who, "Login refused", config[limit]);
    return true;
  }

  /**
   * A login has failed.
   *
   * @param address Address of the client.
   * @param username User name, if it sent one.
   * @returns Milliseconds that the answer has to wait.
   */
  failed(address: string, username: string | undefined): number {
    const now = performance.now();
    const count = Math.max(
      address === "" ? 0 : this.#count(
        this.#addresses,
        addressKey(address),
        "maxLoginFailuresPerAddress",
        now,
      ),
      username === undefined ? 0 : this.#count(
        this.#users,
        shortKey(username),
        "maxLoginFailuresPerUser",
        now,
      ),
    );
    const known = username !== undefined &&
      this.#known.get(pairKey(address, username), now);
    if (known) known.count++;
    if (count < 2) return 0;
    return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (count - 2));
  }

  /**
   * A login has succeeded.
   *
   * @param address Address of the client.
   * @param username User name, if it sent one.
   */
  succeeded(address: string, username: string | undefined): void {
    if (username === undefined) return;
    const now = performance.now();
    const until = now + ACQUAINTANCE;
    this.#known.set(
      pairKey(address, username),
      { count: 0, until },
      until,
      now,
    );
  }

  #count(
    table: ExpiringTable<Failures>,
    key: string,
    limit: "maxLoginFailuresPerAddress" | "maxLoginFailuresPerUser",
    now: number,
  ): number {
    const { config } = this.#host;
    const most = config[limit];
    if (most === 0) return 0;
    const time = config.loginBanTime * 1000;
    const failures = table.get(key, now) ?? { count: 0, until: now + time };
    failures.count++;
    // From the first failure on, or, when there were too many, from the last one on.
    if (failures.count >= most) failures.until = now + time;
    table.set(key, failures, failures.until, now);
    return failures.count;
  }

  #isOver(
    table: ExpiringTable<Failures>,
    key: string,
    now: number,
  ): boolean {
    const { config } = this.#host;
    const most = table === this.#users
      ? config.maxLoginFailuresPerUser
      : config.maxLoginFailuresPerAddress;
    return most > 0 && (table.get(key, now)?.count ?? 0) >= most;
  }

  #isKnown(
    address: string,
    username: string | undefined,
    now: number,
  ): boolean {
    if (username === undefined) return false;
    const known = this.#known.get(pairKey(address, username), now);
    if (known === undefined) return false;
    const { maxLoginFailuresPerAddress, maxLoginFailuresPerUser } =
      this.#host.config;
    // 0 is no limit.
    const most = Math.min(
      maxLoginFailuresPerAddress || Infinity,
      maxLoginFailuresPerUser || Infinity,
    );
    return known.count < most;
  }
}

function pairKey(address: string, username: string): string {
  return `${addressKey(address)}\n${shortKey(username)}`;
}
