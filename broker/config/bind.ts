/** A host and a port to listen on. */
export interface BindAddress {
  /** Host name or address, IPv6 without brackets. */
  hostname: string;
  /** Port; 0: any that is free. */
  port: number;
}

const ALL_INTERFACES = "0.0.0.0";

/**
 * Reads an address in any of aMQTT's forms: `1883`, `:1883`, `host:1883`,
 * `[::]:1883`, `host`, `[::]`.
 *
 * @param bind The address.
 * @param defaultPort The port if `bind` has none.
 * @returns Host and port, or `undefined` if it is no address.
 */
export function parseBind(
  bind: string | number,
  defaultPort: number,
): BindAddress | undefined {
  if (typeof bind === "number" || /^\d+$/.test(bind)) {
    const port = parsePort(String(bind));
    return port === undefined ? undefined : { hostname: ALL_INTERFACES, port };
  }
  const match = /^(?:\[([\da-f:.]+(?:%[\w.-]+)?)\]|([\w.-]*))(?::(\d+))?$/i
    .exec(bind);
  if (bind === "" || match === null) return undefined;
  const [, ipv6, name, portText] = match;
  const port = portText === undefined ? defaultPort : parsePort(portText);
  if (port === undefined) return undefined;
  return { hostname: ipv6 ?? (name || ALL_INTERFACES), port };
}

function parsePort(text: string): number | undefined {
  const port = Number(text);
  return /^\d+$/.test(text) && port <= 65_535 ? port : undefined;
}
