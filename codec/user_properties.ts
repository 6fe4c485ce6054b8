import type { UserProperties } from "mqtt-packet";
import { propertyEnd, PropertyId, type Section } from "./properties.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * Reads the user properties, because mqtt-packet loses an empty value when the
 * same name follows.
 *
 * @param bytes Where the properties stand; they were checked.
 * @param section Which part of `bytes` they are.
 * @returns Each name with its value, or its values in their order; `undefined` if there are none.
 */
export function readUserProperties(
  bytes: Uint8Array,
  section: Section,
): UserProperties | undefined {
  let result: UserProperties | undefined;
  for (let at = section.start; at < section.end;) {
    const end = propertyEnd(bytes, at);
    if (bytes[at] === PropertyId.UserProperty) {
      // Without a prototype: a peer chooses the names, `__proto__` among them.
      result ??= Object.create(null) as UserProperties;
      const nameEnd = at + 3 + (bytes[at + 1] << 8 | bytes[at + 2]);
      const name = decodeUtf8(bytes, at + 3, nameEnd);
      add(result, name, decodeUtf8(bytes, nameEnd + 2, end));
    }
    at = end;
  }
  return result;
}

function add(to: UserProperties, name: string, value: string): void {
  const earlier = to[name];
  if (earlier === undefined) to[name] = value;
  else if (typeof earlier === "string") to[name] = [earlier, value];
  else earlier.push(value);
}
