/** The limits of a configuration, as valibot schemas. */

import * as v from "valibot";
import type { Limits, ListenerLimits } from "./limit_types.ts";
import { integer, optional, type Rule, rule, seconds, size } from "./values.ts";

/** Largest MQTT packet: four bytes of length, its own byte and the rest. */
const MAX_PACKET = 268_435_460;
const MAX_UINT16 = 65_535;
const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** The limits that a listener may have of its own. */
export const LISTENER_LIMITS: {
  readonly [Name in keyof ListenerLimits]: Rule<number | undefined>;
} = {
  connectTimeout: optional(seconds(0.001)),
  maxPacketSize: optional(size(64, MAX_PACKET)),
  maxConnectPacketSize: optional(size(64, MAX_PACKET)),
  maxFrameSize: optional(size(0)),
  maxConnectionsPerAddress: optional(integer(0)),
  connectionRate: optional(rate()),
  messageRate: optional(rate()),
  byteRate: optional(size(0)),
};

/** What they are where nobody says anything. */
const DEFAULTS: ListenerLimits = {
  connectTimeout: 10,
  maxPacketSize: 2 * MIB,
  maxConnectPacketSize: 128 * KIB,
  maxFrameSize: 16 * MIB,
  maxConnectionsPerAddress: 0,
  connectionRate: 0,
  messageRate: 0,
  byteRate: 0,
};

/** The limits that hold for the whole broker. */
export const BROKER_LIMITS: {
  readonly [Name in Exclude<keyof Limits, keyof ListenerLimits>]:
    v.NullishSchema<Rule<number>, number>;
} = {
  maxConnections: v.nullish(integer(0), 100_000),
  maxPendingConnections: v.nullish(integer(0), 10_000),
  maxKeepAlive: v.nullish(integer(1, MAX_UINT16), MAX_UINT16),
  sessionExpiryInterval: v.nullish(seconds(0, Infinity), Infinity),
  maxSessions: v.nullish(integer(0), 1_000_000),
  maxSessionsPerUser: v.nullish(integer(0), 0),
  maxInflight: v.nullish(integer(1, MAX_UINT16), 1000),
  receiveMaximum: v.nullish(integer(1, MAX_UINT16), 1000),
  topicAliasMaximum: v.nullish(integer(0, MAX_UINT16), 100),
  maxQueuedMessages: v.nullish(integer(1), 10_000),
  maxQueuedBytes: v.nullish(size(1), 16 * MIB),
  maxTotalQueuedMessages: v.nullish(integer(0), 5_000_000),
  maxTotalQueuedBytes: v.nullish(size(0), GIB),
  maxOutputBytes: v.nullish(size(1), 16 * MIB),
  sendTimeout: v.nullish(seconds(0), 60),
  maxMemory: v.nullish(size(0), 0),
  maxTopicLevels: v.nullish(integer(1, MAX_UINT16), 128),
  maxTopicLength: v.nullish(integer(1, MAX_UINT16), 4096),
  maxUserProperties: v.nullish(integer(0), 256),
  maxSubscriptionsPerClient: v.nullish(integer(0), 10_000),
  maxSubscriptions: v.nullish(integer(0), 1_000_000),
  maxRetainedMessages: v.nullish(integer(0), 1_000_000),
  maxRetainedBytes: v.nullish(size(0), GIB),
  maxPluginStorage: v.nullish(size(0), 16 * MIB),
  maxPluginValue: v.nullish(size(1), MIB),
  maxLoginFailuresPerAddress: v.nullish(integer(0), 20),
  maxLoginFailuresPerUser: v.nullish(integer(0), 20),
  loginBanTime: v.nullish(seconds(0.001), 60),
  flappingLimit: v.nullish(integer(0), 0),
  flappingWindow: v.nullish(seconds(0.001), 60),
  flappingBanTime: v.nullish(seconds(0.001), 300),
};

/** Limits as they are written, sizes as numbers. */
export type WrittenLimits = Readonly<Partial<ListenerLimits>>;

/**
 * Fills in the limits of a listener.
 *
 * @param written What is written, the nearest first: listener, `default`, configuration.
 * @returns The limits.
 */
export function fillLimits(
  ...written: readonly WrittenLimits[]
): ListenerLimits {
  const limits = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof ListenerLimits)[]) {
    for (const level of written) {
      const value = level[name];
      if (value === undefined) continue;
      limits[name] = value;
      break;
    }
  }
  limits.maxConnectPacketSize = Math.min(
    limits.maxConnectPacketSize,
    limits.maxPacketSize,
  );
  return limits;
}

/** How many in a second, possibly with a fraction; 0: as many as come. */
function rate(): Rule<number> {
  return rule(
    "a number of 0 or more in a second",
    (value) =>
      typeof value === "number" && value >= 0 && Number.isFinite(value)
        ? value
        : undefined,
  );
}
