/**
 * Watches how much memory the process uses. When it is nearly all, the broker keeps
 * nothing new: what it has, it goes on serving. Otherwise the process would end, and
 * with it every client.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import { ReasonCode } from "../../codec/reason_codes.ts";
import type { PluginManager } from "../../plugins/manager.ts";
import type { Logger } from "../../plugins/mod.ts";
import type { Clock } from "../clock.ts";
import type { Limits } from "../config/types.ts";
import { collectGarbage } from "../garbage.ts";
import { LimitError } from "./limit_error.ts";

/** Milliseconds between two looks. */
const INTERVAL = 200;
/** After how many things that stay it looks, too. */
const OFTEN = 32;
/** Bytes of a packet for which there is always room. */
const SMALL_PACKET = 1 << 16;
/** The part of what there is that may be used. */
const SHARE = 0.8;
/** Below this part of what may be used, it is over. */
const RELIEVED = 0.9;

/** Milliseconds until garbage is collected again, at least, */
const SHORTEST_PAUSE = 1000;
/** and how many times as long as collecting took: everybody waits meanwhile. */
const PAUSE = 50;
/** The part of V8's limit that only objects have that have just been made. */
const YOUNG = 96 * 2 ** 20;

/** How much memory is used, in bytes. */
export interface MemoryUse {
  /** Objects. */
  readonly heap: number;
  /** What V8 has for objects that stay. */
  readonly heapLimit: number;
  /** Buffers, outside the heap. */
  readonly buffers: number;
}

/** Whom the guard serves. */
export interface MemoryGuardHost {
  readonly config: Pick<Limits, "maxMemory">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly plugins: Pick<PluginManager, "emit">;
  readonly stats: KeptThings;
}

/** How many things there are that take memory for as long as they are there. */
interface KeptThings {
  readonly clientsConnected: number;
  readonly clientsDisconnected: number;
  readonly subscriptions: number;
  readonly retained: number;
  readonly queued: number;
}

/** What the guard needs of the runtime. */
export interface MemoryTools {
  measure(): MemoryUse;
  /** Throws away what nobody uses. */
  collect(): Promise<void>;
  /** Milliseconds since some moment. */
  now(): number;
}

/** Says whether there is memory for more. */
export class MemoryGuard {
  readonly #host: MemoryGuardHost;
  readonly #tools: MemoryTools;
  readonly #system: number = systemMemory();
  /** Whether so much is used that nothing new is to be kept. */
  exceeded = false;
  #asked = 0;
  /** What there was when garbage was collected last. */
  #keptThen = Infinity;
  /** When it is collected next: if much has gone, and otherwise. */
  #soonest = 0;
  #collectAt = 0;
  /** Whether the world knows. */
  #announced = false;

  /**
   * Creates a guard.
   *
   * @param host The broker.
   * @param tools Those of the runtime.
   */
  constructor(host: MemoryGuardHost, tools: MemoryTools = RUNTIME) {
    this.#host = host;
    this.#tools = tools;
  }

  /**
   * Whether there is memory for one thing more that stays: a session, a
   * subscription, a message. Many of them may come between two looks.
   */
  hasRoom(): boolean {
    if (++this.#asked % OFTEN === 0) this.look();
    return !this.exceeded;
  }

  /**
   * Has a client that has begun to send a large packet go on, if there is memory for it.
   *
   * @param size Size of the packet in bytes.
   * @returns The size.
   */
  admit(size: number): number {
    if (size <= SMALL_PACKET || this.hasRoom()) return size;
    throw new LimitError(
      "maxMemory",
      ReasonCode.QuotaExceeded,
      `the broker is short of memory for a packet of ${size} bytes`,
    );
  }

  /** Looks now, and again and again until the clock is cleared. */
  watch(): void {
    this.look();
    this.#host.clock.schedule(INTERVAL, () => this.watch());
  }

  /** Looks how much is used. */
  look(): void {
    const used = this.#used();
    if (used > 1) this.exceeded = true;
    else if (used < RELIEVED) this.#relieve();
    if (this.exceeded) this.#collect();
  }

  /** How much is used as a part of what may be. */
  #used(): number {
    const { heap, heapLimit, buffers } = this.#tools.measure();
    const { maxMemory } = this.#host.config;
    const most = maxMemory > 0 ? maxMemory : this.#system * SHARE;
    return Math.max((heap + buffers) / most, heap / (heapLimit * SHARE));
  }

  /**
   * Part of what is used may be garbage. Looking for it holds everybody up, so it is
   * done seldom, unless much has gone since.
   */
  #collect(): void {
    const { stats } = this.#host;
    const kept = stats.clientsConnected + stats.clientsDisconnected +
      stats.subscriptions + stats.retained + stats.queued;
    const now = this.#tools.now();
    const muchHasGone = kept < this.#keptThen * RELIEVED;
    if (now < (muchHasGone ? this.#soonest : this.#collectAt)) return;
    this.#keptThen = kept;
    this.#soonest = this.#collectAt = Infinity;
    this.#tools.collect().then(() => {
      const end = this.#tools.now();
      this.#soonest = end + SHORTEST_PAUSE;
      this.#collectAt = Math.max(this.#soonest, end + (end - now) * PAUSE);
      if (this.#used() > RELIEVED) this.#announce();
      else this.#relieve();
    });
  }

  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    const { heap, buffers } = this.#tools.measure();
    const message = `${
      Math.round((heap + buffers) / 2 ** 20)
    } MiB of memory are used: no new sessions, subscriptions and retained messages, and no messages that would have to wait`;
    this.#host.logger.warn(message, { limit: "max-memory" });
    this.#host.plugins.emit("onBrokerAlarmRaised", {
      alarm: "memory",
      message,
    });
  }

  #relieve(): void {
    this.exceeded = false;
    this.#keptThen = Infinity;
    if (!this.#announced) return;
    this.#announced = false;
    this.#host.logger.warn("There is memory again");
    this.#host.plugins.emit("onBrokerAlarmCleared", { alarm: "memory" });
  }
}

const RUNTIME: MemoryTools = {
  measure,
  // In a turn of its own: whoever is asking goes on first.
  collect: () => Promise.resolve().then(() => collectGarbage()),
  now: () => performance.now(),
};

function measure(): MemoryUse {
  const { used_heap_size, heap_size_limit, external_memory } =
    getHeapStatistics();
  return {
    heap: used_heap_size,
    heapLimit: heap_size_limit - YOUNG,
    buffers: external_memory,
  };
}

/** The memory of the machine, or of the container; `Infinity` without the right to know. */
function systemMemory(): number {
  const permission = { name: "sys", kind: "systemMemoryInfo" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") {
    return Infinity;
  }
  return Deno.systemMemoryInfo().total;
}
