/**
 * The properties of a message between the bytes of the wire and the object that
 * plugins see. The broker itself passes the bytes on.
 *
 * @module
 */

import type { MessageProperties } from "../plugins/mod.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Reads the properties that are passed on.
 *
 * @param bytes Valid properties of a PUBLISH without topic alias, expiry and subscription identifiers.
 * @param at Where they begin.
 * @param end Where they end.
 * @returns The properties.
 */
export function readProperties(
  bytes: Uint8Array,
  at: number,
  end: number,
): MessageProperties {
  const properties: MessageProperties = {};
  const user: [string, string][] = [];
  const chunk = (): Uint8Array => {
    const begin = at + 2;
    at = begin + ((bytes[at] << 8) | bytes[at + 1]);
    return bytes.subarray(begin, at);
  };
  while (at < end) {
    switch (bytes[at++]) {
      case 0x01:
        properties.payloadFormatIndicator = bytes[at++] === 1;
        break;
      case 0x03:
        properties.contentType = decoder.decode(chunk());
        break;
      case 0x08:
        properties.responseTopic = decoder.decode(chunk());
        break;
      case 0x09:
        properties.correlationData = chunk().slice();
        break;
      case 0x26:
        user.push([decoder.decode(chunk()), decoder.decode(chunk())]);
        break;
    }
  }
  if (user.length > 0) properties.userProperties = user;
  return properties;
}

/**
 * Writes the properties that are passed on.
 *
 * @param properties The properties; the expiry interval is left out.
 * @returns Their bytes, without the length.
 * @throws {RangeError} If a text is longer than 65,535 bytes.
 */
export function writeProperties(properties: MessageProperties): Uint8Array {
  const parts: number[] = [];
  const chunk = (data: Uint8Array): void => {
    if (data.length > 65535) {
      throw new RangeError(
        `Cannot write a property: ${data.length} bytes are more than 65535`,
      );
    }
    parts.push(data.length >> 8, data.length & 255);
    for (const byte of data) parts.push(byte);
  };
  if (properties.payloadFormatIndicator !== undefined) {
    parts.push(0x01, properties.payloadFormatIndicator ? 1 : 0);
  }
  if (properties.contentType !== undefined) {
    parts.push(0x03);
    chunk(encoder.encode(properties.contentType));
  }
  if (properties.responseTopic !== undefined) {
    parts.push(0x08);
    chunk(encoder.encode(properties.responseTopic));
  }
  if (properties.correlationData !== undefined) {
    parts.push(0x09);
    chunk(properties.correlationData);
  }
  for (const [name, value] of properties.userProperties ?? []) {
    parts.push(0x26);
    chunk(encoder.encode(name));
    chunk(encoder.encode(value));
  }
  return Uint8Array.from(parts);
}
