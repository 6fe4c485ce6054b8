/**
 * Writing to the broker's log.
 *
 * @module
 */

/** How much a message of the log matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Writes to the broker's log. */
export interface Logger {
  /** Writes what helps to follow single packets. */
  debug(message: string, fields?: Record<string, unknown>): void;
  /** Writes what an operator wants to see of a healthy broker. */
  info(message: string, fields?: Record<string, unknown>): void;
  /** Writes what works, but deserves a look. */
  warn(message: string, fields?: Record<string, unknown>): void;
  /** Writes what failed. */
  error(message: string, fields?: Record<string, unknown>): void;
  /** Makes a logger whose name is this one's name, a dot and `name`. */
  child(name: string): Logger;
  /** Whether a message of `level` would be written; saves building it. */
  isEnabled(level: LogLevel): boolean;
}
