import { checkConnect } from "./check_connect.ts";
import { malformed, PacketError, protocolError } from "./errors.ts";
import { FrameReader } from "./frame_reader.ts";
import { checkFixedHeader, frameSize } from "./framing.ts";
import {
  hasProperty,
  type PropertyHolder,
  PropertyId,
  type Section,
} from "./properties.ts";
import { ReasonCode } from "./reason_codes.ts";
import { checkSubscribe, checkUnsubscribe } from "./check_subscribe.ts";
import { VALID_CODES } from "./valid_codes.ts";

/** Who sent a packet; `undefined`: not known, so no rule about it is checked. */
export type Sender = "client" | "server" | undefined;

/** What the check of a frame found. */
export interface FrameLayout {
  /** Packet type, 1 to 15. */
  readonly type: number;
  /** Protocol level; of a CONNECT its own. */
  readonly version: 3 | 4 | 5;
  /** The properties; only in MQTT 5. */
  readonly properties?: Section;
  /** The properties of the will of a CONNECT; only in MQTT 5. */
  readonly willProperties?: Section;
  /** Index of the connect flags of a CONNECT. */
  readonly flagsAt?: number;
  /** The connect flags that are to be regarded. */
  readonly flags?: number;
}

const NAMES = [
  ...["reserved", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC"],
  ...["PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE"],
  ...["UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"],
];

/**
 * Checks one whole frame against the standard, so that the decoder meets only
 * frames that are well formed.
 *
 * @param frame Exactly one frame.
 * @param version Protocol level of the connection; ignored for CONNECT.
 * @param sender Who sent the packet.
 * @param maxUserProperties Most user properties in one place.
 * @returns Where the parts of the packet are.
 * @throws {PacketError} If a rule is broken.
 */
export function checkFrame(
  frame: Uint8Array,
  version: 3 | 4 | 5,
  sender: Sender,
  maxUserProperties: number = Infinity,
): FrameLayout {
  const size = frameSize(frame, 0, frame.length, Infinity);
  if (size === 0 || size !== frame.length) {
    throw malformed(
      `Cannot decode a packet: ${frame.length} bytes are not one whole frame`,
    );
  }
  const type = frame[0] >> 4;
  // What the flags of a CONNECT may be does not depend on the version.
  checkFixedHeader(frame[0], version);
  let start = 1;
  while (frame[start++] > 0x7f);
  const name = NAMES[type];
  const reader = new FrameReader(frame, start, name, maxUserProperties);
  if (type === 1) return { type, ...checkConnect(reader) };
  return {
    type,
    version,
    properties: checkBody(reader, type, name, version, sender),
  };
}

function checkBody(
  reader: FrameReader,
  type: number,
  name: string,
  version: 3 | 4 | 5,
  sender: Sender,
): Section | undefined {
  switch (type) {
    case 2:
      return checkConnack(reader, version);
    case 3:
      return checkPublish(reader, version, sender);
    case 4:
    case 5:
    case 6:
    case 7:
      return checkAcknowledgement(reader, name, version);
    case 8:
      return checkSubscribe(reader, version);
    case 9:
      return checkSuback(reader, version);
    case 10:
      return checkUnsubscribe(reader, version);
    case 11:
      return checkUnsuback(reader, version);
    case 14:
      return checkDisconnect(reader, version, sender);
    case 15:
      return checkAuth(reader, sender);
    default: // PINGREQ, PINGRESP
      reader.finish();
  }
}

function checkConnack(
  reader: FrameReader,
  version: 3 | 4 | 5,
): Section | undefined {
  const flags = reader.byte("acknowledge flags");
  // MQTT 3.1 has no session present flag.
  if (flags > (version === 3 ? 0 : 1)) {
    throw malformed(
      "Cannot decode CONNACK: a reserved flag is set [MQTT-3.2.2-1]",
    );
  }
  const code = reader.byte("reason code");
  const isKnown = version === 5 ? VALID_CODES.CONNACK.has(code) : code <= 5;
  if (!isKnown) throw invalidCode("CONNACK", code);
  if (flags === 1 && code !== 0) {
    throw protocolError(
      "Cannot decode CONNACK: it refuses, but says that a session is present [MQTT-3.2.2-6]",
    );
  }
  const section = version === 5 ? reader.properties("connack") : undefined;
  reader.finish();
  return section;
}

function checkPublish(
  reader: FrameReader,
  version: 3 | 4 | 5,
  sender: Sender,
): Section | undefined {
  const { bytes } = reader;
  const topic = reader.string("topic name");
  if (topic.includes(0x2b) || topic.includes(0x23)) {
    throw new PacketError(
      ReasonCode.TopicNameInvalid,
      "Cannot decode PUBLISH: its topic name has a wildcard [MQTT-3.3.2-2]",
    );
  }
  if (bytes[0] & 6) reader.packetId();
  if (version !== 5) {
    if (topic.length > 0) return;
    throw malformed(
      "Cannot decode PUBLISH: its topic name is empty [MQTT-4.7.3-1]",
    );
  }
  const section = reader.properties("publish");
  if (
    topic.length === 0 && !hasProperty(bytes, section, PropertyId.TopicAlias)
  ) {
    throw protocolError(
      "Cannot decode PUBLISH: there is neither a topic name nor a topic alias",
    );
  }
  if (
    sender === "client" &&
    hasProperty(bytes, section, PropertyId.SubscriptionIdentifier)
  ) {
    throw protocolError(
      "Cannot decode PUBLISH: a client sent a subscription identifier [MQTT-3.3.4-6]",
    );
  }
  return section;
}

function checkAcknowledgement(
  reader: FrameReader,
  name: string,
  version: 3 | 4 | 5,
): Section | undefined {
  reader.packetId();
  let section: Section | undefined;
  if (version === 5 && reader.left > 0) {
    const code = reader.byte("reason code");
    if (!VALID_CODES[name as "PUBACK"].has(code)) throw invalidCode(name, code);
    if (reader.left > 0) {
      section = reader.properties(name.toLowerCase() as PropertyHolder);
    }
  }
  reader.finish();
  return section;
}

function checkSuback(
  reader: FrameReader,
  version: 3 | 4 | 5,
): Section | undefined {
  reader.packetId();
  const section = version === 5 ? reader.properties("suback") : undefined;
  const codes = version === 5 ? VALID_CODES.SUBACK : VALID_CODES.SUBACK3;
  checkCodes(reader, "SUBACK", codes);
  return section;
}

function checkUnsuback(
  reader: FrameReader,
  version: 3 | 4 | 5,
): Section | undefined {
  reader.packetId();
  if (version !== 5) {
    reader.finish();
    return;
  }
  const section = reader.properties("unsuback");
  checkCodes(reader, "UNSUBACK", VALID_CODES.UNSUBACK);
  return section;
}

/** Checks the reason codes that fill the rest of the packet, at least one. */
function checkCodes(
  reader: FrameReader,
  name: string,
  codes: ReadonlySet<number>,
): void {
  do {
    const code = reader.byte("list of reason codes");
    if (!codes.has(code)) throw invalidCode(name, code);
  } while (reader.left > 0);
}

function checkDisconnect(
  reader: FrameReader,
  version: 3 | 4 | 5,
  sender: Sender,
): Section | undefined {
  let section: Section | undefined;
  if (version === 5 && reader.left > 0) {
    const code = reader.byte("reason code");
    if (!VALID_CODES.DISCONNECT.has(code)) {
      throw invalidCode("DISCONNECT", code);
    }
    if (reader.left > 0) section = reader.properties("disconnect");
  }
  reader.finish();
  if (
    sender === "server" && section &&
    hasProperty(reader.bytes, section, PropertyId.SessionExpiryInterval)
  ) {
    throw protocolError(
      "Cannot decode DISCONNECT: a server sent a session expiry interval [MQTT-3.14.2-2]",
    );
  }
  return section;
}

function checkAuth(reader: FrameReader, sender: Sender): Section | undefined {
  // Nothing at all means success (section 3.15.2.1).
  const isEmpty = reader.left === 0;
  const code = isEmpty ? ReasonCode.Success : reader.byte("reason code");
  if (!VALID_CODES.AUTH.has(code)) throw invalidCode("AUTH", code);
  if (sender === "client" && code === ReasonCode.Success) {
    throw protocolError(
      "Cannot decode AUTH: only a server may say that it succeeded [MQTT-3.15.2-1]",
    );
  }
  if (sender === "server" && code === ReasonCode.Reauthenticate) {
    throw protocolError(
      "Cannot decode AUTH: only a client may begin again [MQTT-3.15.2-1]",
    );
  }
  if (isEmpty) return;
  const section = reader.properties("auth");
  reader.finish();
  if (
    code !== ReasonCode.Success &&
    !hasProperty(reader.bytes, section, PropertyId.AuthenticationMethod)
  ) {
    throw protocolError(
      "Cannot decode AUTH: there is no authentication method",
    );
  }
  return section;
}

function invalidCode(name: string, code: number): PacketError {
  return malformed(
    `Cannot decode ${name}: it does not know the reason code 0x${
      code.toString(16).padStart(2, "0")
    }`,
  );
}
