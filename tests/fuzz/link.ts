/**
 * The client's end of a connection in a fuzzed session: in memory, which is fast
 * and gives the same bytes in the same turns every time, or over TCP.
 *
 * @module
 */

import type { Broker, Transport, TransportKind } from "../../mod.ts";

/** One connection, seen from the client. */
export interface Link {
  /** Whether the broker has ended the connection. */
  readonly ended: boolean;
  /** Whether the broker has taken everything that was sent. */
  readonly idle: boolean;
  /** Sends bytes. */
  send(bytes: Uint8Array): void;
  /** Takes what has arrived since the last call. */
  take(): Uint8Array[];
  /** Stops reading, or goes on. */
  stall(on: boolean): void;
  /** Ends the sending direction. */
  end(): void;
  /** Breaks the connection. */
  cut(): void;
}

/** Opens a connection to a broker. */
export type Dial = (broker: Broker) => Promise<Link>;

/** A connection in memory. It takes a few bytes at a time, as a full socket does. */
export class MemoryLink implements Link, Transport {
  readonly kind: TransportKind = "external";
  readonly remoteAddress = "192.0.2.1";
  readonly remotePort = 1883;
  #sent: Uint8Array[] = [];
  #received: Uint8Array[] = [];
  #reader:
    | { into: Uint8Array; done: PromiseWithResolvers<number | null> }
    | null = null;
  #writer: { bytes: Uint8Array; done: PromiseWithResolvers<number> } | null =
    null;
  #stalled = false;
  #sentAll = false;
  #closed = false;
  readonly #grip: number;

  /**
   * Creates a connection.
   *
   * @param grip How many bytes one write takes at most.
   */
  constructor(grip: number = Infinity) {
    this.#grip = grip;
  }

  /** Connects to a broker in memory. */
  static readonly dial: Dial = (broker) => {
    const link = new MemoryLink(700);
    broker.handleTransport(link);
    return Promise.resolve(link);
  };

  get ended(): boolean {
    return this.#closed;
  }

  get idle(): boolean {
    return this.#closed || this.#reader !== null;
  }

  send(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#sent.push(bytes);
    this.#serveReader();
  }

  take(): Uint8Array[] {
    const received = this.#received;
    this.#received = [];
    return received;
  }

  stall(on: boolean): void {
    this.#stalled = on;
    if (!on) this.#serveWriter();
  }

  end(): void {
    this.#sentAll = true;
    this.#serveReader();
  }

  cut(): void {
    this.#fail(new Error("Connection reset"));
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.#closed) return Promise.reject(new Error("The link is closed"));
    if (into.length === 0) throw new RangeError("There is no room to read");
    if (this.#reader) throw new RangeError("A read is under way");
    const done = Promise.withResolvers<number | null>();
    this.#reader = { into, done };
    this.#serveReader();
    return done.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new Error("The link is closed"));
    if (bytes.length === 0) throw new RangeError("There is nothing to write");
    if (this.#writer) throw new RangeError("A write is under way");
    const done = Promise.withResolvers<number>();
    this.#writer = { bytes, done };
    this.#serveWriter();
    return done.promise;
  }

  closeWrite(): Promise<void> {
    // The client does as the broker does.
    this.end();
    return Promise.resolve();
  }

  close(): void {
    this.#fail(new Error("The link is closed"));
  }

  #serveReader(): void {
    const reader = this.#reader;
    if (reader === null) return;
    const [next] = this.#sent;
    if (next === undefined) {
      if (!this.#sentAll) return;
      this.#reader = null;
      reader.done.resolve(null);
      return;
    }
    this.#reader = null;
    const count = Math.min(next.length, reader.into.length);
    reader.into.set(next.subarray(0, count));
    if (count === next.length) this.#sent.shift();
    else this.#sent[0] = next.subarray(count);
    reader.done.resolve(count);
  }

  #serveWriter(): void {
    const writer = this.#writer;
    if (writer === null || this.#stalled) return;
    this.#writer = null;
    const count = Math.min(writer.bytes.length, this.#grip);
    this.#received.push(writer.bytes.slice(0, count));
    writer.done.resolve(count);
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reader?.done.reject(error);
    this.#writer?.done.reject(error);
    this.#reader = this.#writer = null;
  }
}

/** A TCP connection. */
export class TcpLink implements Link {
  readonly #conn: Deno.TcpConn;
  readonly #reading: Promise<void>;
  #received: Uint8Array[] = [];
  #writing: Promise<unknown> = Promise.resolve();
  #resume: (() => void) | undefined;
  #pause: Promise<void> | undefined;
  #unsent = 0;
  ended = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    this.#reading = this.#readAll();
  }

  /** Connects to a broker's first listener. */
  static readonly dial: Dial = async (broker) => {
    const { port } = broker.listeners[0];
    return new TcpLink(await Deno.connect({ hostname: "127.0.0.1", port }));
  };

  get idle(): boolean {
    return this.ended || this.#unsent === 0;
  }

  send(bytes: Uint8Array): void {
    this.#unsent++;
    this.#writing = this.#writing.then(async () => {
      while (bytes.length > 0) {
        bytes = bytes.subarray(await this.#conn.write(bytes));
      }
    }).catch(() => {}).finally(() => this.#unsent--);
  }

  take(): Uint8Array[] {
    const received = this.#received;
    this.#received = [];
    return received;
  }

  stall(on: boolean): void {
    this.#resume?.();
    this.#resume = this.#pause = undefined;
    if (!on) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = promise;
    this.#resume = resolve;
  }

  end(): void {
    this.#writing.then(() => this.#conn.closeWrite()).catch(() => {});
  }

  cut(): void {
    this.stall(false);
    this.ended = true;
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
  }

  async #readAll(): Promise<void> {
    const chunk = new Uint8Array(65536);
    try {
      while (true) {
        await this.#pause;
        const count = await this.#conn.read(chunk);
        if (count === null) break;
        this.#received.push(chunk.slice(0, count));
      }
    } catch {
      // Broken, which is an end too.
    }
    this.ended = true;
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
  }
}
