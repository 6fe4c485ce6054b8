/**
 * Where the payloads of `pub` come from.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** What can be read: standard input, a file. */
export interface Source {
  /** Reads what there is, `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** No packet of MQTT can hold more. */
export const MAX_PAYLOAD = 268_435_455;

const CHUNK = 65536;
const NEWLINE = 0x0a;

/**
 * Reads a file that is one payload.
 *
 * @param path The file.
 * @param limit How many bytes the broker takes.
 * @returns The content, which is in memory once.
 * @throws {Error} If it cannot be read or is too large.
 */
export async function filePayload(
  path: string,
  limit: number,
): Promise<Buffer> {
  using file = await openFile(path);
  const { isFile, size } = await file.stat();
  // A pipe or a device does not know its size.
  if (!isFile) return await wholePayload(file, limit, `"${path}"`);
  checkSize(size, limit, `"${path}"`);
  const payload = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < size) {
    const count = await file.read(payload.subarray(length));
    if (count === null) break;
    length += count;
  }
  return payload.subarray(0, length);
}

/**
 * Opens a file.
 *
 * @param path The file.
 * @returns The file, to be closed.
 * @throws {Error} If it cannot be opened.
 */
export async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new Error(`Cannot read "${path}": ${why}`, { cause });
  }
}

/**
 * Reads a source to its end.
 *
 * @param source The source.
 * @param limit How many bytes the broker takes.
 * @param name What the source is, for messages.
 * @returns All of it.
 * @throws {Error} If it is too large.
 */
export async function wholePayload(
  source: Source,
  limit: number,
  name: string,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(source)) {
    chunks.push(chunk.slice());
    length += chunk.length;
    checkSize(length, limit, name);
  }
  return Buffer.concat(chunks, length);
}

/**
 * The lines of a source, read as they are asked for. Empty lines are left out.
 *
 * @param source The source.
 * @param limit How many bytes the broker takes.
 * @param name What the source is, for messages.
 * @returns The lines without their ends.
 * @throws {Error} If a line is too large.
 */
export async function* linePayloads(
  source: Source,
  limit: number,
  name: string,
): AsyncGenerator<Buffer> {
  let begun: Uint8Array[] = [];
  let length = 0;
  let number = 1;
  const take = (chunk: Uint8Array) => {
    length += chunk.length;
    checkSize(length, limit, `line ${number} of ${name}`);
    // The chunk's memory is used again for the next one.
    begun.push(chunk.slice());
  };
  const line = () => {
    const payload = Buffer.concat(begun, length);
    begun = [];
    length = 0;
    number++;
    return payload;
  };
  for await (const chunk of chunksOf(source)) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      take(chunk.subarray(start, end));
      start = end + 1;
      const payload = line();
      if (payload.length > 0) yield payload;
    }
    take(chunk.subarray(start));
  }
  if (length > 0) yield line();
}

async function* chunksOf(source: Source): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(CHUNK);
  for (;;) {
    const count = await source.read(buffer);
    if (count === null) return;
    yield buffer.subarray(0, count);
  }
}

function checkSize(size: number, limit: number, name: string): void {
  if (size <= limit) return;
  const who = limit < MAX_PAYLOAD ? "the broker allows" : "MQTT allows";
  throw new Error(
    `Cannot publish ${name}: a message may have ${limit} bytes at most, as ${who}`,
  );
}
