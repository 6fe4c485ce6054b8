/**
 * Parses the arguments of a command line.
 *
 * @module
 */

import { ArgumentNames, type ParseOptions } from "./options.ts";

export type { ParseOptions } from "./options.ts";

type Value<K, C, D, T> = K extends C ? T[] : K extends keyof D ? T | D[K]
: T extends boolean ? boolean
: T | undefined;

type Typed<B extends string, S extends string, C extends string, D> =
  & { [K in Exclude<S, "_">]: Value<K, C, D, string> }
  & { [K in B]: K extends C ? boolean[] : boolean }
  & { [K in Exclude<C, S | B>]: unknown[] }
  & { [K in Exclude<keyof D, S | B | C>]: unknown }
  & Record<string, unknown>;

// deno-lint-ignore no-explicit-any
type Untyped = Record<string, any>;

/** What `parseArgs` returns: the values by name, and in `_` what is no flag. */
export type Args<T = Untyped, DD extends boolean = false> =
  & T
  & { _: Array<string | number> }
  & (DD extends true ? { "--": string[] } : Record<never, never>);

type Result<B extends string, S extends string, C extends string, D> =
  [B | S | C] extends [never] ? Untyped : Typed<B, S, C, D>;

/**
 * Parses the arguments of a command line.
 *
 * `--name value`, `--name=value`, `-n value`, `-n5` and `-abc` are understood; a
 * name without a value is `true`. What looks like a number becomes one, unless
 * the argument is named in `string`.
 *
 * @param args The arguments.
 * @param options What they mean.
 * @returns The values by name.
 */
export function parseArgs<
  B extends string = never,
  S extends string = never,
  C extends string = never,
  D extends Record<string, unknown> = Record<never, never>,
  DD extends boolean = false,
>(
  args: readonly string[],
  options: ParseOptions<B, S, C, D, DD> = {},
): Args<Result<B, S, C, D>, DD> {
  const parser = new Parser(options as ParseOptions);
  return parser.parse([...args]) as Args<Result<B, S, C, D>, DD>;
}

class Parser {
  readonly #options: ParseOptions;
  readonly #names: ArgumentNames;
  readonly #values: Record<string, unknown> & { _: Array<string | number> } = {
    _: [],
  };
  #args: string[] = [];

  constructor(options: ParseOptions) {
    this.#options = options;
    this.#names = new ArgumentNames(options);
  }

  parse(args: string[]): Record<string, unknown> {
    const end = args.indexOf("--");
    const rest = end < 0 ? [] : args.splice(end).slice(1);
    this.#args = args;
    while (this.#args.length > 0) {
      const arg = this.#args.shift()!;
      if (/^--./s.test(arg)) this.#long(arg);
      else if (/^-./s.test(arg)) this.#short(arg);
      else {
        this.#positional(arg);
        if (this.#options.stopEarly) {
          this.#values._.push(...this.#args.splice(0));
        }
      }
    }
    this.#fillIn();
    if (this.#options["--"]) this.#values["--"] = rest;
    else this.#values._.push(...rest);
    return this.#values;
  }

  #positional(arg: string): void {
    if (this.#options.unknown?.(arg) === false) return;
    const isText = this.#names.string.has("_") || !looksLikeNumber(arg);
    this.#values._.push(isText ? arg : Number(arg));
  }

  /** `--name`, `--name value`, `--name=value`, `--no-name`. */
  #long(arg: string): void {
    const equals = arg.indexOf("=", 3);
    if (equals > 0) {
      const name = arg.slice(2, equals);
      const text = arg.slice(equals + 1);
      const isBoolean = this.#names.boolean.has(name);
      return this.#set(name, isBoolean ? text !== "false" : text, arg);
    }
    const name = arg.slice(2);
    const negated = name.startsWith("no-") ? name.slice(3) : undefined;
    if (negated && this.#names.negatable.has(negated)) {
      return this.#set(negated, false, arg, false);
    }
    const takesValue = !this.#names.boolean.has(name) &&
      !this.#names.allBoolean;
    this.#set(name, this.#valueAfter(name, takesValue, /^-/), arg);
  }

  /** `-a`, `-a value`, `-a=value`, `-a5`, `-abc`. */
  #short(arg: string): void {
    for (let i = 1; i < arg.length; i++) {
      const name = arg[i];
      const tail = arg.slice(i + 1);
      if (tail === "") {
        const takesValue = !this.#names.boolean.has(name);
        return this.#set(
          name,
          this.#valueAfter(name, takesValue, /^--?[^-]/),
          arg,
        );
      }
      if (/[A-Za-z]/.test(name)) {
        if (tail.startsWith("=")) return this.#set(name, tail.slice(1), arg);
        if (/^-?\d+(\.\d*)?(e-?\d+)?$/i.test(tail)) {
          return this.#set(name, tail, arg);
        }
      }
      if (/^\W/.test(tail)) return this.#set(name, tail, arg);
      this.#set(name, this.#names.string.has(name) ? "" : true, arg);
    }
  }

  /** The next argument if it is this one's value, else what stands for "given". */
  #valueAfter(
    name: string,
    takesValue: boolean,
    flag: RegExp,
  ): string | boolean {
    const next = this.#args[0];
    if (takesValue && next && !flag.test(next)) return this.#args.shift()!;
    if (next === "true" || next === "false") {
      return this.#args.shift() === "true";
    }
    return this.#names.string.has(name) ? "" : true;
  }

  #set(
    name: string,
    value: string | boolean,
    arg: string,
    mayCollect = true,
  ): void {
    const isKnown = this.#names.isKnown(name) ||
      (this.#names.allBoolean && /^--[^=]+$/s.test(arg));
    if (!isKnown && this.#options.unknown?.(arg, name, value) === false) return;
    const isText = this.#names.string.has(name) || !looksLikeNumber(value);
    const result = isText ? value : Number(value);
    const collects = mayCollect && this.#names.collect.has(name);
    for (const one of this.#names.all(name)) {
      const { holder, key } = place(this.#values, one);
      if (!collects) holder[key] = result;
      else if (Array.isArray(holder[key])) holder[key].push(result);
      else holder[key] = [result];
    }
  }

  #fillIn(): void {
    const { boolean, string, collect } = this.#names;
    for (const [name, value] of Object.entries(this.#options.default ?? {})) {
      if (this.#has(name)) continue;
      for (const one of this.#names.all(name)) this.#put(one, value);
    }
    for (const name of boolean) {
      if (!this.#has(name)) this.#put(name, collect.has(name) ? [] : false);
    }
    for (const name of string) {
      if (collect.has(name) && !this.#has(name)) this.#put(name, []);
    }
  }

  #has(name: string): boolean {
    const { holder, key } = place(this.#values, name);
    return Object.hasOwn(holder, key);
  }

  #put(name: string, value: unknown): void {
    const { holder, key } = place(this.#values, name);
    holder[key] = value;
  }
}

/** Where `a.b.c` is kept: the object `a.b`, which is made if need be, and `c`. */
function place(
  values: Record<string, unknown>,
  name: string,
): { holder: Record<string, unknown>; key: string } {
  const keys = name.split(".");
  const key = keys.pop()!;
  let holder = values;
  for (const step of keys) {
    if (!Object.hasOwn(holder, step) || typeof holder[step] !== "object") {
      holder[step] = {};
    }
    holder = holder[step] as Record<string, unknown>;
  }
  return { holder, key };
}

function looksLikeNumber(value: string | boolean): boolean {
  return typeof value === "string" &&
    (/^0x[0-9a-f]+$/i.test(value) ||
      /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/.test(value));
}
