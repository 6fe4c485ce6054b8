/**
 * The metrics of one plugin as it sees them.
 *
 * @module
 */

import type {
  Counter,
  Gauge,
  Histogram,
  MetricsService,
} from "../../plugins/mod.ts";
import {
  CounterFamily,
  type Family,
  type FamilyOptions,
  GaugeFamily,
  HistogramFamily,
} from "../metrics/family.ts";
import type { Owned, Owner } from "./owned.ts";

/** The metrics of all plugins by their whole names. */
export type PluginMetrics = Owned<Family<unknown>>;

const NAME = /^[a-z][a-z0-9_]*$/;
const LABEL = /^(?!__)[A-Za-z_][A-Za-z0-9_]*$/;
/** For times in seconds. */
const BUCKETS: readonly number[] = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/** Makes the metrics of a plugin. */
export class Metrics implements MetricsService {
  readonly #owner: Owner;
  readonly #all: PluginMetrics;
  readonly #prefix: string;

  /**
   * Creates the service.
   *
   * @param owner The plugin.
   * @param all Where metrics are registered.
   */
  constructor(owner: Owner, all: PluginMetrics) {
    this.#owner = owner;
    this.#all = all;
    const name = owner.name.replace(/[^A-Za-z0-9]+/g, "_").toLowerCase();
    this.#prefix = `dinomq_plugin_${name}_`;
  }

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    const base = name.replace(/_total$/, "");
    const options = this.#options(base, help, labels);
    return this.#register(new CounterFamily(options), CounterFamily);
  }

  gauge(name: string, help: string, labels: readonly string[] = []): Gauge {
    const options = this.#options(name, help, labels);
    return this.#register(new GaugeFamily(options), GaugeFamily);
  }

  histogram(
    name: string,
    help: string,
    labels: readonly string[] = [],
    buckets: readonly number[] = BUCKETS,
  ): Histogram {
    const ascend = buckets.every((bound, i) =>
      Number.isFinite(bound) && (i === 0 || bound > buckets[i - 1])
    );
    if (!ascend || buckets.length === 0) {
      throw new TypeError(
        `Cannot register the metric "${name}": the bounds of its buckets must be numbers that ascend`,
      );
    }
    const options = {
      ...this.#options(name, help, labels),
      buckets: [...buckets],
    };
    return this.#register(new HistogramFamily(options), HistogramFamily);
  }

  #options(
    name: string,
    help: string,
    labels: readonly string[],
  ): FamilyOptions {
    const wrong = !NAME.test(name)
      ? 'a name is of the form "messages_seen"'
      : labels.find((label) => !LABEL.test(label) || label === "le") !==
            undefined || new Set(labels).size < labels.length
      ? 'its labels must be different names of the form "region", and not "le"'
      : undefined;
    if (wrong !== undefined) {
      throw new TypeError(`Cannot register the metric "${name}": ${wrong}`);
    }
    return {
      name: this.#prefix + name,
      help,
      labels: [...labels],
      onTooMany: (metric, most) =>
        this.#owner.logger.warn(
          `The metric ${metric} has ${most} series: others are left out. Use labels with few values`,
        ),
    };
  }

  /** The metric, or the same one that the plugin has registered before. */
  #register<Kind extends Family<unknown>>(
    family: Kind,
    kind: abstract new (...args: never[]) => Kind,
  ): Kind {
    const known = this.#all.of(family.name, this.#owner);
    if (known instanceof kind && sameShape(known, family)) return known;
    for (const other of this.#all.values()) {
      if (other.name === family.name) continue;
      const taken = family.sampleNames.find((name) =>
        other.sampleNames.includes(name) || other.name === name
      );
      if (taken === undefined) continue;
      throw new TypeError(
        `Cannot register ${family.name}: ${taken} belongs to ${other.name}`,
      );
    }
    this.#all.add(family.name, this.#owner, family);
    // One without labels is there from the beginning, as 0.
    void family.single;
    return family;
  }
}

function sameShape(a: Family<unknown>, b: Family<unknown>): boolean {
  const shape = (family: Family<unknown>): string =>
    JSON.stringify([
      family.labelNames,
      family instanceof HistogramFamily ? family.buckets : [],
    ]);
  return shape(a) === shape(b);
}
