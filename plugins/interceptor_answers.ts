/**
 * What the answers of interceptors must look like. An answer that is anything else
 * is a mistake of the plugin, and never a yes.
 *
 * @module
 */

import type { BrokerInterceptors, MessageProperties } from "./mod.ts";

/** Tells what a value must be; `undefined` if it is that. */
type Check = (value: unknown) => string | undefined;

/** What an interceptor may answer. */
export interface AnswerForm {
  /** What may be changed. */
  readonly changes: Readonly<Record<string, Check>>;
  /** Whether `true` means that nothing changes. */
  readonly agrees?: boolean;
  /** Whether it may refuse. If not, nothing depends on it: one that fails is passed over. */
  readonly refuses?: boolean;
  /** Whether it may have something pass unnoticed. */
  readonly drops?: boolean;
}

const LONGEST = 65535;
const encoder = new TextEncoder();

const qos: Check = (value) =>
  value === 0 || value === 1 || value === 2 ? undefined : "must be 0, 1 or 2";

const flag: Check = (value) =>
  typeof value === "boolean" ? undefined : "must be true or false";

const bytes: Check = (value) =>
  value instanceof Uint8Array ? undefined : "must be a Uint8Array";

const shortBytes: Check = (value) =>
  bytes(value) ??
    ((value as Uint8Array).length > LONGEST
      ? `must have at most ${LONGEST} bytes`
      : undefined);

const payload: Check = (value) =>
  typeof value === "string" || value instanceof Uint8Array
    ? undefined
    : "must be a text or a Uint8Array";

/** A string that MQTT can carry [MQTT-1.5.4-1], [MQTT-1.5.4-2]. */
const text: Check = (value) => {
  if (typeof value !== "string") return "must be a text";
  if (!value.isWellFormed()) return "must be well-formed Unicode";
  if (value.includes("\0")) return "must not have a null character";
  const isLong = value.length * 3 > LONGEST &&
    encoder.encode(value).length > LONGEST;
  return isLong ? `must have at most ${LONGEST} bytes in UTF-8` : undefined;
};

const name: Check = (value) =>
  text(value) ?? (value === "" ? "must not be empty" : undefined);

/** Long ones are cut where they are sent. */
const reason: Check = (value) =>
  typeof value === "string" ? undefined : "must be a text";

const pairs: Check = (value) => {
  if (!Array.isArray(value)) return "must be a list of pairs of texts";
  for (const pair of value as unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) {
      return "must be a list of pairs of texts";
    }
    for (const part of pair as unknown[]) {
      const problem = text(part);
      if (problem !== undefined) return `has a name or value that ${problem}`;
    }
  }
  return undefined;
};

function integer(most: number): Check {
  return (value) =>
    Number.isInteger(value) && value as number >= 0 && value as number <= most
      ? undefined
      : `must be an integer from 0 to ${most}`;
}

const seconds = integer(0xffffffff);

const PROPERTIES: Readonly<Record<keyof MessageProperties, Check>> = {
  payloadFormatIndicator: flag,
  messageExpiryInterval: seconds,
  contentType: text,
  responseTopic: name,
  correlationData: shortBytes,
  userProperties: pairs,
};

const properties: Check = (value) => {
  if (typeof value !== "object" || value === null) return "must be an object";
  return problemOf(value, PROPERTIES);
};

const MESSAGE = { topic: name, payload, properties };
const PUBLISH = { ...MESSAGE, qos, retain: flag };

/** What each interceptor may answer; `selectSharedMember` answers with a text. */
export const ANSWERS: Readonly<
  Record<Exclude<keyof BrokerInterceptors, "selectSharedMember">, AnswerForm>
> = {
  interceptAccept: { changes: {}, agrees: true, refuses: true },
  interceptConnect: {
    changes: {
      clientId: name,
      username: text,
      password: shortBytes,
      keepAlive: integer(65535),
      expiryInterval: (value) =>
        value === Infinity ? undefined : seconds(value),
      cleanStart: flag,
    },
    refuses: true,
  },
  interceptConnack: {
    changes: {
      userProperties: pairs,
      reasonString: reason,
      responseInformation: text,
    },
    refuses: true,
  },
  interceptDisconnect: {
    changes: { sendWill: flag, reasonCode: integer(255), reasonString: reason },
  },
  interceptSubscribe: {
    changes: {
      filter: name,
      qos,
      noLocal: flag,
      retainAsPublished: flag,
      retainHandling: qos,
    },
    refuses: true,
  },
  interceptUnsubscribe: { changes: { filter: name }, refuses: true },
  interceptPublish: { changes: PUBLISH, refuses: true, drops: true },
  interceptDeliver: { changes: MESSAGE, refuses: true, drops: true },
  interceptWill: { changes: PUBLISH, refuses: true, drops: true },
  interceptRetain: {
    changes: { payload, properties },
    refuses: true,
    drops: true,
  },
};

/**
 * Checks the fields of an object.
 *
 * @param object The object.
 * @param checks The fields that it may have.
 * @returns What is wrong with it, or `undefined`.
 */
export function problemOf(
  object: object,
  checks: Readonly<Record<string, Check>>,
): string | undefined {
  for (const [key, value] of Object.entries(object)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks).join(", ") || "nothing";
      return `has "${key}", but it may only have ${known}`;
    }
    if (value === undefined) continue;
    const problem = checks[key](value);
    if (problem !== undefined) return `has a "${key}" that ${problem}`;
  }
  return undefined;
}
