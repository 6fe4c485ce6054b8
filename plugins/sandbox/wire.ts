/**
 * Values as they cross between the broker and a sandbox: JSON, and bytes beside it.
 * What comes out is plain data whoever sent it; that is why it is not V8's own
 * format, whose reader trusts its input.
 *
 * @module
 */

/** Marks an object of the JSON text that stands for something else. */
const TAG = "$";

/** Nothing that a plugin means to send is deeper. */
const MAX_DEPTH = 100;

/**
 * Turns a value into what `JSON.stringify()` can write.
 *
 * @param value A message, whose values are plain data: what JSON has, `undefined`, bytes, bigints, dates, errors.
 * @param blobs Gets the bytes.
 * @returns The value for the JSON text.
 * @throws {TypeError} If the value holds anything else, such as a function; the message has its place.
 */
export function toWire(value: unknown, blobs: Uint8Array[]): unknown {
  return write(value, blobs, "", 0);
}

/**
 * Turns a value of a JSON text back into what it was.
 *
 * @param value What {@linkcode toWire} made.
 * @param blobs The bytes, in their order.
 * @returns The value.
 * @throws {TypeError} If it is malformed.
 */
export function fromWire(
  value: unknown,
  blobs: readonly Uint8Array[],
): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => fromWire(item, blobs));
  const map = value as Record<string, unknown>;
  if (Object.hasOwn(map, TAG)) return untag(map[TAG], map.v, blobs);
  const result: Record<string, unknown> = {};
  for (const key in map) set(result, key, fromWire(map[key], blobs));
  return result;
}

function write(
  value: unknown,
  blobs: Uint8Array[],
  path: string,
  depth: number,
): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : tagged("number", String(value));
    case "bigint":
      return tagged("bigint", String(value));
    case "undefined":
      return tagged("undefined");
    case "object":
      if (value === null) return null;
      if (depth >= MAX_DEPTH) {
        throw refusal(path, "is nested too deep, or holds itself");
      }
      return writeObject(value, blobs, path, depth + 1);
    default:
      throw refusal(path, `is a ${typeof value}`);
  }
}

function writeObject(
  value: object,
  blobs: Uint8Array[],
  path: string,
  depth: number,
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      write(item, blobs, `${path}[${index}]`, depth)
    );
  }
  if (value instanceof Uint8Array) {
    return tagged("bytes", blobs.push(value) - 1);
  }
  if (value instanceof Date) return tagged("date", value.getTime());
  if (value instanceof Error) {
    const { name, message, stack } = value;
    return tagged("error", [String(name), String(message), String(stack)]);
  }
  const prototype = Object.getPrototypeOf(value);
  // An object of another realm has that realm's Object.prototype.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw refusal(
      path,
      `is an object of the class ${prototype.constructor?.name}`,
    );
  }
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    set(result, key, write(item, blobs, pathOf(path, key, depth), depth));
  }
  return Object.hasOwn(result, TAG)
    ? tagged("object", Object.entries(result))
    : result;
}

/** The keys of a message itself say nothing to whoever wrote the value. */
function pathOf(parent: string, key: string, depth: number): string {
  if (depth === 1) return "";
  return parent === "" ? key : `${parent}.${key}`;
}

function tagged(kind: string, value?: unknown): Record<string, unknown> {
  return { [TAG]: kind, v: value };
}

function untag(
  kind: unknown,
  value: unknown,
  blobs: readonly Uint8Array[],
): unknown {
  switch (kind) {
    case "undefined":
      return undefined;
    case "number":
      return Number(value);
    case "bigint":
      return BigInt(value as string);
    case "date":
      return new Date(value as number);
    case "bytes": {
      const bytes = blobs[value as number];
      if (bytes !== undefined) return bytes;
      break;
    }
    case "error":
      return errorFrom(value);
    case "object":
      return Object.fromEntries(
        (value as [string, unknown][]).map((
          [key, item],
        ) => [String(key), fromWire(item, blobs)]),
      );
  }
  throw new TypeError(`a value of the kind "${String(kind)}" is malformed`);
}

function errorFrom(value: unknown): Error {
  const [name, message, stack] = value as string[];
  const error = new Error(String(message));
  error.name = String(name);
  error.stack = String(stack);
  return error;
}

/** Also a key `__proto__` is only a key. */
function set(
  object: Record<string, unknown>,
  key: string,
  value: unknown,
): void {
  if (key !== "__proto__") object[key] = value;
  else {
    Object.defineProperty(object, key, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}

function refusal(path: string, why: string): TypeError {
  return new TypeError(
    `${
      path === "" ? "it" : `"${path}"`
    } ${why}, which cannot cross a sandbox; plain data, bytes, dates and errors can`,
  );
}
