/** What the tests of the transports share. */

import { assertEquals } from "@std/assert";
import { fillLimits } from "../../broker/config/limit_schema.ts";
import type { ListenerConfig } from "../../broker/config/mod.ts";
import { ConnectionGate } from "../../broker/limits/gate.ts";
import { LimitReports } from "../../broker/limits/limit_reports.ts";
import type { Transport } from "../../broker/transport/mod.ts";
import type { Logger } from "../../plugins/mod.ts";

/** A logger that keeps the warnings. */
export function makeLogger(warnings: string[] = []): Logger {
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (message) => void warnings.push(message),
    error() {},
    child: () => logger,
    isEnabled: () => true,
  };
  return logger;
}

/** A TCP listener on a free port of 127.0.0.1, with `changes`. */
export function makeConfig(
  changes: Partial<ListenerConfig> = {},
): ListenerConfig {
  return {
    name: "test",
    type: "tcp",
    hostname: "127.0.0.1",
    port: 0,
    path: "",
    maxConnections: 0,
    limits: fillLimits(),
    websocket: { path: "/mqtt", origins: [] },
    ...changes,
  };
}

/** A gate that lets everybody in. */
export function makeGate(logger: Logger = makeLogger()): ConnectionGate {
  return new ConnectionGate({
    config: { maxConnections: 0, maxPendingConnections: 0 },
    reports: new LimitReports(logger, {}),
  });
}

/** Hands out the transports that a listener accepts, one after another. */
export class Acceptor {
  readonly #waiting: ((transport: Transport) => void)[] = [];
  readonly #ready: Transport[] = [];

  readonly accept = (transport: Transport): void => {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(transport);
    else this.#ready.push(transport);
  };

  get count(): number {
    return this.#ready.length;
  }

  next(): Promise<Transport> {
    const ready = this.#ready.shift();
    if (ready) return Promise.resolve(ready);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Sends everything back until the peer ends or the connection breaks. */
export async function echo(transport: Transport): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    while (true) {
      const count = await transport.read(buffer);
      if (count === null) break;
      await writeAll(transport, buffer.subarray(0, count));
    }
  } finally {
    transport.close();
  }
}

export async function writeAll(
  to: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let sent = 0; sent < bytes.length;) {
    sent += await to.write(bytes.subarray(sent));
  }
}

/** Reads `length` bytes, fewer if the stream ends before. */
export async function readExactly(
  from: { read(into: Uint8Array): Promise<number | null> },
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let count = 0;
  while (count < length) {
    const read = await from.read(bytes.subarray(count));
    if (read === null) break;
    count += read;
  }
  return bytes.subarray(0, count);
}

/** Bytes that do not repeat in a simple way. */
export function makeBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 16;
  }
  return bytes;
}

/** Sends 5 MB through `client` to an echo on `transport` and compares. */
export async function checkEcho(
  client: Deno.Conn,
  transport: Transport,
): Promise<void> {
  const bytes = makeBytes(5_000_000);
  const echoing = echo(transport);
  const sending = writeAll(client, bytes);
  const received = await readExactly(client, bytes.length);
  await sending;
  assertEquals(sameBytes(received, bytes), true);
  client.close();
  await echoing.catch(() => {});
}

/** Compares fast; `assertEquals` on megabytes is slow. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Waits until `condition` holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
