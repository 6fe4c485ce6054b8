/**
 * What is printed: tables in Markdown, and what to be careful with.
 *
 * @module
 */

import { count, cpuPerCount, figuresOf, median } from "./figures.ts";
import type { BrokerKind } from "./brokers.ts";
import type { Result } from "./measure.ts";
import { table } from "./table.ts";

/**
 * The main table: a row for each figure, a column for each broker, and how many
 * times the others' figures DinoMQ's are.
 *
 * @param results All results.
 * @param brokers The brokers, the one to compare with the others first.
 */
export function comparison(
  results: readonly Result[],
  brokers: readonly BrokerKind[],
): string {
  const [first, ...others] = brokers;
  const rows = [[
    "Scenario",
    ...brokers.map(({ title }) => title),
    ...others.map(({ title }) => `÷ ${title}`),
  ]];
  for (const scenario of new Set(results.map(({ scenario }) => scenario))) {
    for (const figure of figuresOf(scenario)) {
      const value = (broker: BrokerKind) => {
        const result = results.find((one) =>
          one.scenario === scenario && one.broker === broker
        );
        return result && median(result, figure.of);
      };
      const own = value(first);
      rows.push([
        figure.title,
        ...brokers.map((broker) => text(value(broker), figure.format)),
        ...others.map((other) => {
          const theirs = value(other);
          return own !== undefined && theirs
            ? text(own / theirs, ratio)
            : text(undefined, ratio);
        }),
      ]);
    }
  }
  return table(rows, ["Scenario", "Broker"]);
}

/**
 * The second table: what it took.
 *
 * @param results All results.
 */
export function costs(results: readonly Result[]): string {
  const rows = [[
    "Scenario",
    "Broker",
    "CPU each",
    "Memory",
    "Lost",
    "Generator's CPU",
  ]];
  for (const result of results) {
    const { scenario, broker, outcomes } = result;
    rows.push([
      scenario.name,
      broker.title,
      text(median(result, cpuPerCount), (value) => `${value.toFixed(2)} µs`),
      text(
        median(result, ({ memory }) => memory),
        (value) => `${count(value / 1e6)} MB`,
      ),
      count(outcomes.reduce((sum, { lost }) => sum + lost, 0)),
      text(generatorShare(result), (value) => `${Math.round(value * 100)} %`),
    ]);
  }
  return table(rows, ["Scenario", "Broker"]);
}

/** What is to be known about the figures. */
export function warnings(results: readonly Result[]): string[] {
  const found: string[] = [];
  for (const result of results) {
    const { scenario, broker, errors } = result;
    const what = `${broker.title}, ${scenario.name}`;
    for (const error of errors) found.push(`${what}: a run failed. ${error}`);
    const share = generatorShare(result);
    if (scenario.load !== "paced" && share !== undefined && share > 1) {
      found.push(
        `${what}: the load generator took more CPU than the broker, which could do more than this`,
      );
    }
  }
  return found;
}

/** CPU time of the load generator as a share of the broker's. */
function generatorShare(result: Result): number | undefined {
  return median(
    result,
    ({ ownCpu, brokerCpu }) =>
      ownCpu === undefined || !brokerCpu ? undefined : ownCpu / brokerCpu,
  );
}

function ratio(value: number): string {
  return value >= 99.5 ? count(value) : value.toPrecision(2);
}

function text(
  value: number | undefined,
  format: (value: number) => string,
): string {
  return value === undefined ? "-" : format(value);
}
