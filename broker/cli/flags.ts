/**
 * The flags of commands. Other than with `parseArgs` of `@std/cli` a value may begin
 * with a hyphen (`-m -5`, `-P -secret`), and a flag may take several words.
 *
 * @module
 */

import { nearest } from "../../plugins/nearest.ts";
import { UsageError } from "./usage_error.ts";

/** A flag of a command. Its long name is the key in {@linkcode Flags}. */
export interface Flag {
  /** Its letters. */
  readonly short?: string;
  /** Its other long names. */
  readonly also?: readonly string[];
  /** What the help calls its value. A flag without is on or off. */
  readonly value?: string;
  /** Whether it may be given several times; otherwise the last one counts. */
  readonly many?: true;
  /** How many of the words that follow are its value. Default: 1. */
  readonly words?: (following: readonly string[]) => number;
  /** What the help says about it. */
  readonly help: string;
  /** A heading in the help before this flag. */
  readonly heading?: string;
}

/** Flags by long name. */
export type Flags = Readonly<Record<string, Flag>>;

/** What the flags of a command line say. */
export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { words: unknown } ? string[][]
    : F[Name] extends { value: string }
      ? F[Name] extends { many: true } ? string[] : string | undefined
    : boolean;
};

/** A command line, understood. */
export interface ParsedArguments<F extends Flags> {
  /** The values of the flags. */
  readonly flags: FlagValues<F>;
  /** What is no flag. */
  readonly operands: string[];
}

/**
 * Reads a command line: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-ab`; what follows `--` is no flag.
 *
 * @param args The arguments.
 * @param flags What flags there are.
 * @returns Their values, and the operands.
 * @throws {UsageError} If a flag is not known or lacks its value.
 */
export function parseFlags<F extends Flags>(
  args: readonly string[],
  flags: F,
): ParsedArguments<F> {
  const parser = new Parser(args, flags);
  parser.parse();
  return {
    flags: parser.values as FlagValues<F>,
    operands: parser.operands,
  };
}

type Value = boolean | string | undefined | string[] | string[][];

class Parser {
  readonly values: Record<string, Value> = {};
  readonly operands: string[] = [];
  readonly #args: string[];
  readonly #flags: Flags;
  readonly #names = new Map<string, string>();

  constructor(args: readonly string[], flags: Flags) {
    this.#args = [...args];
    this.#flags = flags;
    for (const [name, flag] of Object.entries(flags)) {
      for (const one of spellings(name, flag)) this.#names.set(one, name);
      if (flag.many || flag.words) this.values[name] = [];
      else this.values[name] = flag.value === undefined ? false : undefined;
    }
  }

  parse(): void {
    while (this.#args.length > 0) {
      const arg = this.#args.shift()!;
      if (arg === "--") this.operands.push(...this.#args.splice(0));
      else if (arg.startsWith("--")) this.#long(arg);
      else if (arg.startsWith("-") && arg !== "-") this.#letters(arg.slice(1));
      else this.operands.push(arg);
    }
  }

  /** `--name`, `--name=value`. */
  #long(arg: string): void {
    const equals = arg.indexOf("=");
    if (equals < 0) return this.#set(arg, this.#find(arg), undefined);
    const written = arg.slice(0, equals);
    this.#set(written, this.#find(written), arg.slice(equals + 1));
  }

  /** `-n`, `-nvalue`, `-ab`. */
  #letters(letters: string): void {
    const written = `-${letters[0]}`;
    const rest = letters.slice(1);
    const name = this.#find(written);
    if (takesValue(this.#flags[name])) {
      return this.#set(written, name, rest === "" ? undefined : rest);
    }
    this.#set(written, name, undefined);
    if (rest !== "") this.#letters(rest);
  }

  #find(written: string): string {
    const name = this.#names.get(written);
    if (name !== undefined) return name;
    const meant = written.startsWith("--")
      ? nearest(
        written,
        this.#names.keys().filter((one) => one.startsWith("--")),
      )
      : undefined;
    throw new UsageError(
      `Cannot use "${written}": there is no such flag` +
        (meant === undefined ? "" : `. Did you mean ${meant}?`),
    );
  }

  #set(written: string, name: string, inline: string | undefined): void {
    const flag = this.#flags[name];
    if (!takesValue(flag)) {
      if (inline === undefined) this.values[name] = true;
      else throw new UsageError(`Cannot use ${written}: it takes no value`);
      return;
    }
    if (inline !== undefined) this.#args.unshift(inline);
    const count = flag.words?.(this.#args) ?? 1;
    if (this.#args.length < count) {
      throw new UsageError(
        `Cannot use ${written}: it needs ${flag.words ? "" : "a value, "}` +
          flag.value,
      );
    }
    const words = this.#args.splice(0, count);
    if (flag.words) (this.values[name] as string[][]).push(words);
    else if (flag.many) (this.values[name] as string[]).push(words[0]);
    else this.values[name] = words[0];
  }
}

function takesValue(flag: Flag): boolean {
  return flag.value !== undefined;
}

/** Every way to write a flag: `-n`, `--name`. */
function spellings(name: string, { short = "", also = [] }: Flag): string[] {
  return [
    ...[...short].map((letter) => `-${letter}`),
    ...[name, ...also].map((one) => `--${one}`),
  ];
}

/**
 * A whole number that a flag was given.
 *
 * @param written The flag, for the message.
 * @param text What it was given.
 * @param min The smallest that is allowed.
 * @param max The largest that is allowed.
 * @returns The number.
 * @throws {UsageError} If it is none, or out of range.
 */
export function wholeNumber(
  written: string,
  text: string,
  min: number,
  max: number,
): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Cannot use ${written} "${text}": it must be a whole number, ${min} to ${max}`,
  );
}

const COLUMN = 31;
const WIDTH = 80;

/**
 * What the help says about flags.
 *
 * @param flags The flags.
 * @returns Lines of at most 80 characters.
 */
export function describeFlags(flags: Flags): string {
  return Object.entries(flags).flatMap(([name, flag]) => [
    ...(flag.heading === undefined ? [] : ["", `${flag.heading}:`]),
    ...describeFlag(name, flag),
  ]).join("\n").replace(/^\n/, "");
}

function describeFlag(name: string, flag: Flag): string[] {
  const letters = [...flag.short ?? ""].map((letter) => `-${letter}, `).join(
    "",
  );
  const value = flag.value === undefined ? "" : ` ${flag.value}`;
  const left = `  ${letters.padStart(4)}--${name}${value}`;
  const also = flag.also === undefined
    ? ""
    : ` (also ${flag.also.map((one) => `--${one}`).join(", ")})`;
  const lines = wrap(flag.help + also, WIDTH - COLUMN);
  const first = left.length < COLUMN
    ? left.padEnd(COLUMN) + lines.shift()
    : left;
  return [first, ...lines.map((line) => " ".repeat(COLUMN) + line)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
