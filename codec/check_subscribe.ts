import { malformed, type PacketError, protocolError } from "./errors.ts";
import type { FrameReader } from "./frame_reader.ts";
import type { Section } from "./properties.ts";

/**
 * Checks the body of a SUBSCRIBE (section 3.8). The syntax of the topic filters is
 * not checked: each is answered on its own.
 *
 * @param reader Stands at the beginning of the body.
 * @param version Protocol level: 3, 4 or 5.
 * @returns The properties; `undefined` before MQTT 5.
 * @throws {PacketError} If a rule is broken.
 */
export function checkSubscribe(
  reader: FrameReader,
  version: 3 | 4 | 5,
): Section | undefined {
  reader.packetId();
  const section = version === 5 ? reader.properties("subscribe") : undefined;
  if (reader.left === 0) {
    throw protocolError(
      "Cannot decode SUBSCRIBE: there is no topic filter [MQTT-3.8.3-2]",
    );
  }
  while (reader.left > 0) {
    const filter = readFilter(reader, "SUBSCRIBE");
    const options = reader.byte("subscription options");
    if (version === 5) checkOptions(options, filter);
    else checkRequestedQos(options);
  }
  return section;
}

/**
 * Checks the body of an UNSUBSCRIBE (section 3.10). The syntax of the topic filters
 * is not checked: each is answered on its own.
 *
 * @param reader Stands at the beginning of the body.
 * @param version Protocol level: 3, 4 or 5.
 * @returns The properties; `undefined` before MQTT 5.
 * @throws {PacketError} If a rule is broken.
 */
export function checkUnsubscribe(
  reader: FrameReader,
  version: 3 | 4 | 5,
): Section | undefined {
  reader.packetId();
  const section = version === 5 ? reader.properties("unsubscribe") : undefined;
  if (reader.left === 0) {
    throw protocolError(
      "Cannot decode UNSUBSCRIBE: there is no topic filter [MQTT-3.10.3-2]",
    );
  }
  while (reader.left > 0) readFilter(reader, "UNSUBSCRIBE");
  return section;
}

function readFilter(reader: FrameReader, packet: string): Uint8Array {
  const filter = reader.string("topic filter");
  if (filter.length === 0) {
    throw malformed(
      `Cannot decode ${packet}: a topic filter is empty [MQTT-4.7.3-1]`,
    );
  }
  return filter;
}

/** MQTT 3.1 and 3.1.1: two bits of QoS, the rest is reserved. */
function checkRequestedQos(options: number): void {
  if (options > 2) {
    throw malformed(
      `Cannot decode SUBSCRIBE: the requested QoS is the byte ${options} [MQTT-3-8.3-4]`,
    );
  }
}

function checkOptions(options: number, filter: Uint8Array): void {
  if (options & 0xc0) {
    throw malformed(
      "Cannot decode SUBSCRIBE: a reserved subscription option is set [MQTT-3.8.3-5]",
    );
  }
  if ((options & 0x03) === 0x03) throw optionError("the maximum QoS is 3");
  if ((options & 0x30) === 0x30) throw optionError("the retain handling is 3");
  if (options & 0x04 && isShared(filter)) {
    throw optionError(
      "a shared subscription asks for no local [MQTT-3.8.3-4]",
    );
  }
}

const SHARE = new TextEncoder().encode("$share/");

function isShared(filter: Uint8Array): boolean {
  return SHARE.every((byte, index) => filter[index] === byte);
}

function optionError(why: string): PacketError {
  return protocolError(`Cannot decode SUBSCRIBE: ${why}`);
}
