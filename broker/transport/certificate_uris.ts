/**
 * The URIs in a certificate's subject alternative name, read from the certificate
 * itself (X.509 in DER form, RFC 5280). The text that `node:tls` has for all names is
 * not safe to take apart: a DNS name may hold `, URI:spiffe://…` as well.
 *
 * @module
 */

/** One value of DER: where its content is. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const EXTENSIONS = 0xa3;
const URI = 0x86;
// 2.5.29.17
const SUBJECT_ALT_NAME = "55,1d,11";

/**
 * Reads the URIs.
 *
 * @param certificate A certificate that was verified.
 * @returns The URIs in their order; none if the certificate is not understood.
 */
export function certificateUris(certificate: Uint8Array): string[] {
  try {
    return readUris(certificate);
  } catch {
    // Whatever is wrong with it: it names nobody.
    return [];
  }
}

function readUris(bytes: Uint8Array): string[] {
  const [certificate] = elements(bytes, 0, bytes.length, SEQUENCE);
  const [toBeSigned] = inside(bytes, certificate, SEQUENCE);
  const found: string[][] = [];
  for (const field of inside(bytes, toBeSigned)) {
    if (field.tag !== EXTENSIONS) continue;
    const [list] = inside(bytes, field, SEQUENCE);
    for (const extension of inside(bytes, list, SEQUENCE)) {
      const parts = [...inside(bytes, extension)];
      const [id, value] = [parts[0], parts.at(-1)!];
      if (
        id?.tag !== OBJECT_IDENTIFIER || value.tag !== OCTET_STRING ||
        hex(bytes, id) !== SUBJECT_ALT_NAME
      ) continue;
      const [names] = inside(bytes, value, SEQUENCE);
      found.push(
        [...inside(bytes, names)].filter(({ tag }) => tag === URI)
          .map((name) => text(bytes, name)),
      );
    }
  }
  // [RFC 5280, section 4.2]: an extension is there once at most.
  return found.length === 1 ? found[0] : [];
}

function inside(
  bytes: Uint8Array,
  { start, end }: Element,
  tag?: number,
): Generator<Element> {
  return elements(bytes, start, end, tag);
}

/** The values between two places, which must all be of the tag if one is given. */
function* elements(
  bytes: Uint8Array,
  start: number,
  end: number,
  tag?: number,
): Generator<Element> {
  let at = start;
  while (at < end) {
    const found = byteAt(bytes, at++, end);
    let length = byteAt(bytes, at++, end);
    if (length & 0x80) {
      const size = length & 0x7f;
      if (size === 0 || size > 3) throw new RangeError("no length of DER");
      length = 0;
      for (let i = 0; i < size; i++) {
        length = length * 256 + byteAt(bytes, at++, end);
      }
    }
    if (
      length > end - at || (found & 0x1f) === 0x1f ||
      (tag !== undefined && found !== tag)
    ) throw new RangeError("no value of DER that was expected");
    yield { tag: found, start: at, end: at + length };
    at += length;
  }
}

function byteAt(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) throw new RangeError("the end came too soon");
  return bytes[at];
}

function hex(bytes: Uint8Array, { start, end }: Element): string {
  return Array.from(bytes.subarray(start, end), (byte) => byte.toString(16))
    .join();
}

/** IA5String: ASCII. Anything else stays what it is, so that it equals nothing. */
function text(bytes: Uint8Array, { start, end }: Element): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
