/**
 * A connection of somebody who floods a broker: bytes, and no good manners.
 *
 * @module
 */

import { type PacketSpec, type Version, wire } from "../fuzz/wire.ts";

/** How an attack is made. */
export interface Flood {
  /** Port of the broker. */
  readonly port: number;
  /** When it ends, in milliseconds since 1970. */
  readonly until: number;
  /** How many there are of what the attack has many of, as a part of the whole: 0 to 1. */
  readonly scale: number;
  /** Whether there is one attacker only. */
  readonly alone: boolean;
  /** A number from 0 to 1; the same row of them for the same seed. */
  random(): number;
}

/** How many attackers there are where the whole flood has `count`. */
export function crowd(flood: Flood, count: number): number {
  return flood.alone ? 1 : share(flood, count);
}

/** A whole number from `least` to `most`. */
export function between(flood: Flood, least: number, most: number): number {
  return least + Math.floor(flood.random() * (most - least + 1));
}

/** Of `count` of the whole flood as many as this one has, at least one. */
export function share({ scale }: Flood, count: number): number {
  return Math.max(1, Math.round(count * scale));
}

/** Whether the flood is over. */
export function isOver({ until }: Flood): boolean {
  return Date.now() >= until;
}

/** Resolves at the end of the flood. */
export async function untilOver({ until }: Flood): Promise<void> {
  const left = until - Date.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}

/** A connection. Nothing that it does rejects: the broker may end it at any time. */
export class Flooder implements Disposable {
  readonly #conn: Deno.TcpConn | undefined;
  /** Whether the broker, or the system, has ended it. */
  broken: boolean;

  private constructor(conn: Deno.TcpConn | undefined) {
    this.#conn = conn;
    this.broken = conn === undefined;
  }

  /** Opens a connection. */
  static async open({ port }: Flood): Promise<Flooder> {
    try {
      return new Flooder(await Deno.connect({ hostname: "127.0.0.1", port }));
    } catch {
      return new Flooder(undefined);
    }
  }

  /** Opens a connection and waits for the CONNACK. */
  static async connect(
    flood: Flood,
    clientId: string,
    options: Partial<Extract<PacketSpec, { cmd: "connect" }>> = {},
    version: Version = 4,
  ): Promise<Flooder> {
    const flooder = await Flooder.open(flood);
    await flooder.packet({
      cmd: "connect",
      clientId,
      clean: true,
      keepAlive: 0,
      properties: [],
      ...options,
    }, version);
    await flooder.read(64);
    return flooder;
  }

  /** Sends a packet. */
  async packet(packet: PacketSpec, version: Version = 4): Promise<void> {
    await this.send(wire(packet, version));
  }

  /** Sends bytes. */
  async send(bytes: Uint8Array): Promise<void> {
    try {
      while (bytes.length > 0 && !this.broken) {
        bytes = bytes.subarray(await this.#conn!.write(bytes));
      }
    } catch {
      this.broken = true;
    }
  }

  /** Reads something. */
  async read(size: number): Promise<void> {
    try {
      if (
        this.broken || await this.#conn!.read(new Uint8Array(size)) === null
      ) {
        this.broken = true;
      }
    } catch {
      this.broken = true;
    }
  }

  /** Reads and forgets until the end, while others send. */
  async drain(): Promise<void> {
    while (!this.broken) await this.read(65536);
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.broken = true;
    try {
      this.#conn?.close();
    } catch {
      // It was closed before.
    }
  }
}

/** Runs the same thing many times at once, each with its number, and waits for all. */
export async function together(
  count: number,
  run: (index: number) => Promise<void>,
): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => run(i)));
}
