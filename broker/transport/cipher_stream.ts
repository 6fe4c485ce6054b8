/** The encrypted side of a TLS connection. @module */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

const READ_SIZE = 64 * 1024;
const SMALL = 8 * 1024;
const CREDIT = 256 * 1024;

type Callback = (error?: Error | null) => void;

/**
 * Carries the encrypted bytes between a TCP connection and `node:tls`.
 *
 * `node:tls` decrypts whatever it is given and keeps it, however much that is
 * (Deno 2.9). So it is given 256 KiB at most, and more only when its reader has
 * asked for more than there was: see {@linkcode CipherStream.grant}. What is not
 * taken from the network slows the peer.
 */
export class CipherStream extends Duplex {
  readonly #conn: Deno.TcpConn;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(READ_SIZE);
  #given = 0;
  #waits = false;

  /**
   * Wraps a connection, which then belongs to the stream.
   *
   * @param conn The connection.
   */
  constructor(conn: Deno.TcpConn) {
    super({ allowHalfOpen: true });
    this.#conn = conn;
  }

  /** Says that everything that was given so far has been read. */
  grant(): void {
    this.#given = 0;
    if (!this.#waits) return;
    this.#waits = false;
    this.#pull();
  }

  /** @inheritDoc */
  override _read(): void {
    if (this.#given >= CREDIT) this.#waits = true;
    else this.#pull();
  }

  /** @inheritDoc */
  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    this.#writeAll(chunk).then(() => done(), done);
  }

  /** @inheritDoc */
  override _writev(items: { chunk: Uint8Array }[], done: Callback): void {
    const chunk = Buffer.concat(items.map((item) => item.chunk));
    this.#writeAll(chunk).then(() => done(), done);
  }

  /** @inheritDoc */
  override _final(done: Callback): void {
    // A peer that is gone needs no end of the stream.
    this.#conn.closeWrite().then(() => done(), () => done());
  }

  /** @inheritDoc */
  override _destroy(error: Error | null, done: Callback): void {
    try {
      this.#conn.close();
    } catch {
      // It is closed, as it should be.
    }
    done(error);
  }

  #pull(): void {
    this.#conn.read(this.#buffer).then(
      (count) => this.#give(count),
      (error) => this.destroy(error),
    );
  }

  #give(count: number | null): void {
    if (this.destroyed) return;
    if (count === null) {
      this.push(null);
      return;
    }
    this.#given += count;
    this.push(this.#cut(count));
  }

  // A small chunk is copied; that is cheaper than a new buffer for the next one.
  #cut(count: number): Buffer {
    const read = this.#buffer.subarray(0, count);
    if (count <= SMALL) return Buffer.from(read);
    this.#buffer = new Uint8Array(READ_SIZE);
    return Buffer.from(read.buffer, 0, count);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#conn.write(bytes.subarray(sent));
    }
  }
}
