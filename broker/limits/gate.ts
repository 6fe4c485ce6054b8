/**
 * Which connections may come in: before a byte of them is read, and before
 * anything is spent on their encryption.
 *
 * @module
 */

import type { Limits, ListenerLimits } from "../config/types.ts";
import { addressKey } from "./address.ts";
import { ExpiringTable } from "./expiring_table.ts";
import type { LimitName, LimitReports } from "./limit_reports.ts";
import { TokenBucket } from "./token_bucket.ts";

// Who sends its CONNECT at once is never closed in favour of others.
const GRACE = 1000;

/** What the gate needs to know; the configuration may be exchanged. */
export interface GateHost {
  /** The limits. */
  readonly config: Pick<Limits, "maxConnections" | "maxPendingConnections">;
  /** Where refusals are counted. */
  readonly reports: LimitReports;
}

/** Lets connections in, or not. */
export class ConnectionGate {
  readonly #host: GateHost;
  /** Open connections by address. */
  readonly #open = new Map<string, number>();
  readonly #rates = new ExpiringTable<TokenBucket>();
  /** Those whose CONNECT has not come, the oldest first. */
  readonly #silent = new Set<Place>();
  /** How many connections are open. */
  open = 0;
  /** How many of them are not authenticated. */
  pending = 0;

  /**
   * Creates a gate.
   *
   * @param host The limits.
   */
  constructor(host: GateHost) {
    this.#host = host;
  }

  /**
   * Lets a connection in if there is a place for it.
   *
   * @param address Address of the client; empty: it has none.
   * @param limits Limits of the listener.
   * @returns Its place, or `undefined` if it is to be closed. The refusal was reported.
   */
  admit(address: string, limits: ListenerLimits): Place | undefined {
    const { config, reports } = this.#host;
    const key = addressKey(address);
    const refuse = (limit: LimitName, value: number): undefined => {
      reports.reached(limit, address, "Connection refused", value);
    };
    const { maxConnections, maxPendingConnections } = config;
    if (key !== "") {
      const { connectionRate, maxConnectionsPerAddress } = limits;
      if (connectionRate > 0 && !this.#mayCome(key, connectionRate)) {
        return refuse("connectionRate", connectionRate);
      }
      if (
        maxConnectionsPerAddress > 0 &&
        (this.#open.get(key) ?? 0) >= maxConnectionsPerAddress
      ) return refuse("maxConnectionsPerAddress", maxConnectionsPerAddress);
    }
    if (maxConnections > 0 && this.open >= maxConnections) {
      return refuse("maxConnections", maxConnections);
    }
    if (
      maxPendingConnections > 0 && this.pending >= maxPendingConnections &&
      !this.#makeRoom(maxPendingConnections)
    ) return refuse("maxPendingConnections", maxPendingConnections);
    return new Place(this, this.#open, this.#silent, address, key);
  }

  /**
   * Reports a connection that was turned away for another reason.
   *
   * @param limit The rule.
   * @param address Address of the client.
   * @param answer What happened to it.
   */
  report(limit: LimitName, address: string, answer: string): void {
    this.#host.reports.reached(limit, address, answer);
  }

  /** Closes the connection that has owed its CONNECT for the longest time. */
  #makeRoom(limit: number): boolean {
    const [oldest] = this.#silent;
    if (oldest === undefined || oldest.since > performance.now() - GRACE) {
      return false;
    }
    this.#host.reports.reached(
      "maxPendingConnections",
      oldest.address,
      "Connection closed, which had not sent its CONNECT",
      limit,
    );
    const { evict } = oldest;
    oldest.release();
    evict?.();
    return true;
  }

  #mayCome(key: string, rate: number): boolean {
    const now = performance.now();
    let bucket = this.#rates.get(key, now);
    if (bucket === undefined || bucket.rate !== rate) {
      bucket = new TokenBucket(rate, now);
    }
    const may = bucket.delay(now) === 0;
    if (may) bucket.spend(1);
    // Full again by then, as a new one is.
    this.#rates.set(key, bucket, now + bucket.refillTime, now);
    return may;
  }
}

/** The place of one connection that was let in. */
export class Place {
  /** Address of the client. */
  readonly address: string;
  /** When it was let in. */
  readonly since: number = performance.now();
  /** Closes the connection; set by whoever has it at the time. */
  evict: (() => void) | undefined = undefined;
  /** Called when the place becomes free; set by the listener. */
  onRelease: (() => void) | undefined = undefined;
  readonly #gate: ConnectionGate;
  readonly #addresses: Map<string, number>;
  readonly #silent: Set<Place>;
  readonly #key: string;
  #pending = true;
  #released = false;

  /** Takes a place; {@linkcode ConnectionGate.admit} does. */
  constructor(
    gate: ConnectionGate,
    addresses: Map<string, number>,
    silent: Set<Place>,
    address: string,
    key: string,
  ) {
    this.#gate = gate;
    this.#addresses = addresses;
    this.#silent = silent;
    this.address = address;
    this.#key = key;
    gate.open++;
    gate.pending++;
    silent.add(this);
    if (key !== "") addresses.set(key, (addresses.get(key) ?? 0) + 1);
  }

  /** The CONNECT has come; it is not decided yet. */
  heard(): void {
    this.#silent.delete(this);
  }

  /** The client is authenticated. */
  authenticated(): void {
    this.heard();
    // An idle connection should not have to keep it.
    this.evict = undefined;
    if (!this.#pending) return;
    this.#pending = false;
    this.#gate.pending--;
  }

  /** The connection has ended. A second call does nothing. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.authenticated();
    this.#gate.open--;
    this.onRelease?.();
    const count = this.#addresses.get(this.#key);
    if (count === undefined) return;
    if (count === 1) this.#addresses.delete(this.#key);
    else this.#addresses.set(this.#key, count - 1);
  }
}
