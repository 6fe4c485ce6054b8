/**
 * Where the broker is.
 *
 * @module
 */

import { wholeNumber } from "../flags.ts";
import { UsageError } from "../usage_error.ts";

/** Where the broker is, and what else a URL says. */
export interface BrokerAddress {
  /** How to speak to it. */
  protocol: "mqtt" | "mqtts" | "ws" | "wss";
  /** Host. */
  host: string;
  /** Port. */
  port: number;
  /** Path of a WebSocket or a Unix socket. */
  path?: string;
  /** Whether `path` is a Unix socket. */
  isUnix: boolean;
  /** User name of a URL. */
  username?: string;
  /** Password of a URL. */
  password?: string;
  /** Topic of a URL. */
  topic?: string;
}

/** The flags that say where the broker is. */
export interface AddressFlags {
  /** `--host`. */
  host?: string;
  /** `--port`. */
  port?: string;
  /** `--url`. */
  url?: string;
  /** `--unix`. */
  unix?: string;
  /** `--ws`. */
  ws?: string;
  /** Whether any flag asks for TLS. */
  tls: boolean;
}

const PORTS = { mqtt: 1883, mqtts: 8883, ws: 8083, wss: 8084 };

/**
 * Reads the flags that say where the broker is.
 *
 * @param flags The flags.
 * @returns Where it is.
 * @throws {UsageError} If they contradict each other or cannot be read.
 */
export function readAddress(flags: AddressFlags): BrokerAddress {
  const { host, port, url, unix, ws, tls } = flags;
  refuseTogether({ url, unix, host });
  refuseTogether({ url, unix, port });
  refuseTogether({ url, unix, ws });
  if (unix !== undefined) {
    if (tls) {
      throw new UsageError("Cannot use TLS with --unix: leave it out");
    }
    return {
      protocol: "mqtt",
      host: "localhost",
      port: PORTS.mqtt,
      path: unix,
      isUnix: true,
    };
  }
  if (url !== undefined) return readUrl(url, tls);
  const number = port === undefined
    ? undefined
    : wholeNumber("--port", port, 1, 65535);
  const isSecure = tls || (number === PORTS.mqtts && ws === undefined);
  const protocol = `${ws === undefined ? "mqtt" : "ws"}${
    isSecure ? "s" : ""
  }` as const;
  return {
    protocol,
    // As in a URL, an IPv6 address may have brackets.
    host: host?.replace(/^\[(.*)\]$/, "$1") ?? "localhost",
    port: number ?? PORTS[protocol],
    ...(ws !== undefined && { path: ws.startsWith("/") ? ws : `/${ws}` }),
    isUnix: false,
  };
}

/** An address as a person writes it, without the password. */
export function describeAddress(address: BrokerAddress): string {
  const { protocol, host, port, path, isUnix } = address;
  if (isUnix) return `unix:${path}`;
  const name = host.includes(":") ? `[${host}]` : host;
  return `${protocol}://${name}:${port}${path ?? ""}`;
}

function readUrl(text: string, tls: boolean): BrokerAddress {
  const match = /^(mqtts?|wss?):\/\/[^/]/i.exec(text);
  const url = match && URL.parse(text);
  if (!url) {
    const shown = text.replace(/\/\/[^/]*@/, "//…@");
    throw new UsageError(
      `Cannot use --url "${shown}": it must look like mqtt://host:1883, ` +
        "mqtts://user@host/topic, ws://host:8083/mqtt or wss://host/mqtt",
    );
  }
  const given = match![1].toLowerCase() as BrokerAddress["protocol"];
  const isWebSocket = given.startsWith("ws");
  const isSecure = tls || given.endsWith("s") && given !== "ws";
  const protocol = `${isWebSocket ? "ws" : "mqtt"}${
    isSecure ? "s" : ""
  }` as const;
  // A web server's port is not that of a broker.
  const usual = isWebSocket ? (isSecure ? 443 : 80) : PORTS[protocol];
  // A "#" of a topic filter is no fragment.
  const [, rest = ""] = /^\w+:\/\/[^/]*\/(.*)$/s.exec(text) ?? [];
  const topic = isWebSocket ? "" : decode(rest);
  return {
    protocol,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? usual : Number(url.port),
    ...(isWebSocket && { path: url.pathname + url.search }),
    isUnix: false,
    ...(url.username !== "" && { username: decode(url.username) }),
    ...(url.password !== "" && { password: decode(url.password) }),
    ...(topic !== "" && { topic }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError(
      `Cannot use --url: "${text}" has a % that is no escape; write it as %25`,
    );
  }
}

function refuseTogether(flags: Record<string, string | undefined>): void {
  const given = Object.keys(flags).filter((name) => flags[name] !== undefined);
  if (given.length < 2) return;
  throw new UsageError(
    `Cannot use --${given[0]} and --${given[1]} together: choose one`,
  );
}
