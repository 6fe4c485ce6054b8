/**
 * What `pub` and `sub` make of the flags that they share.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IClientOptions } from "mqtt";
import { topicNameProblem } from "../../topics/filter.ts";
import type { CommandContext } from "../context.ts";
import { wholeNumber } from "../flags.ts";
import { UsageError } from "../usage_error.ts";
import { type BrokerAddress, describeAddress, readAddress } from "./address.ts";
import { type ClientConfig, readClientConfig } from "./client_config.ts";
import type { ConnectionFlags } from "./connection_flags.ts";
import {
  type PacketProperties,
  type PropertyPacket,
  readProperties,
} from "./properties.ts";
import { readTlsFiles, type TlsSources } from "./tls_files.ts";

/** How a client connects, and what it is told to do. */
export interface ClientSettings {
  /** The broker, for messages. */
  readonly address: string;
  /** What MQTT.js is told. */
  readonly options: IClientOptions;
  /** Topic of the URL. */
  readonly topic?: string;
  /** Properties of packets by the command line. */
  readonly properties: PacketProperties;
  /** The file of `--config-file`; empty without. */
  readonly config: ClientConfig;
  /** How often a lost connection is tried again; `Infinity` for ever. */
  readonly retries: number;
  /** The longest pause between two tries, in milliseconds. */
  readonly maxPause: number;
  /** Whether packets are shown. */
  readonly debug: boolean;
}

type Environment = Pick<CommandContext, "env">;

const VERSIONS: Readonly<Record<string, 3 | 4 | 5>> = {
  "mqttv31": 3,
  "31": 3,
  "3.1": 3,
  "mqttv311": 4,
  "311": 4,
  "3.1.1": 4,
  "mqttv5": 5,
  "5": 5,
  "5.0": 5,
};

/** A session that does not end. */
const FOR_EVER = 0xffff_ffff;

/**
 * Reads the flags of the connection, and the files that they name.
 *
 * @param flags The flags.
 * @param kind The command, which random client identifiers begin with.
 * @param packets The packets that the command sends, beside CONNECT.
 * @param context Has the environment.
 * @returns What the client is told.
 * @throws {UsageError} If they make no sense.
 * @throws {Error} If a file cannot be read.
 */
export async function readSettings(
  flags: ConnectionFlags,
  kind: "pub" | "sub",
  packets: readonly PropertyPacket[],
  context: Environment,
): Promise<ClientSettings> {
  const file = flags["config-file"];
  const config = file === undefined ? {} : await readClientConfig(file);
  const { broker, connection = broker ?? {} } = config;
  const tls: TlsSources = {
    cafile: flags.cafile ?? connection.cafile,
    capath: flags.capath ?? connection.capath,
    cadata: flags.cadata ?? connection.cadata,
    cert: flags.cert ?? connection.certfile,
    key: flags.key ?? connection.keyfile,
  };
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new UsageError(
      "Cannot use --cert or --key alone: give both, they belong together",
    );
  }
  const isPlain = Object.values(tls).every((value) => value === undefined);
  const isNamed = [flags.host, flags.port, flags.url, flags.unix, flags.ws]
    .some((value) => value !== undefined);
  const address = readAddress({
    ...flags,
    url: flags.url ?? (isNamed ? undefined : connection.uri),
    tls: flags.tls || flags.insecure || !isPlain,
  });
  const properties = readProperties(flags.property, [
    "connect",
    "will",
    "disconnect",
    ...packets,
  ]);
  return {
    address: describeAddress(address),
    options: {
      ...addressOptions(address),
      ...await tlsOptions(address, tls, config),
      ...certificateHost(address, flags, config),
      ...webSocketOptions(address, flags, config),
      ...sessionOptions(flags, config, properties, kind),
      ...credentials(flags, address, context),
      ...willOptions(flags, config, properties),
      // How pauses between tries grow is the client's affair.
      connectTimeout: (config.connectionTimeout ?? 30) * 1000,
      resubscribe: false,
    },
    ...(address.topic !== undefined && { topic: address.topic }),
    properties,
    config,
    retries: retriesOf(config),
    maxPause: (config.reconnectMaxInterval ?? 30) * 1000,
    debug: flags.debug,
  };
}

function addressOptions(
  { protocol, host, port, path, isUnix }: BrokerAddress,
): IClientOptions {
  return {
    protocol,
    host,
    port,
    ...(path !== undefined && { path }),
    ...(isUnix && { unixSocket: true }),
  };
}

function webSocketOptions(
  address: BrokerAddress,
  flags: ConnectionFlags,
  config: ClientConfig,
): IClientOptions {
  const headers = flags["extra-headers"];
  const isWebSocket = address.protocol.startsWith("ws");
  if (headers !== undefined && !isWebSocket) {
    throw new UsageError(
      "Cannot use --extra-headers without WebSocket: add --ws PATH",
    );
  }
  if (!isWebSocket) return {};
  const wsOptions = {
    ...(headers !== undefined && { headers: readHeaders(headers) }),
    ...certificateHost(address, flags, config),
  };
  return { wsOptions: wsOptions as IClientOptions["wsOptions"] };
}

