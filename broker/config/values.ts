/** The kinds of values that a configuration has, as valibot schemas. */

import * as v from "valibot";
import { isMap } from "./plain.ts";

/** A schema of some value that ends as a `T`. */
export type Rule<T> = v.GenericSchema<unknown, T>;

/** The longest time that a timer of JavaScript can take, in whole seconds. */
export const MAX_TIMER_SECONDS = 2_147_483;

/** `true`, `false`, and the words that YAML 1.1 has for them. */
export function flag(): Rule<boolean> {
  const words: Record<string, boolean> = {
    on: true,
    yes: true,
    off: false,
    no: false,
  };
  return rule("true or false", (value) => {
    if (typeof value === "boolean") return value;
    if (typeof value !== "string") return undefined;
    const word = value.toLowerCase();
    return Object.hasOwn(words, word) ? words[word] : undefined;
  });
}

/** A whole number. */
export function integer(
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): Rule<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER
    ? `of ${minimum} or more`
    : `from ${minimum} to ${maximum}`;
  return rule(
    `a whole number ${range}`,
    (value) =>
      Number.isSafeInteger(value) && inRange(value, minimum, maximum)
        ? value as number
        : undefined,
  );
}

/** A time in seconds, possibly with a fraction. */
export function seconds(
  minimum: number,
  maximum: number = MAX_TIMER_SECONDS,
): Rule<number> {
  const range = maximum === Infinity
    ? `of ${minimum} or more`
    : `from ${minimum} to ${maximum}`;
  return rule(
    `a number of seconds ${range}`,
    (value) => inRange(value, minimum, maximum) ? value as number : undefined,
  );
}

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  kib: 1024,
  mb: 1000 ** 2,
  mib: 1024 ** 2,
  gb: 1000 ** 3,
  gib: 1024 ** 3,
};

/** A number of bytes, or a text with a unit. */
export function size(
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): Rule<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER
    ? `of ${minimum} bytes or more`
    : `from ${minimum} to ${maximum} bytes`;
  return rule(`a size ${range}, such as 65536, "64KB" or "2MiB"`, (value) => {
    const bytes = typeof value === "string" ? parseSize(value) : value;
    return Number.isSafeInteger(bytes) && inRange(bytes, minimum, maximum)
      ? bytes as number
      : undefined;
  });
}

/** Bytes of `64KB` and the like. A unit is asked for: `"64"` may be meant as anything. */
function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b)$/i.exec(text.trim());
  const unit = match && UNITS[match[2].toLowerCase()];
  return unit ? Math.round(Number(match[1]) * unit) : undefined;
}

/** A text that is not empty. */
export function text(): Rule<string> {
  return rule(
    "a text",
    (value) => typeof value === "string" && value !== "" ? value : undefined,
  );
}

/** A list of texts. */
export function texts(): Rule<string[]> {
  return list("a list of texts", text());
}

/**
 * A list.
 *
 * @param expected What it must be, for the message.
 * @param item What each of its items must be.
 * @param minimum How many items it must have at least.
 * @returns The schema.
 */
export function list<T>(
  expected: string,
  item: Rule<T>,
  minimum: number = 0,
): Rule<T[]> {
  const isList = rule(
    expected,
    (value) =>
      Array.isArray(value) && value.length >= minimum
        ? value as unknown[]
        : undefined,
  );
  return v.pipe(isList, v.array(item));
}

/**
 * A map whose keys are names.
 *
 * @param expected What it must be, for the message.
 * @param item What each of its values must be.
 * @returns The schema.
 */
export function namedMap<T>(
  expected: string,
  item: Rule<T>,
): Rule<Record<string, T>> {
  return v.pipe(mapRule(expected), v.record(v.string(), item));
}

/** A map, before its values are looked at: valibot takes a list for one. */
export function mapRule(expected: string): Rule<Record<string, unknown>> {
  return rule(expected, (value) => isMap(value) ? value : undefined);
}

/** A value that may be absent; in a file, where a key without a value is `null`, that too. */
export function optional<T>(schema: Rule<T>): Rule<T | undefined> {
  return v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  );
}

/** One of some values. */
export function oneOf<const T extends string | number>(
  ...values: T[]
): Rule<T> {
  const quoted = values.map((value) => JSON.stringify(value));
  const expected = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return rule(expected, (value) => values.find((one) => one === value));
}

/**
 * A schema out of a function.
 *
 * @param expected What the value must be, for the message.
 * @param read Gives the value that is used, or `undefined` to refuse.
 * @returns The schema.
 */
export function rule<T>(
  expected: string,
  read: (value: unknown) => T | undefined,
): Rule<T> {
  return v.pipe(
    v.custom<unknown>(
      (value) => read(value) !== undefined,
      ({ input }) => mismatch(expected, input),
    ),
    v.transform((value) => read(value) as T),
  );
}

/**
 * Says what a value should have been and what it is.
 *
 * @param expected What it must be.
 * @param found What it is.
 * @returns The end of a message; the path of the key goes before it.
 */
export function mismatch(expected: string, found: unknown): string {
  const message = `must be ${expected}, not ${describe(found)}`;
  const isQuotedNumber = typeof found === "string" &&
    /^-?\d+(\.\d+)?$/.test(found) && expected.includes("number");
  return isQuotedNumber ? `${message}: remove the quotes` : message;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) {
    return value.length === 0 ? "an empty list" : "a list";
  }
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a map";
  if (typeof value !== "string") {
    return typeof value === "function" ? "a function" : String(value);
  }
  const short = value.length > 60 ? `${value.slice(0, 60)}…` : value;
  return `the text ${JSON.stringify(short)}`;
}

function inRange(value: unknown, minimum: number, maximum: number): boolean {
  return typeof value === "number" && value >= minimum && value <= maximum;
}
