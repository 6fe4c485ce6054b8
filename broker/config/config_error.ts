/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Path of the key as it was written, `listeners.default.bind`; empty: no single key. */
  readonly path: string;
  /** What is wrong, and the remedy where there is one. */
  readonly message: string;
}

/** A configuration that cannot be used. */
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
