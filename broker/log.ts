/**
 * The broker's log: one line for each message, on standard error.
 *
 * @module
 */

import type { Logger, LogLevel } from "../plugins/mod.ts";
import { fieldText, jsonValue, safeText } from "./log_values.ts";

/**
 * How the lines look: for people, or an object in JSON for programs.
 *
 * @example
 * ```ts
 * import { createLogger, type LogFormat } from "@dinomq/broker";
 * import { assertMatch } from "@std/assert";
 *
 * function lineOf(format: LogFormat): string {
 *   const lines: string[] = [];
 *   const logger = createLogger({ format, write: (line) => lines.push(line) });
 *   logger.warn("Slow", { plugin: "geo" });
 *   return lines[0];
 * }
 *
 * assertMatch(lineOf("text"), / :: WARN :: dinomq :: Slow plugin=geo\n$/);
 * assertMatch(
 *   lineOf("json"),
 *   /"level":"warn".*"message":"Slow","plugin":"geo"\}\n$/,
 * );
 * ```
 */
export type LogFormat = "text" | "json";

/**
 * Options of {@linkcode createLogger}.
 *
 * @example
 * ```ts
 * import { createLogger, type LoggerOptions } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // Keeps the latest lines for a page of the host program.
 * const latest: string[] = [];
 * const options: LoggerOptions = {
 *   level: "warn",
 *   write: (line) => {
 *     if (latest.push(line) > 2) latest.shift();
 *   },
 * };
 * const logger = createLogger(options);
 * for (const text of ["a", "b", "c"]) logger.error(text);
 * logger.info("Not important enough");
 * assertEquals(latest.map((line) => line.split(" :: ")[3]), ["b\n", "c\n"]);
 * ```
 */
export interface LoggerOptions {
  /** Messages below it are left out. Default: `"info"`. */
  level?: LogLevel;
  /** How the lines look. Default: `"text"`. */
  format?: LogFormat;
  /** Gets each line, the line feed included. Default: writes to standard error. */
  write?: (line: string) => void;
}

/** The levels, from the least to the most important. */
export const LOG_LEVELS: readonly LogLevel[] = [
  "debug",
  "info",
  "warn",
  "error",
];

/** Name of the topmost logger. */
const ROOT = "dinomq";

/**
 * Creates the topmost logger. What clients choose, such as a client identifier, may be
 * logged as it is: nothing in it can start a new line or reach the terminal.
 *
 * ```text
 * [2026-11-24 12:00:00,123] :: INFO :: dinomq.plugin.x :: Hello client=a
 * ```
 *
 * @param options Level, format and where the lines go.
 * @returns The logger; its name is `dinomq`.
 *
 * @example
 * ```ts
 * import { createLogger } from "@dinomq/broker";
 * import { assertEquals, assertMatch } from "@std/assert";
 *
 * const lines: string[] = [];
 * const logger = createLogger({ write: (line) => lines.push(line) }).child(
 *   "bridge",
 * );
 * logger.info("Connected", { clientId: "a\nforged line" });
 * logger.debug("Not written: the level is info");
 * assertEquals(lines.length, 1);
 * assertMatch(
 *   lines[0],
 *   / :: INFO :: dinomq\.bridge :: Connected clientId="a\\nforged line"\n$/,
 * );
 * ```
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = "info", format = "text", write = writeToStderr } = options;
  return new LineLogger(ROOT, {
    lowest: LOG_LEVELS.indexOf(level),
    line: format === "json" ? jsonLine : textLine,
    write,
  });
}

/**
 * A logger that writes nothing.
 *
 * @example
 * ```ts
 * import { Broker, silentLogger } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const config = {
 *   listeners: { default: { bind: "127.0.0.1:0" } },
 *   plugins: ["auth_anonymous"],
 * };
 * await using broker = new Broker(config, { logger: silentLogger });
 * await broker.start();
 * // Nobody has to build messages for it.
 * assertEquals(broker.context.logger.isEnabled("error"), false);
 * ```
 */
export const silentLogger: Logger = {
  debug(): void {},
  info(): void {},
  warn(): void {},
  error(): void {},
  child(): Logger {
    return silentLogger;
  },
  isEnabled(): boolean {
    return false;
  },
};

type Fields = Record<string, unknown> | undefined;

interface Sink {
  readonly lowest: number;
  readonly line: (
    time: Date,
    level: LogLevel,
    name: string,
    message: string,
    fields: Fields,
  ) => string;
  readonly write: (line: string) => void;
}

class LineLogger implements Logger {
  readonly #name: string;
  readonly #sink: Sink;

  constructor(name: string, sink: Sink) {
    this.#name = name;
    this.#sink = sink;
  }

  debug(message: string, fields?: Record<string, unknown>): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: Record<string, unknown>): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: Record<string, unknown>): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    this.#log("error", message, fields);
  }

  child(name: string): Logger {
    return new LineLogger(`${this.#name}.${name}`, this.#sink);
  }

  isEnabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#sink.lowest;
  }

  #log(level: LogLevel, message: string, fields: Fields): void {
    if (!this.isEnabled(level)) return;
    const { line, write } = this.#sink;
    write(`${line(new Date(), level, this.#name, message, fields)}\n`);
  }
}

function textLine(
  time: Date,
  level: LogLevel,
  name: string,
  message: string,
  fields: Fields,
): string {
  const head = `[${localTime(time)}] :: ${level.toUpperCase()} :: ${
    safeText(name)
  } :: ${safeText(message)}`;
  const pairs = Object.entries(fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${safeText(key)}=${fieldText(value)}`);
  return head + pairs.join("");
}

function jsonLine(
  time: Date,
  level: LogLevel,
  name: string,
  message: string,
  fields: Fields,
): string {
  const entry: Record<string, unknown> = {
    time: time.toISOString(),
    level,
    logger: name,
    message,
  };
  for (const [key, value] of Object.entries(fields ?? {})) {
    // A field must not pass for what the broker says itself.
    entry[Object.hasOwn(entry, key) ? `${key}_` : key] = jsonValue(value);
  }
  // JSON escapes what is below U+0020; the rest could still reach a terminal.
  return safeText(JSON.stringify(entry));
}

/** `2026-11-24 12:00:00,123` in the machine's time zone, as Python's logging writes it. */
function localTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = [
    time.getFullYear(),
    two(time.getMonth() + 1),
    two(time.getDate()),
  ].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map(two).join(":");
  return `${date} ${clock},${String(time.getMilliseconds()).padStart(3, "0")}`;
}

const encoder = new TextEncoder();

/** Written at once: what is gathered would be lost when the process is killed. */
function writeToStderr(line: string): void {
  let bytes = encoder.encode(line);
  try {
    while (bytes.length > 0) {
      bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
    }
  } catch {
    // Whoever read the log is gone. That must not stop the broker.
  }
}
