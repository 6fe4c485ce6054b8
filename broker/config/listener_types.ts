/** The listeners in a configuration: as they are written, and filled in. @module */

import type { ListenerLimits, ListenerLimitsInput } from "./limit_types.ts";

/**
 * Whether a client is asked for a certificate.
 *
 * @example
 * ```ts
 * import { Broker, type ClientCertificate, ConfigError } from "@dinomq/broker";
 * import { assertThrows } from "@std/assert";
 *
 * // Without authorities nobody's certificate could be verified.
 * const clientCertificate: ClientCertificate = "required";
 * const tls = { ssl: true, certfile: "cert.pem", keyfile: "key.pem" };
 * assertThrows(
 *   () =>
 *     new Broker({ listeners: { devices: { ...tls, clientCertificate } } }),
 *   ConfigError,
 *   'clientCertificate is "required", but nobody is named who issues such',
 * );
 * ```
 */
export type ClientCertificate = "none" | "optional" | "required";

/**
 * A listener as it is written. What one does not say for itself it takes from the
 * listener named `default`, if there is one.
 *
 * @example
 * ```ts
 * import { Broker, type ListenerInput } from "@dinomq/broker";
 * import { assertMatch } from "@std/assert";
 *
 * const listeners: Record<string, ListenerInput> = {
 *   default: { bind: "127.0.0.1:0", maxConnections: 1000 },
 *   // Has the host and the limit of `default`, and a free port, too.
 *   browsers: { type: "ws", path: "/live", origins: ["https://example.com"] },
 * };
 * await using broker = new Broker({ listeners });
 * await broker.start();
 * const [, browsers] = broker.listeners;
 * assertMatch(browsers.address, /^127\.0\.0\.1:\d+$/);
 * ```
 */
export interface ListenerInput extends ListenerLimitsInput {
  /** What it speaks; `external`: a host program brings the connections. Default: `"tcp"`. */
  type?: "tcp" | "ws" | "unix" | "external";
  /**
   * Address: `1883`, `":1883"`, `"host:1883"`, `"[::]:1883"`, `"host"`; of a Unix
   * socket its path. Port 0 takes a free one. Default: `"0.0.0.0"` with port 1883,
   * of a WebSocket listener 8883.
   */
  bind?: string | number;
  /** Most connections at one time; 0 and -1: no limit. Default: 0. */
  maxConnections?: number;
  /**
   * Whether connections begin with a header of the PROXY protocol, version 1 or 2.
   * Needs `proxyFrom`. Default: `false`.
   */
  proxyProtocol?: boolean;
  /** Addresses and networks of the proxies (`10.0.0.0/8`); all others are refused. */
  proxyFrom?: string[];
  /** Whether it speaks TLS. Default: `false`. */
  ssl?: boolean;
  /** File of the server's certificate chain, PEM. */
  certfile?: string;
  /** File of the server's private key, PEM. */
  keyfile?: string;
  /** File of the authorities that client certificates must come from, PEM. */
  cafile?: string;
  /** Folder of such files. */
  capath?: string;
  /** Such authorities as text, PEM. */
  cadata?: string;
  /** Whether clients are asked for a certificate. Default: `"optional"` if there are authorities, else `"none"`. */
  clientCertificate?: ClientCertificate;
  /** Path of the WebSocket's URL; `"*"`: any. Default: `"/mqtt"`. */
  wsPath?: string;
  /** Path of the Unix socket, or of the WebSocket's URL. */
  path?: string;
  /** Origins that browsers may come from; none: any. Default: none. */
  origins?: string[];
  /** aMQTT knows it and does not use it; neither does DinoMQ. */
  reader?: string;
  /** aMQTT knows it and does not use it; neither does DinoMQ. */
  writer?: string;
}

/**
 * A listener with everything filled in and its files read.
 *
 * @example
 * ```ts
 * import { type ListenerConfig, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // Whose passwords others could read on their way.
 * function isOpen({ type, hostname, tls }: ListenerConfig): boolean {
 *   if (type !== "tcp" && type !== "ws") return false;
 *   return tls === undefined && hostname !== "127.0.0.1";
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(
 *   path,
 *   `
 * listeners:
 *   default: { bind: 127.0.0.1:1883 }
 *   plant: { bind: 10.0.0.1:1883 }
 *   local: { type: unix, path: /run/dinomq.sock }
 * `,
 * );
 * const { listeners } = await loadConfig(path);
 * await Deno.remove(path);
 * assertEquals(listeners.filter(isOpen).map(({ name }) => name), ["plant"]);
 * ```
 */
export interface ListenerConfig {
  /** Its name in the configuration. */
  name: string;
  /** What it speaks. */
  type: "tcp" | "ws" | "unix" | "external";
  /** Host name or address, IPv6 without brackets; empty for Unix sockets and external ones. */
  hostname: string;
  /** Port; 0: any that is free. */
  port: number;
  /** Path of the Unix socket; empty for others. */
  path: string;
  /** Most connections at one time; 0: no limit. */
  maxConnections: number;
  /** What its clients may do at most. */
  limits: ListenerLimits;
  /** Present if connections begin with a PROXY header: who may send one. */
  proxyFrom?: string[];
  /** Present if it speaks TLS: texts in PEM. */
  tls?: {
    cert: string;
    key: string;
    ca?: string;
    clientCertificate: ClientCertificate;
  };
  /** For `ws`: path of the URL (`*`: any) and the origins allowed (none: any). */
  websocket: { path: string; origins: string[] };
}
