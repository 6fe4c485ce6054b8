/** Two ends of a connection within the process. @module */

import type { Transport } from "../transport/transport.ts";

/** One direction: bytes that were written and not read yet. */
class Direction {
  #chunks: Uint8Array[] = [];
  #ended = false;
  #waiting: (() => void) | undefined;

  write(bytes: Uint8Array): number {
    if (this.#ended) throw new Deno.errors.BrokenPipe("The pipe is closed");
    // A copy: the writer uses its buffer again.
    this.#chunks.push(bytes.slice());
    this.#wake();
    return bytes.length;
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#chunks.length === 0) {
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    const chunk = this.#chunks[0];
    const count = Math.min(into.length, chunk.length);
    into.set(chunk.subarray(0, count));
    if (count === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(count);
    return count;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }
}

/** An end of a pipe. */
export class PipeEnd implements Transport {
  /** How the bytes travel. */
  readonly kind = "external";
  /** Address that the broker sees. */
  readonly remoteAddress: string;
  /** Port that the broker sees. */
  readonly remotePort: number;
  readonly #incoming: Direction;
  readonly #outgoing: Direction;

  private constructor(
    incoming: Direction,
    outgoing: Direction,
    remoteAddress: string,
    remotePort: number,
  ) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  /**
   * Makes a pipe.
   *
   * @param remoteAddress Address that the broker sees.
   * @param remotePort Port that the broker sees.
   * @returns The broker's end and the client's.
   */
  static pair(
    remoteAddress: string,
    remotePort: number,
  ): [broker: PipeEnd, client: PipeEnd] {
    const up = new Direction();
    const down = new Direction();
    return [
      new PipeEnd(up, down, remoteAddress, remotePort),
      new PipeEnd(down, up, "", 0),
    ];
  }

  /** @inheritDoc */
  read(into: Uint8Array): Promise<number | null> {
    return this.#incoming.read(into);
  }

  /** @inheritDoc */
  write(bytes: Uint8Array): Promise<number> {
    // A promise also of what it throws, as a socket would.
    return new Promise((resolve) => resolve(this.#outgoing.write(bytes)));
  }

  /** @inheritDoc */
  closeWrite(): Promise<void> {
    this.#outgoing.end();
    return Promise.resolve();
  }

  /** @inheritDoc */
  close(): void {
    this.#outgoing.end();
    this.#incoming.end();
  }
}
