import type { Packet } from "../../codec/mod.ts";

/** Makes a frame: first byte, remaining length, body. */
export function frame(
  first: number,
  ...body: (number | Uint8Array)[]
): Uint8Array {
  const content = join(...body);
  return join(first, length(content.length), content);
}

/** Joins bytes. */
export function join(...parts: (number | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => typeof part === "number" ? [part] : [...part]),
  );
}

/** A UTF-8 string after its length of two bytes. */
export function text(value: string): Uint8Array {
  return data(...new TextEncoder().encode(value));
}

/** Bytes after their length of two bytes. */
export function data(...bytes: number[]): Uint8Array {
  return join(bytes.length >> 8, bytes.length & 0xff, ...bytes);
}

/** Properties after their length. */
export function properties(...parts: (number | Uint8Array)[]): Uint8Array {
  const content = join(...parts);
  return join(length(content.length), content);
}

function length(value: number): Uint8Array {
  const bytes = [];
  let rest = value;
  do {
    bytes.push(rest % 128 + (rest > 127 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Uint8Array.from(bytes);
}

/**
 * The packet without what mqtt-packet puts into every decoded packet, whatever its
 * kind.
 */
export function essence(packet: Packet): Record<string, unknown> {
  const result: Record<string, unknown> = plain(packet);
  delete result.length;
  if (packet.cmd === "publish") return result;
  for (const name of ["topic", "payload", "qos", "dup", "retain"]) {
    delete result[name];
  }
  return result;
}

function plain(value: object): Record<string, unknown> {
  const entries = Object.entries(value).map(([name, item]) => [
    name,
    item instanceof Uint8Array
      ? [...item]
      : typeof item === "object" && item !== null && !Array.isArray(item)
      ? plain(item)
      : item,
  ]);
  return Object.fromEntries(entries);
}
