/**
 * The PROXY protocol, versions 1 and 2: with it a proxy says in front of everything
 * else whose connection it passes on.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";
import { toPlainAddress } from "./conn_transport.ts";

/** Who is behind a proxy. */
export interface ProxiedPeer {
  /** IP address. */
  readonly address: string;
  /** Port. */
  readonly port: number;
}

/** A header that is none, or breaks a rule. */
export class ProxyError extends Error {
  /**
   * Creates the error.
   *
   * @param why What is wrong.
   */
  constructor(why: string) {
    super(`Cannot read the PROXY header: ${why}`);
    this.name = "ProxyError";
  }
}

const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
const VERSION_1 = [80, 82, 79, 88, 89, 32]; // "PROXY "
/** Longest header of version 1, line feed included. */
const LONGEST_LINE = 107;
// Longer than any header with all its extensions has to be.
const LONGEST_BLOCK = 4096;
const CR = 13;
const LF = 10;

/** What is read from. */
type Source = { read(into: Uint8Array): Promise<number | null> };

/**
 * Reads a header, and not a byte of what follows it.
 *
 * @param source The connection.
 * @returns Who is behind the proxy; `undefined` if it is the proxy itself that
 *   connects, or if it does not know.
 * @throws {ProxyError} If what comes is no valid header.
 * @throws {Error} If the connection broke.
 */
export async function readProxyHeader(
  source: Source,
): Promise<ProxiedPeer | undefined> {
  const input = new Input(source);
  // An MQTT client that was not told of the proxy is recognised by its first byte.
  const first = (await input.upTo(1))[0];
  const isVersion1 = first === VERSION_1[0];
  if (!isVersion1 && first !== SIGNATURE[0]) {
    throw new ProxyError(`it begins with the byte ${first}`);
  }
  const start = await input.upTo(SIGNATURE.length);
  const expected = isVersion1 ? VERSION_1 : SIGNATURE;
  if (!expected.every((byte, index) => start[index] === byte)) {
    throw new ProxyError("its signature is wrong");
  }
  return isVersion1 ? await readVersion1(input) : await readVersion2(input);
}

/** What has come so far; never more than was asked for. */
class Input {
  readonly #source: Source;
  #bytes = new Uint8Array(LONGEST_LINE);
  length = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Reads until there are `size` bytes. */
  async upTo(size: number): Promise<Uint8Array> {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(size);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    while (this.length < size) {
      const count = await this.#source.read(
        this.#bytes.subarray(this.length, size),
      );
      if (count === null) throw new ProxyError("it is cut off");
      this.length += count;
    }
    return this.#bytes.subarray(0, size);
  }
}

async function readVersion1(input: Input): Promise<ProxiedPeer | undefined> {
  let line = await input.upTo(input.length);
  while (line[line.length - 2] !== CR || line[line.length - 1] !== LF) {
    // At least that much is still to come.
    const missing = line[line.length - 1] === CR ? 1 : 2;
    if (line.length + missing > LONGEST_LINE) {
      throw new ProxyError("its line is too long");
    }
    line = await input.upTo(line.length + missing);
  }
  const text = new TextDecoder("latin1").decode(line.subarray(0, -2));
  if (/^PROXY UNKNOWN( .*)?$/.test(text)) return undefined;
  const match = /^PROXY TCP([46]) ([^\s%]+) ([^\s%]+) (\d{1,5}) (\d{1,5})$/
    .exec(text);
  if (match === null) throw new ProxyError("its line is malformed");
  const [, family, from, to] = match;
  const isAddress = family === "4" ? isIPv4 : isIPv6;
  if (!isAddress(from) || !isAddress(to)) {
    throw new ProxyError(`it has no addresses of IPv${family}`);
  }
  const ports = match.slice(4).map(Number);
  if (ports.some((port) => port > 65_535)) {
    throw new ProxyError("it has a port above 65535");
  }
  return { address: plain(from), port: ports[0] };
}

async function readVersion2(input: Input): Promise<ProxiedPeer | undefined> {
  const head = await input.upTo(16);
  const command = head[12];
  const family = head[13];
  const length = (head[14] << 8) | head[15];
  if (command >> 4 !== 2) {
    throw new ProxyError(`its version is ${command >> 4}`);
  }
  if (length > LONGEST_BLOCK) {
    throw new ProxyError(`its ${length} bytes are too many`);
  }
  const block = (await input.upTo(16 + length)).subarray(16);
  // LOCAL: the proxy itself, for a health check. What follows is to be ignored.
  if (command === 0x20) return undefined;
  if (command !== 0x21) {
    throw new ProxyError(`its command ${command & 15} is unknown`);
  }
  const size = BLOCK_SIZES.get(family);
  if (size === undefined) {
    throw new ProxyError(`it is about no stream (0x${family.toString(16)})`);
  }
  if (length < size) throw new ProxyError("its addresses are cut off");
  checkExtensions(block.subarray(size));
  if (family === TCP4) {
    const address = block.subarray(0, 4).join(".");
    return { address, port: (block[8] << 8) | block[9] };
  }
  if (family !== TCP6) return undefined;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) {
    groups.push(((block[i] << 8) | block[i + 1]).toString(16));
  }
  return {
    address: plain(groups.join(":")),
    port: (block[32] << 8) | block[33],
  };
}

const TCP4 = 0x11;
const TCP6 = 0x21;
/** Bytes of the addresses by family and protocol: not known, TCP over IPv4, over IPv6, Unix stream. */
const BLOCK_SIZES: ReadonlyMap<number, number> = new Map([
  [0x00, 0],
  [TCP4, 12],
  [TCP6, 36],
  [0x31, 216],
]);

/** What a proxy adds, such as facts about its TLS, is not used, but must be well formed. */
function checkExtensions(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const length = (bytes[at + 1] << 8) | bytes[at + 2];
    at += 3 + length;
    if (!(at <= bytes.length)) {
      throw new ProxyError("an extension is cut off");
    }
  }
}

/** An address in its usual form, as sockets have it. */
function plain(address: string): string {
  if (!address.includes(":")) return address;
  const [, shortest] = /^\[(.*)\]$/.exec(
    new URL(`http://[${address}]`).hostname,
  )!;
  const mapped = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(shortest);
  if (mapped === null) return toPlainAddress(shortest);
  const [high, low] = mapped.slice(1).map((group) => parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
