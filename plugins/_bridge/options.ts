/**
 * The options of the plugin `bridge`.
 *
 * @module
 */

import * as v from "valibot";
import { messageOf } from "../_backend/message.ts";
import { type TopicRule, TopicRuleSchema } from "./rules.ts";

/** The options of the plugin `bridge`. */
export interface BridgeOptions {
  /** URL of the peer. */
  url: string;
  /** What crosses the bridge. */
  topics: TopicRule[];
  /** MQTT version. Default: 5. */
  version: "5" | "3.1.1";
  /** Client identifier at the peer. Default: any, and nothing is kept there. */
  clientId?: string;
  /** User name for the peer. */
  username?: string;
  /** Password for the peer. */
  password?: string;
  /** File with the authorities that are trusted. Default: those of the system. */
  cafile?: string;
  /** File with this broker's certificate. */
  certfile?: string;
  /** File with its private key. */
  keyfile?: string;
  /** Keep alive in seconds, 1 to 65535. Default: 60. */
  keepAlive: number;
  /** Bytes of a packet from the peer at most, 1024 to 268435460. Default: 2 MiB. */
  maxPacketSize: number;
  /** Messages that wait for the peer at most. Default: 10000. */
  maxQueuedMessages: number;
  /** Bytes of payload that wait at most. Default: 16 MiB. */
  maxQueuedBytes: number;
  /** Seconds between two attempts to connect at most, 1 to 3600. Default: 60. */
  maxReconnectDelay: number;
  /** Root of the topics here that tell how the bridge does; `null`: none. */
  statusTopic?: string | null;
  /** Topic at the peer that tells whether this broker is there. Default: none. */
  remoteStatusTopic?: string;
}

const Text: v.GenericSchema<string> = v.pipe(v.string(), v.nonEmpty());
const TopicName: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.regex(/^[^+#\0]+$/, "not a topic name"),
);
const count = (initial: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), initial);

/** Checks the options. */
export const BridgeSchema: v.GenericSchema<unknown, BridgeOptions> = v
  .strictObject({
    url: v.pipe(
      v.string(),
      v.regex(
        /^(mqtts?|wss?):\/\/[^/]+(\/.*)?$/,
        'must be a URL such as "mqtts://example.org:8883"',
      ),
      v.check((text) => URL.canParse(text), "is malformed"),
    ),
    topics: v.pipe(v.array(TopicRuleSchema), v.minLength(1)),
    version: v.optional(
      v.pipe(
        v.union([v.string(), v.number()]),
        v.transform(String),
        v.picklist(["5", "3.1.1"]),
      ),
      "5",
    ),
    clientId: v.optional(Text),
    username: v.optional(Text),
    password: v.optional(v.string()),
    cafile: v.optional(Text),
    certfile: v.optional(Text),
    keyfile: v.optional(Text),
    keepAlive: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
      60,
    ),
    maxPacketSize: v.optional(
      v.pipe(
        v.number(),
        v.integer(),
        v.minValue(1024),
        v.maxValue(268_435_460),
      ),
      2 * 1024 * 1024,
    ),
    maxQueuedMessages: count(10_000),
    maxQueuedBytes: count(16 * 1024 * 1024),
    maxReconnectDelay: v.optional(
      v.pipe(v.number(), v.minValue(1), v.maxValue(3600)),
      60,
    ),
    statusTopic: v.optional(v.nullable(TopicName)),
    remoteStatusTopic: v.optional(TopicName),
  });

/** What a bridge needs for TLS, PEM. */
export interface BridgeTls {
  /** The authorities that are trusted. */
  ca?: string;
  /** This broker's certificate. */
  cert?: string;
  /** Its private key. */
  key?: string;
}

/**
 * Reads the files for TLS.
 *
 * @param options The options.
 * @returns Their texts.
 * @throws {Error} If one cannot be read, or one is missing.
 */
export function readTls(
  { cafile, certfile, keyfile }: BridgeOptions,
): BridgeTls {
  if ((certfile === undefined) !== (keyfile === undefined)) {
    throw new TypeError('"certfile" and "keyfile" go together: set both');
  }
  const read = (option: string, file: string) => {
    try {
      return Deno.readTextFileSync(file);
    } catch (cause) {
      throw new Error(
        `Cannot read "${option}" "${file}": ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
  };
  return {
    ...(cafile !== undefined && { ca: read("cafile", cafile) }),
    ...(certfile !== undefined && { cert: read("certfile", certfile) }),
    ...(keyfile !== undefined && { key: read("keyfile", keyfile) }),
  };
}
