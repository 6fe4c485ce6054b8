/** Explains why a listener could not be opened. @module */

import { joinPath } from "../config/key_path.ts";
import type { ListenerConfig } from "../config/mod.ts";

/** What an error says of a listener. */
type ListenAddress = Pick<
  ListenerConfig,
  "name" | "type" | "hostname" | "port" | "path"
>;

/**
 * A listener could not be opened.
 *
 * @example
 * ```ts
 * import { Broker, ListenError } from "@dinomq/broker";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = taken.addr;
 * const listeners = { plant: { bind: `127.0.0.1:${port}` } };
 * const error = await assertRejects(
 *   () => new Broker({ listeners }).start(),
 *   ListenError,
 *   "the port is in use",
 * );
 * assertEquals(error.listener, "plant");
 * ```
 */
export class ListenError extends Error {
  /** Name of the error class. */
  override readonly name: string = "ListenError";
  /** Name of the listener in the configuration. */
  readonly listener: string;

  /**
   * Creates the error.
   *
   * @param listener Name of the listener.
   * @param message What could not be done and why.
   * @param options The error that caused this one.
   */
  constructor(listener: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.listener = listener;
  }
}

/**
 * Writes a host and a port the way URLs have them.
 *
 * @param hostname Name or address; an IPv6 address without brackets.
 * @param port Port number.
 * @returns For example `127.0.0.1:1883` or `[::1]:1883`.
 */
export function formatAddress(hostname: string, port: number): string {
  return hostname.includes(":")
    ? `[${hostname}]:${port}`
    : `${hostname}:${port}`;
}

/**
 * Turns what the operating system said into an error that an operator can act on.
 *
 * @param config The listener.
 * @param cause What was thrown.
 * @param key The key of the configuration that has the address.
 * @returns The error to throw.
 */
export function toListenError(
  config: ListenAddress,
  cause: unknown,
  key: string = keyOf(config),
): ListenError {
  if (cause instanceof ListenError) return cause;
  const address = config.type === "unix"
    ? `unix:${config.path}`
    : formatAddress(config.hostname, config.port);
  return new ListenError(
    config.name,
    `Cannot listen on ${address} (${key}): ${reason(config, cause)}`,
    { cause },
  );
}

/** The key of the configuration that has the address. */
function keyOf({ name, type }: ListenAddress): string {
  const key = type === "unix" ? "path" : "bind";
  return joinPath(joinPath("listeners", name), key);
}

function reason(config: ListenAddress, cause: unknown): string {
  const { code, message } = toFields(cause);
  if (cause instanceof Deno.errors.NotCapable) {
    return `${message}. Start Deno with ${
      config.type === "unix" ? "--allow-read and --allow-write" : "--allow-net"
    }`;
  }
  if (cause instanceof Deno.errors.AddrInUse || code === "EADDRINUSE") {
    return config.type === "unix"
      ? "the socket is in use. Stop the program that answers on it, or choose another path"
      : "the port is in use. Stop the program that uses it, or choose another port";
  }
  if (cause instanceof Deno.errors.PermissionDenied || code === "EACCES") {
    return config.type === "unix"
      ? "permission denied. Choose a folder that the broker may write to"
      : "permission denied. Choose a port of 1024 or above, or give the broker the right to open lower ones";
  }
  if (
    cause instanceof Deno.errors.AddrNotAvailable || code === "EADDRNOTAVAIL"
  ) {
    return "this machine does not have that address. Choose one of its own, or 0.0.0.0 for all";
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || /lookup/.test(message)) {
    return `the host "${config.hostname}" is unknown. Check the spelling, or write an IP address`;
  }
  if (config.type === "unix" && cause instanceof Deno.errors.NotFound) {
    return "the folder does not exist. Create it, or choose another path";
  }
  return message;
}

function toFields(cause: unknown): { code: string; message: string } {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as { code?: unknown } | null)?.code;
  return { message, code: typeof code === "string" ? code : "" };
}
