import { checkFrame } from "./check_frame.ts";
import { propertyEnd, PropertyId } from "./properties.ts";

/**
 * What {@linkcode willProperties} finds.
 *
 * @example
 * ```ts
 * import { Buffer } from "node:buffer";
 * import { encode, willProperties, type WillProperties } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = encode({
 *   cmd: "connect",
 *   clientId: "lamp",
 *   will: {
 *     topic: "lamp/state",
 *     payload: Buffer.from("off"),
 *     qos: 0,
 *     retain: true,
 *     properties: { willDelayInterval: 5, contentType: "text" },
 *   },
 * }, 5);
 *
 * function sizeOf({ forward }: WillProperties): number {
 *   return forward === null ? 0 : forward.length;
 * }
 *
 * // The delay is not for subscribers.
 * assertEquals(sizeOf(willProperties(frame)), 7);
 * ```
 */
export interface WillProperties {
  /** The properties as they stand in a frame, without their length; `null` if there are none. */
  readonly forward: Uint8Array | null;
}

/** The properties that subscribers get unchanged, user properties in their order [MQTT-3.1.3-10]. */
const FORWARDED: ReadonlySet<number> = new Set([
  PropertyId.PayloadFormatIndicator,
  PropertyId.ContentType,
  PropertyId.ResponseTopic,
  PropertyId.CorrelationData,
  PropertyId.UserProperty,
]);

/**
 * Collects the properties of the will that are passed on to subscribers as they
 * are: payload format indicator, content type, response topic, correlation data
 * and user properties, in their order. Will delay and message expiry are not among
 * them: the server deals with those.
 *
 * @param frame A CONNECT that `decode()` has accepted.
 * @returns A copy of their bytes, or `null` if there are none or the version is not 5.
 * @throws {PacketError} If the frame is not valid.
 *
 * @example
 * ```ts
 * import { Buffer } from "node:buffer";
 * import { encode, willProperties } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * const frame = encode({
 *   cmd: "connect",
 *   clientId: "lamp",
 *   will: {
 *     topic: "lamp/state",
 *     payload: Buffer.from("off"),
 *     qos: 0,
 *     retain: true,
 *     properties: { willDelayInterval: 5, contentType: "text" },
 *   },
 * }, 5);
 *
 * const { forward } = willProperties(frame);
 * // The content type (3), and how long it is.
 * assertEquals([...forward!.subarray(0, 3)], [3, 0, 4]);
 * assertEquals(new TextDecoder().decode(forward!.subarray(3)), "text");
 * ```
 */
export function willProperties(frame: Uint8Array): WillProperties {
  const section = checkFrame(frame, 5, "client").willProperties;
  if (section === undefined) return { forward: null };
  const forward = new Uint8Array(section.end - section.start);
  let length = 0;
  for (let at = section.start; at < section.end;) {
    const end = propertyEnd(frame, at);
    if (FORWARDED.has(frame[at])) {
      forward.set(frame.subarray(at, end), length);
      length += end - at;
    }
    at = end;
  }
  return { forward: length > 0 ? forward.slice(0, length) : null };
}
