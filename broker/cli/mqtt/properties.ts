/**
 * The flag `-D`: properties of MQTT 5, under the names of `mosquitto_pub`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { nearest } from "../../../plugins/nearest.ts";
import { wholeNumber } from "../flags.ts";
import { UsageError } from "../usage_error.ts";

/** The packets that may have properties of the command line. */
export type PropertyPacket =
  | "connect"
  | "will"
  | "publish"
  | "subscribe"
  | "unsubscribe"
  | "disconnect";

/** Properties by packet, as mqtt-packet names them; packets without any are absent. */
export type PacketProperties = Partial<
  Record<PropertyPacket, Record<string, unknown>>
>;

type Read = (text: string, written: string) => unknown;

interface Property {
  /** Its name in mqtt-packet. */
  readonly key: string;
  readonly packets: readonly PropertyPacket[];
  readonly read: Read;
}

const MESSAGE = ["publish", "will"] as const;
const CONNECT = ["connect"] as const;

const PROPERTIES: Readonly<Record<string, Property>> = {
  "authentication-data": property("authenticationData", CONNECT, binary),
  "authentication-method": property("authenticationMethod", CONNECT, text),
  "content-type": property("contentType", MESSAGE, text),
  "correlation-data": property("correlationData", MESSAGE, binary),
  "maximum-packet-size": property("maximumPacketSize", CONNECT, from1(32)),
  "message-expiry-interval": property(
    "messageExpiryInterval",
    MESSAGE,
    from0(32),
  ),
  "payload-format-indicator": property("payloadFormatIndicator", MESSAGE, flag),
  "reason-string": property("reasonString", ["disconnect"], text),
  "receive-maximum": property("receiveMaximum", CONNECT, from1(16)),
  "request-problem-information": property(
    "requestProblemInformation",
    CONNECT,
    flag,
  ),
  "request-response-information": property(
    "requestResponseInformation",
    CONNECT,
    flag,
  ),
  "response-topic": property("responseTopic", MESSAGE, text),
  "session-expiry-interval": property(
    "sessionExpiryInterval",
    ["connect", "disconnect"],
    from0(32),
  ),
  "subscription-identifier": property(
    "subscriptionIdentifier",
    ["subscribe"],
    (value, written) => wholeNumber(written, value, 1, 268_435_455),
  ),
  "topic-alias": property("topicAlias", ["publish"], from1(16)),
  "topic-alias-maximum": property("topicAliasMaximum", CONNECT, from0(16)),
  "user-property": property("userProperties", [
    "connect",
    "will",
    "publish",
    "subscribe",
    "unsubscribe",
    "disconnect",
  ], text),
  "will-delay-interval": property("willDelayInterval", ["will"], from0(32)),
};

/**
 * How many words follow `-D`: `COMMAND NAME VALUE`, but two values for a user property.
 *
 * @param following The words that follow.
 * @returns Their number.
 */
export function propertyWords(following: readonly string[]): number {
  return following[1] === "user-property" ? 4 : 3;
}

/**
 * Reads the properties of the command line.
 *
 * @param given The words of each `-D`.
 * @param allowed The packets that the command sends.
 * @returns The properties by packet.
 * @throws {UsageError} If a property is not known, does not belong to its packet or
 *   has a wrong value.
 */
export function readProperties(
  given: readonly (readonly string[])[],
  allowed: readonly PropertyPacket[],
): PacketProperties {
  const result: PacketProperties = {};
  for (const [command, name, ...values] of given) {
    const packet = allowed.find((one) => one === command.toLowerCase());
    const written = `-D ${command} ${name}`;
    if (packet === undefined) {
      throw new UsageError(
        `Cannot use ${written}: "${command}" must be ${allowed.join(", ")}`,
      );
    }
    const { key, read } = find(name, packet, written);
    const properties = result[packet] ??= {};
    if (key === "userProperties") addPair(properties, values);
    else properties[key] = read(values[0], written);
  }
  return result;
}

function find(
  name: string,
  packet: PropertyPacket,
  written: string,
): Property {
  const names = Object.keys(PROPERTIES)
    .filter((one) => PROPERTIES[one].packets.includes(packet));
  if (names.includes(name)) return PROPERTIES[name];
  const meant = nearest(name, names);
  throw new UsageError(
    `Cannot use ${written}: ${packet} has no such property` +
      (meant === undefined
        ? `, only ${names.join(", ")}`
        : `. Did you mean ${meant}?`),
  );
}

/** A name may come several times. */
function addPair(
  properties: Record<string, unknown>,
  [name, value]: readonly string[],
): void {
  const pairs = (properties.userProperties ??= Object.create(null)) as Record<
    string,
    string | string[]
  >;
  const earlier = pairs[name];
  pairs[name] = earlier === undefined ? value : [earlier, value].flat();
}

function property(
  key: string,
  packets: readonly PropertyPacket[],
  read: Read,
): Property {
  return { key, packets, read };
}

function text(value: string): string {
  return value;
}

function binary(value: string): Buffer {
  return Buffer.from(value);
}

function flag(value: string, written: string): boolean {
  return wholeNumber(written, value, 0, 1) === 1;
}

function from0(bits: number): Read {
  return (value, written) => wholeNumber(written, value, 0, 2 ** bits - 1);
}

function from1(bits: number): Read {
  return (value, written) => wholeNumber(written, value, 1, 2 ** bits - 1);
}
