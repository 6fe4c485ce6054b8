/** PROXY headers, made by hand. */

const encoder = new TextEncoder();

/** A line of version 1. */
export function version1(line: string): Uint8Array {
  return encoder.encode(`PROXY ${line}\r\n`);
}

const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];

/** A header of version 2. */
export function version2(
  command: number,
  family: number,
  block: readonly number[] = [],
): Uint8Array {
  return Uint8Array.from([
    ...SIGNATURE,
    command,
    family,
    block.length >> 8,
    block.length & 255,
    ...block,
  ]);
}

/** 192.0.2.7 port 4660 to 10.0.0.1 port 1883. */
export const TCP4: readonly number[] = [
  ...[192, 0, 2, 7, 10, 0, 0, 1],
  ...[0x12, 0x34, 0x07, 0x5b],
];

/** 2001:db8::7 port 4660 to ::1 port 1883. */
export const TCP6: readonly number[] = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
  ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x12, 0x34, 0x07, 0x5b],
];

/** An extension. */
export function extension(type: number, value: readonly number[]): number[] {
  return [type, value.length >> 8, value.length & 255, ...value];
}
