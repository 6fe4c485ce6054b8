/**
 * Counters, gauges and histograms, each with its series: one for each combination
 * of label values.
 *
 * @module
 */

import type {
  Counter,
  Gauge,
  Histogram,
  LabelValues,
} from "../../plugins/mod.ts";
import { type Metric, number, type Sample } from "./exposition.ts";

/** Most series of one metric. */
const MOST_SERIES = 10_000;

/** What a metric is. */
export interface FamilyOptions {
  /** Its whole name. */
  readonly name: string;
  /** What it means. */
  readonly help: string;
  /** Names of its labels. */
  readonly labels: readonly string[];
  /** Told once when it has too many series. */
  readonly onTooMany: (name: string, most: number) => void;
}

/** One metric with all its series. */
export abstract class Family<Series> implements Metric {
  abstract readonly type: Metric["type"];
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly #onTooMany: FamilyOptions["onTooMany"];
  readonly #series = new Map<string, Entry<Series>>();
  #lost: Series | undefined;

  constructor({ name, help, labels, onTooMany }: FamilyOptions) {
    this.name = name;
    this.help = help;
    this.labelNames = labels;
    this.#onTooMany = onTooMany;
  }

  /** The names of its samples. */
  abstract get sampleNames(): readonly string[];

  protected abstract create(): Series;

  protected abstract samplesOf(
    series: Series,
    labels: Sample["labels"],
  ): Iterable<Sample>;

  /** The only series of a metric without labels. */
  get single(): Series | undefined {
    return this.labelNames.length > 0 ? undefined : this.#find([]);
  }

  /** The series of some label values. */
  of(values: LabelValues): Series {
    const { labelNames, name } = this;
    for (const label of Object.keys(values)) {
      if (!labelNames.includes(label)) {
        throw new TypeError(`The metric ${name} has no label "${label}"`);
      }
    }
    return this.#find(labelNames.map((label) => {
      const value = values[label];
      if (value !== undefined && value !== null) return String(value);
      throw new TypeError(`The metric ${name} needs the label "${label}"`);
    }));
  }

  get samples(): Iterable<Sample> {
    return this.#samples();
  }

  *#samples(): Iterable<Sample> {
    for (const { series, labels } of this.#series.values()) {
      yield* this.samplesOf(series, labels);
    }
  }

  #find(values: readonly string[]): Series {
    const key = values.length === 1 ? values[0] : JSON.stringify(values);
    const known = this.#series.get(key);
    if (known !== undefined) return known.series;
    if (this.#series.size >= MOST_SERIES) {
      if (this.#lost === undefined) this.#onTooMany(this.name, MOST_SERIES);
      return this.#lost ??= this.create();
    }
    const labels = values.map((value, i) =>
      [this.labelNames[i], value.toWellFormed()] as const
    );
    const series = this.create();
    this.#series.set(key, { series, labels });
    return series;
  }
}

interface Entry<Series> {
  readonly series: Series;
  readonly labels: Sample["labels"];
}

/** Refuses to measure without the values of labels. */
function needLabels(family: { name: string; labelNames: readonly string[] }) {
  return new TypeError(
    `The metric ${family.name} has labels: call labels({ ${
      family.labelNames.join(", ")
    } }) first`,
  );
}

/** A counter's value. */
class Count implements Counter {
  value = 0;
  readonly #family: CounterFamily;

  constructor(family: CounterFamily) {
    this.#family = family;
  }

  inc(by = 1): void {
    if (!(by >= 0 && by < Infinity)) {
      throw new RangeError(
        `Cannot count ${by}: ${this.#family.name} only grows`,
      );
    }
    this.value += by;
  }

  labels(values: LabelValues): Counter {
    return this.#family.of(values);
  }
}

/** A counter with its series. */
export class CounterFamily extends Family<Count> implements Counter {
  readonly type = "counter";

  get sampleNames(): readonly string[] {
    return [`${this.name}_total`];
  }

  inc(by?: number): void {
    const { single } = this;
    if (single === undefined) throw needLabels(this);
    single.inc(by);
  }

  labels(values: LabelValues): Counter {
    return this.of(values);
  }

  protected create(): Count {
    return new Count(this);
  }

  protected samplesOf({ value }: Count, labels: Sample["labels"]): Sample[] {
    return [{ suffix: "_total", labels, value }];
  }
}

/** A gauge's value. */
class Level implements Gauge {
  value = 0;
  readonly #family: GaugeFamily;

  constructor(family: GaugeFamily) {
    this.#family = family;
  }

  set(value: number): void {
    this.value = Number(value);
  }

  inc(by = 1): void {
    this.value += by;
  }

  dec(by = 1): void {
    this.value -= by;
  }

  labels(values: LabelValues): Gauge {
    return this.#family.of(values);
  }
}

/** A gauge with its series. */
export class GaugeFamily extends Family<Level> implements Gauge {
  readonly type = "gauge";

  get sampleNames(): readonly string[] {
    return [this.name];
  }

  set(value: number): void {
    this.#only.set(value);
  }

  inc(by?: number): void {
    this.#only.inc(by);
  }

  dec(by?: number): void {
    this.#only.dec(by);
  }

  labels(values: LabelValues): Gauge {
    return this.of(values);
  }

  get #only(): Level {
    const { single } = this;
    if (single === undefined) throw needLabels(this);
    return single;
  }

  protected create(): Level {
    return new Level(this);
  }

  protected samplesOf({ value }: Level, labels: Sample["labels"]): Sample[] {
    return [{ suffix: "", labels, value }];
  }
}

/** A histogram's counts. */
class Counts implements Histogram {
  /** One for each bound, and one for what is larger. */
  readonly counts: number[];
  sum = 0;
  readonly #family: HistogramFamily;

  constructor(family: HistogramFamily) {
    this.#family = family;
    this.counts = new Array(family.buckets.length + 1).fill(0);
  }

  observe(value: number): void {
    const { buckets, name } = this.#family;
    if (!Number.isFinite(value)) {
      throw new RangeError(`Cannot observe ${value} in ${name}`);
    }
    let i = 0;
    while (i < buckets.length && value > buckets[i]) i++;
    this.counts[i]++;
    this.sum += value;
  }

  labels(values: LabelValues): Histogram {
    return this.#family.of(values);
  }
}

/** A histogram with its series. */
export class HistogramFamily extends Family<Counts> implements Histogram {
  readonly type = "histogram";
  readonly buckets: readonly number[];

  constructor(
    options: FamilyOptions & { readonly buckets: readonly number[] },
  ) {
    super(options);
    this.buckets = options.buckets;
  }

  get sampleNames(): readonly string[] {
    return ["_bucket", "_sum", "_count"].map((suffix) => this.name + suffix);
  }

  observe(value: number): void {
    const { single } = this;
    if (single === undefined) throw needLabels(this);
    single.observe(value);
  }

  labels(values: LabelValues): Histogram {
    return this.of(values);
  }

  protected create(): Counts {
    return new Counts(this);
  }

  protected *samplesOf(
    { counts, sum }: Counts,
    labels: Sample["labels"],
  ): Iterable<Sample> {
    let total = 0;
    for (const [i, count] of counts.entries()) {
      total += count;
      const le = number(this.buckets[i] ?? Infinity);
      yield {
        suffix: "_bucket",
        labels: [...labels, ["le", le]],
        value: total,
      };
    }
    yield { suffix: "_sum", labels, value: sum };
    yield { suffix: "_count", labels, value: total };
  }
}
