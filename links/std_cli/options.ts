/** Options of `parseArgs`. */
export interface ParseOptions<
  B extends string = string,
  S extends string = string,
  C extends string = string,
  D extends Record<string, unknown> = Record<string, unknown>,
  DD extends boolean = boolean,
> {
  /** Whether what follows `--` goes into the result's `--` instead of `_`. Default: `false`. */
  "--"?: DD;
  /** Other names of an argument. */
  alias?: Record<string, string | readonly string[]>;
  /** Arguments without a value; `true`: all `--names` without `=`. */
  boolean?: boolean | B | readonly B[];
  /** Values of arguments that were not given. */
  default?: D;
  /** Whether parsing stops at the first argument that is no flag. Default: `false`. */
  stopEarly?: boolean;
  /** Arguments whose value stays text. `_` names those that are no flags. */
  string?: S | readonly S[];
  /** Arguments that may be given several times; their values make an array. */
  collect?: C | readonly C[];
  /** Arguments that `--no-name` makes `false`. */
  negatable?: string | readonly string[];
  /** Called for what the other options do not name; answers `false` to leave it out. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** The options, with every alias spelled out. */
export class ArgumentNames {
  readonly #aliases: Map<string, Set<string>> = new Map();
  /** Arguments without a value. */
  readonly boolean: Set<string>;
  /** Arguments whose value stays text. */
  readonly string: Set<string>;
  /** Arguments that make an array. */
  readonly collect: Set<string>;
  /** Arguments that can be negated. */
  readonly negatable: Set<string>;
  /** Whether all long arguments are without a value. */
  readonly allBoolean: boolean;

  constructor(options: ParseOptions) {
    for (const [name, others] of Object.entries(options.alias ?? {})) {
      const group = [name, ...list(others)];
      for (const one of group) {
        this.#aliases.set(one, new Set(group.filter((name) => name !== one)));
      }
    }
    const { boolean } = options;
    this.allBoolean = boolean === true;
    this.boolean = this.#withAliases(
      typeof boolean === "boolean" ? [] : boolean,
    );
    this.string = this.#withAliases(options.string);
    this.collect = this.#withAliases(options.collect);
    this.negatable = this.#withAliases(options.negatable);
  }

  /** Whether an option names this argument. */
  isKnown(name: string): boolean {
    return this.boolean.has(name) || this.string.has(name) ||
      this.#aliases.has(name);
  }

  /** The name itself and its aliases. */
  all(name: string): string[] {
    return [name, ...this.#aliases.get(name) ?? []];
  }

  #withAliases(names: string | readonly string[] | undefined): Set<string> {
    return new Set(list(names).flatMap((name) => this.all(name)));
  }
}

function list(names: string | readonly string[] | undefined): string[] {
  if (names === undefined) return [];
  return (typeof names === "string" ? [names] : [...names]).filter(Boolean);
}
