import { malformed, PacketError, protocolError } from "./errors.ts";
import { ReasonCode } from "./reason_codes.ts";
import { isUtf8 } from "./utf8.ts";
import { readVarint, varintSize } from "./varint.ts";

/** How the value of a property is written. */
export type PropertyType =
  | "bit" // One byte, 0 or 1.
  | "uint16"
  | "uint32"
  | "varint"
  | "string"
  | "pair"
  | "binary";

/** What may carry properties: a packet, or the will inside a CONNECT. */
export type PropertyHolder =
  | "connect"
  | "will"
  | "connack"
  | "publish"
  | "puback"
  | "pubrec"
  | "pubrel"
  | "pubcomp"
  | "subscribe"
  | "suback"
  | "unsubscribe"
  | "unsuback"
  | "disconnect"
  | "auth";

/** One property of MQTT 5 (section 2.2.2.2). */
export interface Property {
  /** Its identifier on the wire. */
  readonly id: number;
  /** Its name in the packets of mqtt-packet. */
  readonly name: string;
  /** How its value is written. */
  readonly type: PropertyType;
  /** Where it is allowed. */
  readonly holders: readonly PropertyHolder[];
  /** Where it may occur more than once. */
  readonly repeatableIn: readonly PropertyHolder[];
  /** Reason code for the value 0, if that is not allowed. */
  readonly zero?: number;
}

const MESSAGE: readonly PropertyHolder[] = ["publish", "will"];
const AUTHENTICATION: readonly PropertyHolder[] = [
  "connect",
  "connack",
  "auth",
];
const REASON: readonly PropertyHolder[] = [
  ...["connack", "puback", "pubrec", "pubrel", "pubcomp"] as const,
  ...["suback", "unsuback", "disconnect", "auth"] as const,
];
const ALL: readonly PropertyHolder[] = [
  ...REASON,
  ...["connect", "will", "publish", "subscribe", "unsubscribe"] as const,
];
const ZERO = ReasonCode.ProtocolError;

/** Every property of MQTT 5, in the order of the identifiers. */
export const PROPERTIES: readonly Property[] = [
  property(1, "payloadFormatIndicator", "bit", MESSAGE),
  property(2, "messageExpiryInterval", "uint32", MESSAGE),
  property(3, "contentType", "string", MESSAGE),
  property(8, "responseTopic", "string", MESSAGE),
  property(9, "correlationData", "binary", MESSAGE),
  {
    ...property(11, "subscriptionIdentifier", "varint", [
      "publish",
      "subscribe",
    ]),
    repeatableIn: ["publish"],
    zero: ZERO,
  },
  property(17, "sessionExpiryInterval", "uint32", [
    "connect",
    "connack",
    "disconnect",
  ]),
  property(18, "assignedClientIdentifier", "string", ["connack"]),
  property(19, "serverKeepAlive", "uint16", ["connack"]),
  property(21, "authenticationMethod", "string", AUTHENTICATION),
  property(22, "authenticationData", "binary", AUTHENTICATION),
  property(23, "requestProblemInformation", "bit", ["connect"]),
  property(24, "willDelayInterval", "uint32", ["will"]),
  property(25, "requestResponseInformation", "bit", ["connect"]),
  property(26, "responseInformation", "string", ["connack"]),
  property(28, "serverReference", "string", ["connack", "disconnect"]),
  property(31, "reasonString", "string", REASON),
  {
    ...property(33, "receiveMaximum", "uint16", ["connect", "connack"]),
    zero: ZERO,
  },
  property(34, "topicAliasMaximum", "uint16", ["connect", "connack"]),
  {
    ...property(35, "topicAlias", "uint16", ["publish"]),
    zero: ReasonCode.TopicAliasInvalid, // [MQTT-3.3.2-8]
  },
  property(36, "maximumQoS", "bit", ["connack"]),
  property(37, "retainAvailable", "bit", ["connack"]),
  { ...property(38, "userProperties", "pair", ALL), repeatableIn: ALL },
  {
    ...property(39, "maximumPacketSize", "uint32", ["connect", "connack"]),
    zero: ZERO,
  },
  property(40, "wildcardSubscriptionAvailable", "bit", ["connack"]),
  property(41, "subscriptionIdentifiersAvailable", "bit", ["connack"]),
  property(42, "sharedSubscriptionAvailable", "bit", ["connack"]),
];

/** The identifiers that the codec itself asks for. */
export const PropertyId = {
  PayloadFormatIndicator: 1,
  ContentType: 3,
  ResponseTopic: 8,
  CorrelationData: 9,
  SubscriptionIdentifier: 11,
  SessionExpiryInterval: 17,
  AuthenticationMethod: 21,
  AuthenticationData: 22,
  TopicAlias: 35,
  UserProperty: 38,
} as const;

const BY_ID: readonly (Property | undefined)[] = Array.from(
  { length: 43 },
  (_, id) => PROPERTIES.find((property) => property.id === id),
);

function property(
  id: number,
  name: string,
  type: PropertyType,
  holders: readonly PropertyHolder[],
): Property {
  return { id, name, type, holders, repeatableIn: [] };
}

/**
 * Checks the properties of a packet: identifiers, types, values, duplicates, and
 * the rules between them.
 *
 * @param bytes Where they stand.
 * @param start Index of the first property, after the length of the properties.
 * @param end Index after the last property.
 * @param holder The packet that carries them, or `will`.
 * @param maxUserProperties Most user properties.
 * @throws {PacketError} 0x97 if there are too many user properties, 0x81 if they cannot be parsed or hold a property that does not
 * belong there, 0x82 if a property occurs twice or has a value that is not
 * allowed, 0x94 for the topic alias 0.
 */
