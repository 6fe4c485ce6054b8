import { type Packet, parser as createParser } from "mqtt-packet";
import { Buffer } from "node:buffer";

/** The parser of mqtt-packet as a function: one whole frame in, one packet out. */
export class FrameParser {
  readonly #parser: ReturnType<typeof createParser>;
  #packets: Packet[] = [];
  #errors: unknown[] = [];

  /**
   * Creates a parser.
   *
   * @param version Protocol level of the packets; a CONNECT brings its own.
   */
  constructor(version: 3 | 4 | 5) {
    this.#parser = createParser({ protocolVersion: version });
    this.#parser.on("packet", (packet) => this.#packets.push(packet));
    this.#parser.on("error", (error) => this.#errors.push(error));
  }

  /**
   * Parses one frame. A parser that has thrown may hold on to bytes and is not to be
   * used again; one that has parsed a CONNECT holds on to that and to its version.
   *
   * @param frame Exactly one frame; the packet shares its memory.
   * @returns The packet.
   * @throws {Error} If mqtt-packet does not find exactly one packet.
   */
  parse(frame: Uint8Array): Packet {
    const view = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    const left = this.#parser.parse(view);
    const packets = this.#packets;
    const errors = this.#errors;
    this.#packets = [];
    this.#errors = [];
    if (errors.length > 0) throw errors[0];
    if (packets.length !== 1 || left !== 0) {
      throw new Error(
        `Cannot parse a frame: it holds ${packets.length} packets and ${left} more bytes`,
      );
    }
    return packets[0];
  }
}
