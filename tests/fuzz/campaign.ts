/**
 * Everything that is fuzzed, in rounds: each round has a seed, and the seed of the
 * next round is one more.
 *
 * @module
 */

import fc from "fast-check";
import { runInPieces, stream } from "./chunks.ts";
import { decoding, framing, publishing } from "./codec.ts";
import { runInMemory, runOverTcp, scenario } from "./session.ts";
import { catchingAll } from "./stray_errors.ts";

/** An input that breaks a property. */
export interface Finding {
  readonly input: unknown;
  readonly error: unknown;
}

/** A property that is fuzzed. */
export interface Target {
  readonly name: string;
  /** How many inputs one round has. */
  readonly runs: number;
  /** Looks for an input that breaks the property, and for the smallest such input. */
  check(seed: number, runs: number): Promise<Finding | undefined>;
}

/** What is fuzzed. */
export const TARGETS: readonly Target[] = [
  target("decoding", 4000, decoding),
  target("framing", 4000, framing),
  target("publishing", 4000, publishing),
  target("chunks", 150, fc.asyncProperty(stream, catchingAll(runInPieces))),
  target("sessions", 250, fc.asyncProperty(scenario, catchingAll(runInMemory))),
  target(
    "sessions over TCP",
    15,
    fc.asyncProperty(scenario, catchingAll(runOverTcp)),
  ),
];

function target<Input>(
  name: string,
  runs: number,
  property: fc.IRawProperty<Input>,
): Target {
  return {
    name,
    runs,
    async check(seed, runs) {
      const result = await fc.check(property, { seed, numRuns: runs });
      if (!result.failed) return undefined;
      return { input: result.counterexample, error: result.errorInstance };
    },
  };
}
