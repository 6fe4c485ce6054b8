/**
 * Configuration files of aMQTT's client, which `pub` and `sub` read too.
 *
 * @module
 */

import * as v from "valibot";
import { ConfigError, readConfigFile } from "../../config/mod.ts";
import { Keys } from "../../config/keys.ts";
import { isMap } from "../../config/plain.ts";
import {
  flag,
  integer,
  mapRule,
  namedMap,
  oneOf,
  seconds,
  text,
} from "../../config/values.ts";

/** What a file says; what it does not say is absent. */
export interface ClientConfig {
  /** Seconds. */
  keepAlive?: number;
  /** QoS of topics without their own. */
  defaultQos?: 0 | 1 | 2;
  /** Retain flag of topics without their own. */
  defaultRetain?: boolean;
  /** Whether the session begins and ends with the connection. */
  cleansession?: boolean;
  /** Seconds. */
  connectionTimeout?: number;
  /** Whether a lost connection is made again. */
  autoReconnect?: boolean;
  /** How often; negative: for ever. */
  reconnectRetries?: number;
  /** The longest pause between two tries, in seconds. */
  reconnectMaxInterval?: number;
  /** Whether the certificate must be for the host. */
  checkHostname?: boolean;
  /** Whether the certificate is checked at all. */
  verifyCert?: boolean;
  /** QoS and retain flag by topic. */
  topics?: Record<string, { qos?: 0 | 1 | 2; retain?: boolean }>;
  /** Where the broker is, and what it is known by. */
  connection?: ConnectionConfig;
  /** The older name of `connection`. */
  broker?: ConnectionConfig;
  /** What is published if the connection is lost. */
  will?: { topic: string; message: string; qos?: 0 | 1 | 2; retain?: boolean };
}

interface ConnectionConfig {
  uri?: string;
  cafile?: string;
  capath?: string;
  cadata?: string;
  certfile?: string;
  keyfile?: string;
}

const QOS = v.nullish(oneOf(0, 1, 2));
const TOPIC = { qos: QOS, retain: v.nullish(flag()) };
const WILL = {
  topic: v.nullish(text()),
  message: v.nullish(text()),
  ...TOPIC,
};
const CONNECTION = {
  uri: v.nullish(text()),
  cafile: v.nullish(text()),
  capath: v.nullish(text()),
  cadata: v.nullish(text()),
  certfile: v.nullish(text()),
  keyfile: v.nullish(text()),
};
const CONFIG = {
  keepAlive: v.nullish(integer(0, 65535)),
  // Has no counterpart: pings are sent in time.
  pingDelay: v.nullish(seconds(0)),
  defaultQos: QOS,
  defaultRetain: v.nullish(flag()),
  cleansession: v.nullish(flag()),
  connectionTimeout: v.nullish(seconds(0.001)),
  autoReconnect: v.nullish(flag()),
  reconnectRetries: v.nullish(integer(-1)),
  reconnectMaxInterval: v.nullish(seconds(0.001)),
  checkHostname: v.nullish(flag()),
  verifyCert: v.nullish(flag()),
  topics: v.nullish(namedMap("a map of topics", map(TOPIC))),
  connection: v.nullish(map(CONNECTION)),
  broker: v.nullish(map(CONNECTION)),
  will: v.nullish(map(WILL)),
  // Plugins of the client cannot run here.
  plugins: v.unknown(),
};

/**
 * Reads a configuration of aMQTT's client.
 *
 * @param path The file, YAML or JSON.
 * @returns What it says.
 * @throws {ConfigError} If it cannot be read, or anything in it is wrong.
 */
export async function readClientConfig(path: string): Promise<ClientConfig> {
  const { input } = await readConfigFile(path);
  const keys = new Keys();
  const config = keys.normalise(input, Object.keys(CONFIG));
  for (
    const [key, entries] of [
      ["connection", CONNECTION],
      ["broker", CONNECTION],
      ["will", WILL],
    ] as const
  ) {
    const value = config[key];
    if (!isMap(value)) continue;
    config[key] = keys.normalise(value, Object.keys(entries), [key]);
  }
  const result = v.safeParse(v.object(CONFIG), { plugins: null, ...config });
  const problems = [
    ...keys.problems,
    ...(result.issues ?? []).map(({ path, message }) => ({
      path: keys.path((path ?? []).map(({ key }) => key as string | number)),
      message,
    })),
  ];
  const { will } = config;
  if (isMap(will) && !(will.topic && will.message !== undefined)) {
    problems.push({ path: "will", message: "needs both topic and message" });
  }
  if (problems.length > 0) throw new ConfigError(path, problems);
  return withoutNulls(result.output) as ClientConfig;
}

function map<T extends v.ObjectEntries>(
  entries: T,
): v.GenericSchema<unknown, v.InferOutput<v.ObjectSchema<T, undefined>>> {
  return v.pipe(mapRule("a map"), v.object(entries));
}

/** A key without a value says nothing. */
function withoutNulls(value: unknown): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}
