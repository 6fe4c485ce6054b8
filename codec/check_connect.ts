import { malformed, PacketError } from "./errors.ts";
import type { FrameReader } from "./frame_reader.ts";
import type { Section } from "./properties.ts";
import { ReasonCode } from "./reason_codes.ts";

/** What the check of a CONNECT found. */
export interface ConnectLayout {
  /** Protocol level: 3, 4 or 5. */
  readonly version: 3 | 4 | 5;
  /** Index of the connect flags. */
  readonly flagsAt: number;
  /** The connect flags without those that MQTT 3.1 says to ignore. */
  readonly flags: number;
  /** The properties; only in MQTT 5. */
  readonly properties?: Section;
  /** The properties of the will; only in MQTT 5. */
  readonly willProperties?: Section;
}

const USER_NAME = 0x80;
const PASSWORD = 0x40;
const WILL_RETAIN = 0x20;
const WILL_QOS = 0x18;
const WILL = 0x04;
const RESERVED = 0x01;
// Bit of the protocol level. No standard has it; bridges between brokers set it, to
// be told apart from clients. Those of MQTT 5 do not need it.
const BRIDGE = 0x80;

/**
 * Checks the body of a CONNECT (section 3.1).
 *
 * @param reader Stands at the beginning of the body.
 * @returns Where its parts are.
 * @throws {PacketError} If a rule is broken.
 */
export function checkConnect(reader: FrameReader): ConnectLayout {
  const version = readVersion(reader);
  const flagsAt = reader.at;
  let flags = readFlags(reader, version);
  reader.uint16("keep alive");
  const properties = version === 5 ? reader.properties("connect") : undefined;
  reader.string("client identifier");
  let willProperties: Section | undefined;
  if (flags & WILL) {
    if (version === 5) willProperties = reader.properties("will");
    checkWillTopic(reader.string("will topic"));
    reader.binary("will payload");
  }
  // MQTT 3.1 (section 3.1, "User name and password flags"): the remaining length
  // takes precedence over the flags.
  if (version === 3 && reader.left === 0) flags &= ~(USER_NAME | PASSWORD);
  if (flags & USER_NAME) reader.string("user name");
  if (version === 3 && reader.left === 0) flags &= ~PASSWORD;
  if (flags & PASSWORD) reader.binary("password");
  reader.finish();
  return { version, flagsAt, flags, properties, willProperties };
}

function readVersion(reader: FrameReader): 3 | 4 | 5 {
  const name = reader.binary("protocol name");
  const isMqtt = equalsAscii(name, "MQTT");
  if (!isMqtt && !equalsAscii(name, "MQIsdp")) {
    throw unsupported("its protocol name is not known [MQTT-3.1.2-1]");
  }
  const level = reader.byte("protocol level");
  if (isMqtt && (level === 4 || level === 5)) return level;
  if (!isMqtt && level === 3) return level;
  if (isMqtt && level === (BRIDGE | 4)) return 4;
  if (!isMqtt && level === (BRIDGE | 3)) return 3;
  throw unsupported(
    `"${
      isMqtt ? "MQTT" : "MQIsdp"
    }" with the protocol level ${level} is not supported [MQTT-3.1.2-2]`,
  );
}

function readFlags(reader: FrameReader, version: 3 | 4 | 5): number {
  let flags = reader.byte("connect flags");
  if (version === 3) {
    // MQTT 3.1 does not use the last bit, and disregards the others of the will.
    flags &= ~RESERVED;
    if (!(flags & WILL)) flags &= ~(WILL_RETAIN | WILL_QOS);
  }
  if (flags & RESERVED) {
    throw malformed(
      "Cannot decode CONNECT: the reserved flag is set [MQTT-3.1.2-3]",
    );
  }
  if ((flags & WILL_QOS) === WILL_QOS) {
    throw malformed(
      "Cannot decode CONNECT: the QoS of the will is 3 [MQTT-3.1.2-12]",
    );
  }
  if (!(flags & WILL) && flags & WILL_QOS) {
    throw malformed(
      "Cannot decode CONNECT: there is a QoS, but no will [MQTT-3.1.2-11]",
    );
  }
  if (!(flags & WILL) && flags & WILL_RETAIN) {
    throw malformed(
      "Cannot decode CONNECT: there is a retain flag, but no will [MQTT-3.1.2-13]",
    );
  }
  if (version !== 5 && flags & PASSWORD && !(flags & USER_NAME)) {
    throw malformed(
      "Cannot decode CONNECT: there is a password, but no user name [MQTT-3.1.2-22]",
    );
  }
  return flags;
}

function checkWillTopic(topic: Uint8Array): void {
  if (topic.length === 0) {
    throw new PacketError(
      ReasonCode.TopicNameInvalid,
      "Cannot decode CONNECT: the will topic is empty [MQTT-4.7.3-1]",
    );
  }
  if (topic.includes(0x2b) || topic.includes(0x23)) {
    throw new PacketError(
      ReasonCode.TopicNameInvalid,
      "Cannot decode CONNECT: the will topic has a wildcard [MQTT-4.7.1-1]",
    );
  }
}

function equalsAscii(bytes: Uint8Array, text: string): boolean {
  return bytes.length === text.length &&
    bytes.every((byte, index) => byte === text.charCodeAt(index));
}

function unsupported(why: string): PacketError {
  return new PacketError(
    ReasonCode.UnsupportedProtocolVersion,
    `Cannot decode CONNECT: ${why}`,
  );
}
