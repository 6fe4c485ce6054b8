/**
 * The cheapest MQTT client that there can be: it finds the packets in what it reads
 * and hands on where they are.
 *
 * @module
 */

import { connectFrame, subscribeFrame } from "./frames.ts";
import type { Scenario } from "../scenarios.ts";

/** Types of packets, as they stand in the first byte. */
export const PacketType = {
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  suback: 9,
} as const;

/** Gets each packet: its first byte, and where its body is in `client.input`. */
export type PacketHandler = (first: number, at: number, end: number) => void;

/** One connection. */
export class Client {
  /** What was read; packets stay until the handler has seen them. */
  input: Uint8Array;
  /** Gets each packet. */
  onPacket: PacketHandler = () => {};
  /** Called when all that was read at one time is handled. */
  onRead: () => void = () => {};
  readonly #conn: Deno.TcpConn;
  #output = new Uint8Array(1024);
  #spare = new Uint8Array(1024);
  #length = 0;
  #writing = false;

  private constructor(conn: Deno.TcpConn, room: number) {
    this.#conn = conn;
    this.input = new Uint8Array(room);
  }

  /**
   * Connects and waits for the CONNACK.
   *
   * @param port Port of the broker.
   * @param clientId Client identifier.
   * @param version Protocol level.
   * @param room Bytes that are read at one time at most.
   * @throws {Error} If the broker refuses the client.
   */
  static async connect(
    port: number,
    clientId: string,
    version: 4 | 5,
    room: number,
  ): Promise<Client> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const client = new Client(conn, room);
    try {
      await client.write(connectFrame(clientId, version));
      const [first, , , code] = await client.#answer();
      if (first >> 4 !== PacketType.connack || code !== 0) {
        throw new Error(`Cannot connect: the broker answers ${first}, ${code}`);
      }
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** Subscribes as the scenario says, and waits for the SUBACK. */
  async subscribe(scenario: Scenario, client: number): Promise<void> {
    await this.write(subscribeFrame(scenario, client));
    const answer = await this.#answer();
    const code = answer[answer.length - 1];
    if (answer[0] >> 4 !== PacketType.suback || code > 2) {
      throw new Error(`Cannot subscribe: the broker answers ${answer}`);
    }
  }

  /** Writes all of `bytes`. */
  async write(bytes: Uint8Array): Promise<void> {
    let written = await this.#conn.write(bytes);
    while (written < bytes.length) {
      written += await this.#conn.write(bytes.subarray(written));
    }
  }

  /** Appends bytes to what the next {@linkcode Client.flush} writes. */
  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#output.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Appends an acknowledgement. */
  acknowledge(first: number, idAt: number): void {
    this.#reserve(4);
    const output = this.#output;
    output[this.#length++] = first;
    output[this.#length++] = 2;
    output[this.#length++] = this.input[idAt];
    output[this.#length++] = this.input[idAt + 1];
  }

  /** Writes what was appended, behind what is being written. */
  flush(): void {
    if (this.#writing || this.#length === 0) return;
    this.#writing = true;
    const bytes = this.#output;
    this.write(bytes.subarray(0, this.#length)).then(() => {
      this.#spare = bytes;
      this.#writing = false;
      this.flush();
    }, () => {
      // The reader hears of it, too, and tells.
    });
    this.#output = this.#spare;
    this.#length = 0;
  }

  /**
   * Reads until the connection ends.
   *
   * @throws {Error} If the connection breaks.
   */
  async read(): Promise<void> {
    let end = 0;
    for (;;) {
      const count = await this.#conn.read(this.input.subarray(end));
      if (count === null) return;
      end += count;
      const at = this.#handle(end);
      if (at === 0 && end === this.input.length) this.#grow();
      else if (at < end) this.input.copyWithin(0, at, end);
      end -= at;
      this.onRead();
    }
  }

  /** Closes the connection. */
  close(): void {
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
  }

  /** Handles the packets that are complete; returns where the next one begins. */
  #handle(end: number): number {
    const { input, onPacket } = this;
    let at = 0;
    while (end - at >= 2) {
      let body = at + 1;
      let length = input[body] & 127;
      for (let shift = 7; input[body++] > 127; shift += 7) {
        if (body >= end) return at;
        length |= (input[body] & 127) << shift;
      }
      if (body + length > end) return at;
      onPacket(input[at], body, body + length);
      at = body + length;
    }
    return at;
  }

  /** One packet, which is all that the broker sends. */
  async #answer(): Promise<Uint8Array> {
    const { input } = this;
    let end = 0;
    while (end < 2 || end < 2 + input[1]) {
      const count = await this.#conn.read(input.subarray(end));
      if (count === null) {
        throw new Error("Cannot go on: the broker has closed the connection");
      }
      end += count;
    }
    return input.slice(0, end);
  }

  #grow(): void {
    const larger = new Uint8Array(this.input.length * 2);
    larger.set(this.input);
    this.input = larger;
  }

  #reserve(size: number): void {
    const need = this.#length + size;
    if (need <= this.#output.length) return;
    const larger = new Uint8Array(Math.max(need, this.#output.length * 2));
    larger.set(this.#output);
    this.#output = larger;
  }
}
