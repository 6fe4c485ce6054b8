/**
 * Values in the lines of a log.
 *
 * @module
 */

/**
 * Control characters, line separators, and the marks that change the direction of
 * text: with them a client could forge lines or hide part of one.
 */
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SHORT: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/**
 * Escapes the characters that must not reach a log or a terminal.
 *
 * @param text Any text.
 * @returns The text on one line.
 */
export function safeText(text: string): string {
  return text.replace(
    UNSAFE,
    (character) =>
      SHORT[character] ??
        `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * A value as it is written after `key=`: quoted if its end could not be seen otherwise.
 *
 * @param value Any value.
 * @returns The text on one line.
 */
export function fieldText(value: unknown): string {
  const plain = jsonValue(value, errorText);
  const text = typeof plain === "string" ? plain : JSON.stringify(plain);
  const isClear = typeof plain !== "string" || /^[^\s"=\\]+$/.test(text);
  return safeText(isClear ? text : JSON.stringify(text));
}

/**
 * A value as JSON can hold it.
 *
 * @param value Any value.
 * @param describeError What an error becomes. Default: its name, message, stack and cause.
 * @returns Plain data.
 */
export function jsonValue(
  value: unknown,
  describeError: (error: Error) => unknown = errorObject,
): unknown {
  return plain(value, describeError, []);
}

/** An error with its causes on one line. */
export function errorText(error: Error): string {
  const { name, message, cause } = error;
  const own = `${name}: ${message}`;
  return cause instanceof Error && cause !== error
    ? `${own} (${errorText(cause)})`
    : own;
}

function errorObject(error: Error): unknown {
  const { name, message, stack, cause } = error;
  return cause === undefined || cause === error
    ? { name, message, stack }
    : { name, message, stack, cause };
}

function plain(
  value: unknown,
  describeError: (error: Error) => unknown,
  around: readonly unknown[],
): unknown {
  switch (typeof value) {
    case "bigint":
      return String(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "function":
    case "symbol":
      return `[${typeof value}]`;
    case "undefined":
      return null;
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (around.includes(value)) return "[circular]";
  const inside = [...around, value];
  if (value instanceof Error) {
    return plain(describeError(value), describeError, inside);
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Date || value instanceof URL) {
    return String(value.toJSON());
  }
  if (value instanceof Map) {
    return plain(Object.fromEntries(value), describeError, inside);
  }
  if (Array.isArray(value) || value instanceof Set) {
    return Array.from(value, (item) => plain(item, describeError, inside));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      plain(item, describeError, inside),
    ]),
  );
}
