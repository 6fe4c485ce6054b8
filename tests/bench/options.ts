/**
 * The flags of `deno task bench`.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { type BrokerKind, BROKERS } from "./brokers.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";

/** What `--help` shows. */
export const USAGE: string =
  `Measures DinoMQ, mosquitto and aedes on this machine.

Usage: deno task bench [OPTIONS]

Options:
  --scenario NAME  Only this scenario; may be given several times:
                   ${wrapped(SCENARIOS.map(({ name }) => name))}
  --broker NAME    Only this broker; may be given several times:
                   ${BROKERS.map(({ name }) => name).join(", ")}
  --runs N         Runs of each, of which the median counts. Default: 3
  --quick          One short run of each of the main scenarios, about a minute
  --json FILE      Writes all runs to FILE, too
  --help           Shows this text

mosquitto must be in the PATH, aedes comes from npm; what is not there is left out.
Close other programs: what they take from the CPU, the brokers lack.
`;

/** What is to be measured, and how. */
export interface BenchOptions {
  readonly scenarios: readonly Scenario[];
  readonly brokers: readonly BrokerKind[];
  /** Runs of each scenario. */
  readonly runs: number;
  /** Milliseconds before and while it is measured. */
  readonly warmUp: number;
  readonly window: number;
  /** Milliseconds that idle clients stay. */
  readonly idle: number;
  /** Where all runs are written. */
  readonly json: string | undefined;
}

/** A command line that cannot be understood. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Reads the arguments of the command line.
 *
 * @param args The arguments.
 * @returns What they ask for; `undefined` if it is help.
 * @throws {UsageError} If a flag is not known or has a wrong value.
 */
export function parseOptions(
  args: readonly string[],
): BenchOptions | undefined {
  const flags = parseArgs([...args], {
    string: ["scenario", "broker", "runs", "json"],
    boolean: ["quick", "help"],
    collect: ["scenario", "broker"],
    unknown: (argument) => {
      throw new UsageError(`Cannot use "${argument}": there is no such flag`);
    },
  });
  if (flags.help) return undefined;
  const { quick, json } = flags;
  if (json === "") throw new UsageError("Cannot use --json: it needs a file");
  const usual = SCENARIOS.filter(({ thorough }) => !quick || !thorough);
  return {
    scenarios: chosen("scenario", flags.scenario, SCENARIOS, usual),
    brokers: chosen("broker", flags.broker, BROKERS, BROKERS),
    runs: runs(flags.runs ?? (quick ? "1" : "3")),
    warmUp: quick ? 400 : 500,
    window: quick ? 400 : 1000,
    idle: quick ? 1000 : 3000,
    json,
  };
}

function chosen<T extends { readonly name: string }>(
  flag: string,
  names: readonly string[],
  all: readonly T[],
  usual: readonly T[],
): readonly T[] {
  for (const name of names) {
    if (all.some((one) => one.name === name)) continue;
    const known = all.map((one) => one.name).join(", ");
    throw new UsageError(
      `Cannot use --${flag} "${name}": it must be one of ${known}`,
    );
  }
  if (names.length === 0) return usual;
  return all.filter((one) => names.includes(one.name));
}

function runs(text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new UsageError(
    `Cannot use --runs "${text}": it must be a number from 1 to 99`,
  );
}

function wrapped(names: readonly string[]): string {
  return names.reduce((text, name) => {
    const last = text.slice(text.lastIndexOf("\n") + 1);
    const separator = last.length + name.length > 55
      ? `,\n${" ".repeat(19)}`
      : ", ";
    return text === "" ? name : `${text}${separator}${name}`;
  }, "");
}
