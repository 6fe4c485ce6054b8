/**
 * The admin listener in a configuration.
 *
 * @module
 */

/**
 * The admin listener as it is written.
 *
 * @example
 * ```ts
 * import { type AdminInput, Broker } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const admin: AdminInput = {
 *   bind: "127.0.0.1:0", // A free port
 *   token: "example-token-of-this-page",
 * };
 * const listeners = { default: { bind: "127.0.0.1:0" } };
 * await using broker = new Broker({ admin, listeners });
 * await broker.start();
 *
 * const metrics = new URL("/metrics", broker.adminUrl);
 * const refused = await fetch(metrics);
 * const headers = { authorization: `Bearer ${admin.token}` };
 * const allowed = await fetch(metrics, { headers });
 * assertEquals([refused.status, allowed.status], [401, 200]);
 * await refused.body?.cancel();
 * await allowed.body?.cancel();
 * ```
 */
export interface AdminInput {
  /** Address, as of a listener. Default: `"127.0.0.1:8080"`. */
  bind?: string | number;
  /** What who asks must show; at least 16 characters. Needed if not only this machine may come. */
  token?: string;
  /** File with the token. */
  tokenFile?: string;
  /** Whether it speaks TLS. Default: `false`. */
  ssl?: boolean;
  /** File of the certificate chain, PEM. */
  certfile?: string;
  /** File of the private key, PEM. */
  keyfile?: string;
}

/**
 * The admin listener with everything filled in and its files read.
 *
 * @example
 * ```ts
 * import { type AdminConfig, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * function urlOf({ hostname, port, tls }: AdminConfig): string {
 *   const host = hostname.includes(":") ? `[${hostname}]` : hostname;
 *   return `${tls === undefined ? "http" : "https"}://${host}:${port}`;
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, 'admin: { bind: "[::1]:9000" }\n');
 * const { admin } = await loadConfig(path);
 * await Deno.remove(path);
 * assertEquals(admin && urlOf(admin), "http://[::1]:9000");
 * ```
 */
export interface AdminConfig {
  /** Host name or address, IPv6 without brackets. */
  hostname: string;
  /** Port; 0: any that is free. */
  port: number;
  /** Present if who asks must show it. */
  token?: string;
  /** Present if it speaks TLS: texts in PEM. */
  tls?: { cert: string; key: string };
}
