/**
 * Watches how much memory the process uses. When it is nearly all, the broker keeps
 * nothing new: what it has, it goes on serving. Otherwise the process would end, and
 * with it every client.
 *
 * @module
 */

import { getHeapStatistics } from "node:v8";
import type { PluginManager } from "../../plugins/manager.ts";
import type { Logger } from "../../plugins/mod.ts";
import type { Clock } from "../clock.ts";
import type { Limits } from "../config/types.ts";

/** Milliseconds between two looks. */
const INTERVAL = 200;
/** After how many things that stay it looks, too. */
const OFTEN = 32;
/** The part of what there is that may be used. */
const SHARE = 0.8;
/** Below this part of what may be used, it is over. */
const RELIEVED = 0.9;

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
}

/** Says whether there is memory for more. */
export class MemoryGuard {
  readonly #host: MemoryGuardHost;
  readonly #measure: () => MemoryUse;
  readonly #system: number = systemMemory();
  /** Whether so much is used that nothing new is to be kept. */
  exceeded = false;
  #asked = 0;

  /**
   * Creates a guard.
   *
   * @param host The broker.
   * @param measure Measures the memory.
   */
  constructor(host: MemoryGuardHost, measure: () => MemoryUse = measureMemory) {
    this.#host = host;
    this.#measure = measure;
  }

  /**
   * Whether there is memory for one thing more that stays: a session, a
   * subscription, a message. Many of them may come between two looks.
   */
  hasRoom(): boolean {
    if (++this.#asked % OFTEN === 0) this.look();
    return !this.exceeded;
  }

  /** Looks now, and again and again until the clock is cleared. */
  watch(): void {
    this.look();
    this.#host.clock.schedule(INTERVAL, () => this.watch());
  }

  /** Looks how much is used. */
  look(): void {
    const { heap, heapLimit, buffers } = this.#measure();
    const { maxMemory } = this.#host.config;
    const most = maxMemory > 0 ? maxMemory : this.#system * SHARE;
    const used = Math.max((heap + buffers) / most, heap / (heapLimit * SHARE));
    if (used > 1) this.#exceed(heap + buffers);
    else if (used < RELIEVED) this.#relieve();
  }

  #exceed(bytes: number): void {
    if (this.exceeded) return;
    this.exceeded = true;
    const message = `${
      Math.round(bytes / 2 ** 20)
    } MiB of memory are used: no new sessions, subscriptions and retained messages, and no messages that would have to wait`;
    this.#host.logger.warn(message, { limit: "max-memory" });
    this.#host.plugins.emit("onBrokerAlarmRaised", {
      alarm: "memory",
      message,
    });
  }

  #relieve(): void {
    if (!this.exceeded) return;
    this.exceeded = false;
    this.#host.logger.warn("There is memory again");
    this.#host.plugins.emit("onBrokerAlarmCleared", { alarm: "memory" });
  }
}

function measureMemory(): MemoryUse {
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
