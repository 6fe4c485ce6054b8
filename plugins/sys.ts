/**
 * Publishes the state of the broker under `$SYS/broker/`. Follows aMQTT's
 * `BrokerSysPlugin`, with the same 24 topics, and one for each limit that was reached.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `sys-interval` | seconds, or `null` | `20` | Time between two publications; `0` or `null`: only the version |
 *
 * ```yaml
 * plugins:
 *   sys:
 *     sys-interval: 10
 * ```
 *
 * `version` is a retained message. The others are published at every interval and
 * are not retained; fractions have three decimals.
 *
 * | Topic | Value |
 * |---|---|
 * | `version` | `DinoMQ x.y.z` |
 * | `load/bytes/received`, `load/bytes/sent` | Bytes since the start |
 * | `messages/received`, `messages/sent` | Packets of any type since the start |
 * | `messages/publish/received`, `messages/publish/sent` | PUBLISH packets since the start |
 * | `messages/inflight`, `…/in`, `…/out` | Messages that are not acknowledged yet |
 * | `messages/inflight/stored` | Messages that wait in queues, and retained messages |
 * | `messages/retained/count` | Retained messages |
 * | `messages/subscriptions/count` | Subscriptions |
 * | `clients/connected`, `clients/disconnected`, `clients/total` | Sessions with, without a connection, and both |
 * | `clients/maximum` | The most clients that were connected at one time |
 * | `time` | Seconds since 1970 |
 * | `uptime` | Seconds since the start |
 * | `uptime/formatted` | Time of the start, UTC |
 * | `heap/size`, `heap/maximum` | Memory of the process now and at most, in MB |
 * | `cpu/percent`, `cpu/maximum` | Use of the processor in the last interval and at most; 100 is one core |
 * | `limits/<key>` | How often the limit of that name in the configuration was reached, such as `limits/max-connections`; not there before it was |
 *
 * @module
 */

import process from "node:process";
import * as v from "valibot";
import denoJson from "../deno.json" with { type: "json" };
import { BasePlugin, type ConfigChange, type StandardSchema } from "./mod.ts";

/** The options of {@linkcode Sys}. */
export interface SysOptions {
  /** Seconds between two publications; 0 or `null`: only the version. Default: 20. */
  sysInterval: number | null;
}

const ROOT = "$SYS/broker/";
// A timer's delay is a 32-bit number of milliseconds.
const MAX_SECONDS = 2_147_483;

/** Publishes counters at an interval. */
export default class Sys extends BasePlugin<SysOptions> {
  /** Checks the options. */
  static override config: StandardSchema<SysOptions> = v.strictObject({
    sysInterval: v.optional(
      v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_SECONDS))),
      20,
    ),
  });

  /** What the topic `version` holds. */
  static readonly version: string = `DinoMQ ${denoJson.version}`;

  #round = 0;
  #heapMaximum = 0;
  #cpuMaximum = 0;
  #cpuMicroseconds = 0;
  #cpuReadAt = 0;

  /** Retains the version and starts the interval. */
  override readonly onBrokerPostStart: () => void = () => this.#start();

  #start(): void {
    this.context.retained.set(`${ROOT}version`, Sys.version);
    this.#repeat(this.config.sysInterval);
  }

  /**
   * Takes another interval.
   *
   * @param config The new options.
   * @returns What takes it into use.
   */
  override onConfigChanged({ sysInterval }: SysOptions): ConfigChange {
    const isSame = sysInterval === this.config.sysInterval;
    return () => {
      if (!isSame) this.#repeat(sysInterval);
    };
  }

  #repeat(seconds: number | null): void {
    // An earlier interval has nothing more to do.
    const round = ++this.#round;
    if (!seconds) {
      this.context.logger.warn(
        `"sys-interval" is ${seconds}: of $SYS only the version is published`,
      );
      return;
    }
    this.#cpuPercent();
    this.context.setInterval(() => {
      if (round === this.#round) this.#publish();
    }, seconds * 1000);
  }

  #publish(): void {
    for (const [name, value] of Object.entries(this.#values())) {
      const text = typeof value === "number" ? value.toString() : value;
      this.context.publish(ROOT + name, text);
    }
    const { limits } = this.context.stats();
    for (const [name, count] of Object.entries(limits)) {
      this.context.publish(
        `${ROOT}limits/${inConfiguration(name)}`,
        `${count}`,
      );
    }
  }

  #values(): Record<string, string | number> {
    const stats = this.context.stats();
    const now = Date.now();
    const heap = Deno.memoryUsage().rss / 1024 / 1024;
    this.#heapMaximum = Math.max(this.#heapMaximum, heap);
    const cpu = this.#cpuPercent();
    this.#cpuMaximum = Math.max(this.#cpuMaximum, cpu);
    return {
      "load/bytes/received": stats.bytesReceived,
      "load/bytes/sent": stats.bytesSent,
      "messages/received": stats.packetsReceived,
      "messages/sent": stats.packetsSent,
      "time": Math.floor(now / 1000),
      "uptime": Math.floor((now - stats.startedAt) / 1000),
      "uptime/formatted": formatTime(stats.startedAt),
      "clients/connected": stats.clientsConnected,
      "clients/disconnected": stats.clientsDisconnected,
      "clients/maximum": stats.clientsMaximum,
      "clients/total": stats.clientsConnected + stats.clientsDisconnected,
      "messages/inflight": stats.inflightIn + stats.inflightOut,
      "messages/inflight/in": stats.inflightIn,
      "messages/inflight/out": stats.inflightOut,
      "messages/inflight/stored": stats.queued + stats.retained,
      "messages/publish/received": stats.publishReceived,
      "messages/publish/sent": stats.publishSent,
      "messages/retained/count": stats.retained,
      "messages/subscriptions/count": stats.subscriptions,
      "heap/size": heap.toFixed(3),
      "heap/maximum": this.#heapMaximum.toFixed(3),
      "cpu/percent": cpu.toFixed(3),
      "cpu/maximum": this.#cpuMaximum.toFixed(3),
    };
  }

  /** The use of the processor since the last call. */
  #cpuPercent(): number {
    const { user, system } = process.cpuUsage();
    const used = user + system - this.#cpuMicroseconds;
    const now = performance.now();
    const elapsed = (now - this.#cpuReadAt) * 1000;
    this.#cpuMicroseconds = user + system;
    this.#cpuReadAt = now;
    return elapsed > 0 ? Math.max(0, used / elapsed * 100) : 0;
  }
}

/** The name of a key as files spell it: `max-connections`. */
function inConfiguration(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** aMQTT's spelling: `2025-01-31 12:00:00+00:00`. */
function formatTime(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}+00:00`;
}