function readHeaders(text: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // It is refused below.
  }
  const isObject = typeof value === "object" && value !== null &&
    !Array.isArray(value);
  if (
    isObject && Object.values(value!).every((one) => typeof one === "string")
  ) {
    return value as Record<string, string>;
  }
  throw new UsageError(
    `Cannot use --extra-headers '${text}': it must be JSON such as {"Origin": "https://example.com"}`,
  );
}

async function tlsOptions(
  { protocol }: BrokerAddress,
  sources: TlsSources,
  { verifyCert }: ClientConfig,
): Promise<IClientOptions> {
  if (protocol === "mqtt" || protocol === "ws") return {};
  return {
    ...await readTlsFiles(sources),
    rejectUnauthorized: verifyCert !== false,
  };
}

/** Who signed the certificate still counts. */
function certificateHost(
  { protocol }: BrokerAddress,
  { insecure }: ConnectionFlags,
  { checkHostname }: ClientConfig,
): { checkServerIdentity?: () => undefined } {
  if (protocol === "mqtt" || protocol === "ws") return {};
  if (!insecure && checkHostname !== false) return {};
  return { checkServerIdentity: () => undefined };
}

function sessionOptions(
  flags: ConnectionFlags,
  config: ClientConfig,
  { connect }: PacketProperties,
  kind: string,
): IClientOptions {
  const version = versionOf(flags);
  if (flags["disable-clean-session"] && flags["clean-session"]) {
    throw new UsageError(
      "Cannot use --disable-clean-session and --clean-session together: choose one",
    );
  }
  const clean = flags["clean-session"] ||
    !(flags["disable-clean-session"] || config.cleansession === false);
  if (!clean && flags.id === undefined) {
    throw new UsageError(
      "Cannot keep a session without a name: add --id ID, the same each time",
    );
  }
  const expiry = expiryOf(flags) ?? (clean ? undefined : FOR_EVER);
  const properties = version !== 5 ? undefined : {
    ...(expiry !== undefined && { sessionExpiryInterval: expiry }),
    ...connect,
  };
  return {
    clientId: flags.id ?? `${kind}-${crypto.randomUUID().slice(0, 8)}`,
    clean,
    protocolVersion: version,
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    keepalive: flags.keepalive === undefined
      ? config.keepAlive ?? 60
      : wholeNumber("--keepalive", flags.keepalive, 0, 65535),
    ...(properties !== undefined && { properties }),
  };
}

/** What is of MQTT 5 only asks for it. */
function versionOf(flags: ConnectionFlags): 3 | 4 | 5 {
  const text = flags["protocol-version"];
  const newer = flags.property.length > 0
    ? "-D"
    : flags["session-expiry-interval"] !== undefined
    ? "-x"
    : undefined;
  if (text === undefined) return newer === undefined ? 4 : 5;
  const version = Object.hasOwn(VERSIONS, text) ? VERSIONS[text] : undefined;
  if (version === undefined) {
    throw new UsageError(
      `Cannot use -V "${text}": it must be mqttv31, mqttv311 or mqttv5`,
    );
  }
  if (version === 5 || newer === undefined) return version;
  throw new UsageError(`Cannot use ${newer} with -V ${text}: it needs mqttv5`);
}

function expiryOf(flags: ConnectionFlags): number | undefined {
  const text = flags["session-expiry-interval"];
  if (text === undefined) return undefined;
  if (text === "-1" || text === "∞") return FOR_EVER;
  return wholeNumber("-x", text, 0, FOR_EVER);
}

function credentials(
  flags: ConnectionFlags,
  address: BrokerAddress,
  context: Environment,
): IClientOptions {
  const username = flags.username ?? address.username;
  const password = flags.pw ?? address.password ??
    (username === undefined ? undefined : context.env("DINOMQ_PASSWORD"));
  if (
    password !== undefined && username === undefined && versionOf(flags) !== 5
  ) {
    throw new UsageError(
      "Cannot send a password without a user name: add -u NAME, or -V mqttv5",
    );
  }
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  };
}

function willOptions(
  flags: ConnectionFlags,
  config: ClientConfig,
  { will: properties }: PacketProperties,
): IClientOptions {
  const topic = flags["will-topic"] ?? config.will?.topic;
  if (topic === undefined) {
    const alone = (["will-payload", "will-qos", "will-retain"] as const)
      .find((name) => flags[name]) ?? (properties && "property");
    if (alone === undefined) return {};
    throw new UsageError(
      `Cannot use --${alone} without a will: add --will-topic TOPIC`,
    );
  }
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new UsageError(`Cannot use --will-topic "${topic}": ${problem}`);
  }
  const own = flags["will-topic"] === undefined ? config.will : undefined;
  return {
    will: {
      topic,
      payload: Buffer.from(flags["will-payload"] ?? own?.message ?? ""),
      qos: flags["will-qos"] === undefined
        ? own?.qos ?? 0
        : readQos("--will-qos", flags["will-qos"]),
      retain: flags["will-retain"] || own?.retain === true,
      ...(properties !== undefined && { properties }),
    },
  };
}

function retriesOf({ autoReconnect, reconnectRetries }: ClientConfig): number {
  if (autoReconnect === false) return 0;
  if (reconnectRetries === undefined || reconnectRetries < 0) return Infinity;
  return reconnectRetries;
}

/** A QoS that a flag was given. */
export function readQos(flag: string, text: string): 0 | 1 | 2 {
  return wholeNumber(flag, text, 0, 2) as 0 | 1 | 2;
}
