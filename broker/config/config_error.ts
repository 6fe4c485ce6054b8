/**
 * One thing that is wrong with a configuration.
 *
 * @example
 * ```ts
 * import { Broker, ConfigError, type ConfigProblem } from "@dinomq/broker";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * function hint({ path, message }: ConfigProblem): string {
 *   return path === "" ? message : `${path}: ${message}`;
 * }
 *
 * const error = assertThrows(
 *   () => new Broker({ maxInflight: 0, queueQos0: true, loginBanTime: -1 }),
 *   ConfigError,
 * );
 * assertEquals(error.problems.map(hint), [
 *   "maxInflight: must be a whole number from 1 to 65535, not 0",
 *   "loginBanTime: must be a number of seconds from 0.001 to 2147483, not -1",
 * ]);
 * ```
 */
export interface ConfigProblem {
  /** Path of the key as it was written, `listeners.default.bind`; empty: no single key. */
  readonly path: string;
  /** What is wrong, and the remedy where there is one. */
  readonly message: string;
}

/**
 * A configuration that cannot be used.
 *
 * @example
 * ```ts
 * import { ConfigError, loadConfig } from "@dinomq/broker";
 * import {
 *   assertEquals,
 *   assertRejects,
 *   assertStringIncludes,
 * } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "listeners:\n  default:\n    bnd: 1883\n");
 * const error = await assertRejects(() => loadConfig(path), ConfigError);
 * await Deno.remove(path);
 * assertEquals([error.source, error.path], [path, "listeners.default.bnd"]);
 * assertStringIncludes(error.message, 'Did you mean "bind"?');
 * ```
 */
export class ConfigError extends Error {
  /** Where the configuration came from: a file name or a description. */
  readonly source: string;
  /** Path of the first key that is wrong; empty if no single key is. */
  readonly path: string;
  /** Everything that is wrong; at least one. */
  readonly problems: readonly ConfigProblem[];

  /**
   * Creates an error.
   *
   * @param source Where the configuration came from.
   * @param problems What is wrong with it; at least one.
   * @param options `cause`: the error that led to this one.
   */
  constructor(
    source: string,
    problems: readonly ConfigProblem[],
    options?: ErrorOptions,
  ) {
    super(describe(source, problems), options);
    this.name = "ConfigError";
    this.source = source;
    this.path = problems[0].path;
    this.problems = problems;
  }
}

function describe(
  source: string,
  problems: readonly ConfigProblem[],
): string {
  const lines = problems.map(({ path, message }) =>
    path === "" ? message : `${path} ${message}`
  );
  const start = `Cannot use configuration "${source}":`;
  if (lines.length === 1) return `${start} ${lines[0]}`;
  return [start, ...lines.map((line) => `  - ${line}`)].join("\n");
}
