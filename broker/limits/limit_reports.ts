/**
 * What happens when a limit is reached: it is counted, and it is logged once for
 * each client and interval. A flood must not become a flood of the log.
 *
 * @module
 */

import type { Logger } from "../../plugins/mod.ts";
import { BROKER_LIMITS, LISTENER_LIMITS } from "../config/limit_schema.ts";
import type { Limits } from "../config/types.ts";
import { shortKey } from "./expiring_table.ts";

/**
 * What was reached: the limit by its name in the configuration, or a rule that
 * turns clients away.
 */
export type LimitName =
  | Exclude<keyof Limits, "maxKeepAlive" | "sessionExpiryInterval">
  | "clientIdConflict"
  | "proxyProtocol";

/** Of the keys among the limits, those that nobody can reach. */
const NEVER_REACHED: readonly string[] = [
  "maxKeepAlive",
  "sessionExpiryInterval",
  "loginBanTime",
  "flappingWindow",
  "flappingBanTime",
];

/** The limits that can be reached. */
export const LIMIT_NAMES: readonly LimitName[] = [
  ...Object.keys({ ...LISTENER_LIMITS, ...BROKER_LIMITS })
    .filter((name) => !NEVER_REACHED.includes(name)) as LimitName[],
  "clientIdConflict",
  "proxyProtocol",
];

/** How often each limit was reached; those that never were are absent. */
export type LimitCounts = Partial<Record<LimitName, number>>;

/** Milliseconds between two lines about the same limit and client. */
const INTERVAL = 10_000;
// Of longer names the beginning is logged.
const LONGEST_NAME = 128;
// With more clients than that, one line for each limit has to do.
const MOST_CLIENTS = 1000;

/** Counts and logs. */
export class LimitReports {
  readonly #logger: Logger;
  readonly #counts: LimitCounts;
  readonly #silences = new Map<LimitName, Silences>();

  /**
   * Creates the reports of a broker.
   *
   * @param logger Where the warnings go.
   * @param counts Where it is counted.
   */
  constructor(logger: Logger, counts: LimitCounts) {
    this.#logger = logger;
    this.#counts = counts;
  }

  /**
   * A client has reached a limit.
   *
   * @param limit Which one.
   * @param who Client identifier, user name or address.
   * @param answer What happens because of it, for the log.
   * @param value The limit's value, for the log.
   */
  reached(
    limit: LimitName,
    who: string,
    answer: string,
    value?: number | string,
  ): void {
    this.#counts[limit] = (this.#counts[limit] ?? 0) + 1;
    let silences = this.#silences.get(limit);
    if (silences === undefined) {
      this.#silences.set(limit, silences = new Silences());
    }
    const unlogged = silences.end(shortKey(who));
    if (unlogged === undefined) return;
    this.#logger.warn(answer, {
      limit: inConfiguration(limit),
      ...(value !== undefined && { value }),
      ...(who !== "" && { who: who.slice(0, LONGEST_NAME) }),
      ...(unlogged > 0 && { unlogged }),
    });
  }
}

/**
 * The name of a limit as files spell it.
 *
 * @param limit The name in camelCase.
 * @returns For example `max-connections`.
 */
export function inConfiguration(limit: string): string {
  return limit.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

interface Silence {
  until: number;
  unlogged: number;
}

/** About which clients nothing is to be logged for now. */
class Silences {
  readonly #clients = new Map<string, Silence>();
  /** For all clients that found no place in the table. */
  readonly #others: Silence = { until: 0, unlogged: 0 };
  #sweepAt = 0;

  /** How many lines were left out before, or `undefined` if this one is left out, too. */
  end(who: string): number | undefined {
    const now = performance.now();
    const silence = this.#of(who, now);
    if (now < silence.until) {
      silence.unlogged++;
      return undefined;
    }
    const { unlogged } = silence;
    silence.until = now + INTERVAL;
    silence.unlogged = 0;
    return unlogged;
  }

  #of(who: string, now: number): Silence {
    const clients = this.#clients;
    let silence = clients.get(who);
    if (silence !== undefined) return silence;
    if (clients.size >= MOST_CLIENTS && now >= this.#sweepAt) {
      this.#sweepAt = now + INTERVAL;
      for (const [other, { until }] of clients) {
        if (until <= now) clients.delete(other);
      }
    }
    if (clients.size >= MOST_CLIENTS) return this.#others;
    clients.set(who, silence = { until: 0, unlogged: 0 });
    return silence;
  }
}
