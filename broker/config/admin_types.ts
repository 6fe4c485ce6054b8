/**
 * The admin listener in a configuration.
 *
 * @module
 */

/** The admin listener as it is written. */
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

/** The admin listener with everything filled in and its files read. */
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