export function checkProperties(
  bytes: Uint8Array,
  start: number,
  end: number,
  holder: PropertyHolder,
  maxUserProperties: number = Infinity,
): void {
  const seen = new Set<number>();
  let userProperties = 0;
  let at = start;
  while (at < end) {
    const property = BY_ID[bytes[at]];
    if (property === undefined) {
      throw malformed(
        `Cannot decode the properties (${holder}): the identifier ${
          bytes[at]
        } is not known (section 2.2.2.2)`,
      );
    }
    const { id, name } = property;
    if (!property.holders.includes(holder)) {
      throw malformed(
        `Cannot decode the properties (${holder}): "${name}" does not belong there (section 2.2.2.2)`,
      );
    }
    if (seen.has(id) && !property.repeatableIn.includes(holder)) {
      throw protocolError(
        `Cannot decode the properties (${holder}): "${name}" occurs twice`,
      );
    }
    seen.add(id);
    if (
      id === PropertyId.UserProperty && ++userProperties > maxUserProperties
    ) {
      throw new PacketError(
        ReasonCode.QuotaExceeded,
        `Cannot accept the properties (${holder}): there are more than ${maxUserProperties} user properties`,
      );
    }
    at = checkValue(bytes, at + 1, end, property);
  }
  if (
    seen.has(PropertyId.AuthenticationData) &&
    !seen.has(PropertyId.AuthenticationMethod)
  ) {
    throw protocolError(
      `Cannot decode the properties (${holder}): there is authentication data, but no authentication method`,
    );
  }
}

/** Checks one value and returns the index after it. */
function checkValue(
  bytes: Uint8Array,
  start: number,
  end: number,
  property: Property,
): number {
  switch (property.type) {
    case "bit":
      need(start + 1, end, property);
      if (bytes[start] > 1) {
        throw protocolError(
          `Cannot decode the property "${property.name}": ${
            bytes[start]
          } is neither 0 nor 1`,
        );
      }
      return start + 1;
    case "uint16":
      need(start + 2, end, property);
      checkNotZero(bytes[start] | bytes[start + 1], property);
      return start + 2;
    case "uint32":
      need(start + 4, end, property);
      checkNotZero(
        bytes[start] | bytes[start + 1] | bytes[start + 2] | bytes[start + 3],
        property,
      );
      return start + 4;
    case "varint": {
      const value = readVarint(bytes, start, end);
      checkNotZero(value, property);
      return start + varintSize(value);
    }
    case "binary":
      return binaryEnd(bytes, start, end, property);
    case "string":
      return checkString(bytes, start, end, property);
    case "pair":
      return checkString(
        bytes,
        checkString(bytes, start, end, property),
        end,
        property,
      );
  }
}

function checkString(
  bytes: Uint8Array,
  start: number,
  end: number,
  property: Property,
): number {
  const after = binaryEnd(bytes, start, end, property);
  if (!isUtf8(bytes, start + 2, after)) {
    throw malformed(
      `Cannot decode the property "${property.name}": it is not valid UTF-8 [MQTT-1.5.4-1]`,
    );
  }
  if (property.id === PropertyId.ResponseTopic) {
    checkResponseTopic(bytes.subarray(start + 2, after));
  }
  return after;
}

function checkResponseTopic(topic: Uint8Array): void {
  if (topic.length === 0) {
    throw protocolError(
      "Cannot decode a response topic: it is empty [MQTT-4.7.3-1]",
    );
  }
  if (topic.includes(0x2b) || topic.includes(0x23)) {
    throw protocolError(
      "Cannot decode a response topic: it has a wildcard [MQTT-3.3.2-14]",
    );
  }
}

/** Returns the index after bytes that follow their length. */
function binaryEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  property: Property,
): number {
  need(start + 2, end, property);
  const after = start + 2 + (bytes[start] << 8 | bytes[start + 1]);
  need(after, end, property);
  return after;
}

function need(after: number, end: number, property: Property): void {
  if (after > end) {
    throw malformed(
      `Cannot decode the property "${property.name}": it is cut off`,
    );
  }
}

function checkNotZero(value: number, property: Property): void {
  if (value === 0 && property.zero !== undefined) {
    throw new PacketError(
      property.zero,
      `Cannot decode the property "${property.name}": 0 is not allowed`,
    );
  }
}

/**
 * Finds the end of a property.
 *
 * @param bytes Where it stands; {@linkcode checkProperties} has accepted it.
 * @param start Index of its identifier.
 * @returns Index after its value.
 */
export function propertyEnd(bytes: Uint8Array, start: number): number {
  const at = start + 1;
  switch (BY_ID[bytes[start]]!.type) {
    case "bit":
      return at + 1;
    case "uint16":
      return at + 2;
    case "uint32":
      return at + 4;
    case "varint":
      return at + varintSize(readVarint(bytes, at, bytes.length));
    case "string":
    case "binary":
      return at + 2 + (bytes[at] << 8 | bytes[at + 1]);
    case "pair": {
      const value = at + 2 + (bytes[at] << 8 | bytes[at + 1]);
      return value + 2 + (bytes[value] << 8 | bytes[value + 1]);
    }
  }
}

/** A part of a frame: from `start` to before `end`. */
export interface Section {
  /** Index of the first byte. */
  readonly start: number;
  /** Index after the last byte. */
  readonly end: number;
}

/**
 * Tells whether a property is there.
 *
 * @param bytes Where the properties stand; {@linkcode checkProperties} has accepted them.
 * @param section Which part of `bytes` they are.
 * @param id Identifier of the property.
 * @returns Whether it occurs.
 */
export function hasProperty(
  bytes: Uint8Array,
  section: Section,
  id: number,
): boolean {
  for (let at = section.start; at < section.end;) {
    if (bytes[at] === id) return true;
    at = propertyEnd(bytes, at);
  }
  return false;
}
