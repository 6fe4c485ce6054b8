import { dump } from "npm:js-yaml@5.5.0";

/** Options of {@linkcode stringify}. */
export interface StringifyOptions {
  /** Width of one step of indentation, in spaces. Default: 2. */
  indent?: number;
  /** Width that lines are folded at, in characters; -1: never. Default: 80. */
  lineWidth?: number;
  /** Whether keys are sorted. Default: `false`. */
  sortKeys?: boolean;
  /** Whether values that YAML cannot hold are left out. Default: `false`. */
  skipInvalid?: boolean;
}

/**
 * Writes a value as YAML.
 *
 * @param data The value.
 * @param options How it looks.
 * @returns The text; it ends with a line feed.
 * @throws {TypeError} If the value holds a function, a symbol or `undefined`.
 */
export function stringify(
  data: unknown,
  options: StringifyOptions = {},
): string {
  if (options.skipInvalid !== true) refuseInvalid(data, new Set());
  return dump(data, options);
}

function refuseInvalid(value: unknown, seen: Set<object>): void {
  if (["undefined", "function", "symbol"].includes(typeof value)) {
    throw new TypeError(`Cannot stringify ${typeof value}`);
  }
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  for (const inner of Object.values(value)) refuseInvalid(inner, seen);
}
