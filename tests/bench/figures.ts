/**
 * From runs to figures.
 *
 * @module
 */

import type { Outcome } from "./load/job.ts";
import type { Result } from "./measure.ts";
import type { Scenario } from "./scenarios.ts";

/** One row of the main table: what of a scenario is compared. */
export interface Figure {
  readonly title: string;
  /** The figure of one run; `undefined` where the system does not tell. */
  of(outcome: Outcome): number | undefined;
  /** For people. */
  format(value: number): string;
}

const thousands = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A whole number with commas; three digits are enough for a large one. */
export function count(value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value || 1)) - 2);
  return thousands.format(Math.round(value / unit) * unit);
}

/** CPU microseconds of the broker for each thing counted. */
export function cpuPerCount(outcome: Outcome): number | undefined {
  if (outcome.brokerCpu === undefined || outcome.count === 0) return undefined;
  return outcome.brokerCpu * 1e6 / outcome.count;
}

/** What is compared of a scenario. */
export function figuresOf({ load, title }: Scenario): readonly Figure[] {
  switch (load) {
    case "flood":
      return [{ title, of: perSecond, format: count }];
    case "connect":
      return [{ title, of: perSecond, format: count }];
    case "paced":
      return [
        {
          title: `${title}: CPU per message`,
          of: cpuPerCount,
          format: (value) => `${value.toFixed(1)} µs`,
        },
        {
          title: "The same: latency, median",
          of: ({ latency }) => latency.p50,
          format: (value) => `${value.toFixed(2)} ms`,
        },
        {
          title: "The same: latency, 99th percentile",
          of: ({ latency }) => latency.p99,
          format: (value) => `${value.toFixed(2)} ms`,
        },
      ];
    case "start":
      return [{
        title,
        of: ({ seconds }) => seconds * 1000,
        format: (value) => `${value.toFixed(0)} ms`,
      }];
    case "idle":
      return [{
        title: `${title}: memory for each`,
        of: ({ memoryPerClient }) => memoryPerClient,
        format: (value) => `${(value / 1000).toFixed(1)} kB`,
      }];
  }
}

function perSecond({ count, seconds }: Outcome): number {
  return count / seconds;
}

/**
 * The median of what runs have shown.
 *
 * @param result The runs.
 * @param of The figure of one run.
 * @returns The median, or `undefined` if no run shows one.
 */
export function median(
  { outcomes }: Result,
  of: (outcome: Outcome) => number | undefined,
): number | undefined {
  const values = outcomes.map(of).filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1
    ? values[middle]
    : values.length === 0
    ? undefined
    : (values[middle - 1] + values[middle]) / 2;
}
