import { parseBind } from "./bind.ts";
import type { ConfigProblem } from "./config_error.ts";
import { readTls } from "./tls_files.ts";
import { fillLimits, type WrittenLimits } from "./limit_schema.ts";
import type { ListenerConfig, ListenerInput, ListenerLimits } from "./types.ts";
import { mismatch } from "./values.ts";

const DEFAULT = "default";
const TLS_KEYS = [
  "certfile",
  "keyfile",
  "cafile",
  "capath",
  "cadata",
  "clientCertificate",
] as const;

/**
 * Fills in listeners: what one does not say for itself it takes from `default`. A
 * value that is written always counts, also if it is the same as if nothing was.
 *
 * @param listeners The listeners by name.
 * @param limits Limits of the configuration, for listeners that say nothing.
 * @param path Gives the path of a listener's key as it was written.
 * @param problems Gets what is wrong.
 * @param warnings Gets what deserves a look.
 * @returns The listeners in their order; incomplete if there are problems.
 */
export function resolveListeners(
  listeners: Readonly<Record<string, ListenerInput>>,
  limits: ListenerLimits,
  path: (name: string, key?: string) => string,
  problems: ConfigProblem[],
  warnings: string[],
): ListenerConfig[] {
  const resolver = new Resolver(listeners, limits, path, problems, warnings);
  const result = Object.keys(listeners).map((name) => resolver.resolve(name));
  if (problems.length === 0) refuseClashes(result, listeners, path, problems);
  return result;
}

class Resolver {
  readonly #listeners: Readonly<Record<string, ListenerInput>>;
  readonly #limits: ListenerLimits;
  readonly #path: (name: string, key?: string) => string;
  readonly #problems: ConfigProblem[];
  readonly #warnings: string[];

  constructor(
    listeners: Readonly<Record<string, ListenerInput>>,
    limits: ListenerLimits,
    path: (name: string, key?: string) => string,
    problems: ConfigProblem[],
    warnings: string[],
  ) {
    this.#listeners = listeners;
    this.#limits = limits;
    this.#path = path;
    this.#problems = problems;
    this.#warnings = warnings;
  }

  resolve(name: string): ListenerConfig {
    const own = written(this.#listeners[name]);
    const merged = { ...this.#inherited(name), ...own };
    const type = merged.type ?? "tcp";
    this.#warnOfUnused(name, own);
    return {
      name,
      type,
      ...this.#address(name, type, merged),
      path: type === "unix" ? this.#socketPath(name, own) : "",
      maxConnections: Math.max(merged.maxConnections ?? 0, 0),
      // The schema has turned sizes into numbers.
      limits: fillLimits(merged as WrittenLimits, this.#limits),
      ...this.#proxy(name, type, own, merged),
      ...this.#tls(name, type, own, merged),
      websocket: {
        path: this.#urlPath(name, type, merged),
        origins: [...merged.origins ?? []],
      },
    };
  }

  /** What `default` says; an address only if it is one for this listener's kind. */
  #inherited(name: string): ListenerInput {
    if (name === DEFAULT || !Object.hasOwn(this.#listeners, DEFAULT)) return {};
    const inherited = written(this.#listeners[DEFAULT]);
    const from = inherited.type ?? "tcp";
    const to = this.#listeners[name].type ?? from;
    if (from === "unix") delete inherited.bind;
    if (from !== to) delete inherited.path;
    return inherited;
  }

  #address(
    name: string,
    type: ListenerConfig["type"],
    { bind }: ListenerInput,
  ): { hostname: string; port: number } {
    if (type !== "tcp" && type !== "ws") return { hostname: "", port: 0 };
    const defaultPort = type === "ws" ? 8883 : 1883;
    const address = parseBind(bind ?? "0.0.0.0", defaultPort);
    if (address !== undefined) return address;
    const isBareIpv6 = /^[\da-f]*:[\da-f]*:[\da-f:.]*$/i.test(String(bind));
    this.#report(
      name,
      "bind",
      mismatch(
        'an address such as 1883, ":1883", "localhost:1883" or "[::]:1883"',
        bind,
      ) + (isBareIpv6 ? ": write IPv6 addresses in brackets" : ""),
    );
    return { hostname: "", port: 0 };
  }

  #socketPath(name: string, { path, bind }: ListenerInput): string {
    if (path !== undefined && bind !== undefined) {
      this.#report(
        name,
        "bind",
        "and path are the same for a Unix socket: remove one of them",
      );
    }
    const file = path ?? bind;
    if (typeof file === "string" && file !== "") return file;
    this.#report(
      name,
      undefined,
      "is a Unix socket without a file: add path, such as /run/dinomq.sock",
    );
    return "";
  }

  #urlPath(
    name: string,
    type: ListenerConfig["type"],
    { wsPath, path }: ListenerInput,
  ): string {
    if (type !== "ws") return wsPath ?? "/mqtt";
    const [key, value] = wsPath === undefined
      ? ["path", path ?? "/mqtt"]
      : ["wsPath", wsPath];
    if (!value.startsWith("/") && value !== "*") {
      this.#report(
        name,
        key,
        mismatch('the path of a URL such as "/mqtt", or "*"', value),
      );
    }
    return value;
  }

  #proxy(
    name: string,
    type: ListenerConfig["type"],
    own: ListenerInput,
    { proxyProtocol, proxyFrom }: ListenerInput,
  ): Pick<ListenerConfig, "proxyFrom"> {
    if (type === "unix" || type === "external") {
      if (own.proxyProtocol) {
        this.#report(
          name,
          "proxyProtocol",
          `is not possible with type "${type}"`,
        );
      }
      return {};
    }
    if (!proxyProtocol) {
      if (own.proxyFrom !== undefined && !this.#isForOtherProxies(name)) {
        this.#warnings.push(
          `${
            this.#path(name, "proxyFrom")
          } has no effect without proxy-protocol`,
        );
      }
      return {};
    }
    if (proxyFrom === undefined || proxyFrom.length === 0) {
      // Anybody could pass for anybody.
      this.#report(
        name,
        "proxyProtocol",
        "is on: add proxy-from with the addresses of the proxies, such as [192.0.2.1, 10.0.0.0/8]",
      );
    }
    return { proxyFrom: [...proxyFrom ?? []] };
  }

  /** Whether other listeners, with `proxyProtocol` of their own, inherit from this one. */
  #isForOtherProxies(name: string): boolean {
    return name === DEFAULT &&
      Object.values(this.#listeners).some((other) => other.proxyProtocol);
  }

  #tls(
    name: string,
    type: ListenerConfig["type"],
    own: ListenerInput,
    merged: ListenerInput,
  ): Pick<ListenerConfig, "tls"> {
    if (type === "unix" || type === "external") {
      if (own.ssl) {
        this.#report(name, "ssl", `is not possible with type "${type}"`);
      }
      return {};
    }
    if (merged.ssl) {
      const path = (key: string) => this.#path(name, key);
      const tls = readTls(merged, path, this.#problems);
      return tls === undefined ? {} : { tls };
    }
    const unused = TLS_KEYS.find((key) => own[key] !== undefined);
    if (unused !== undefined) this.#reportPlain(name, unused, own);
    return {};
  }

  /** Somebody named a certificate and would get a connection without encryption. */
  #reportPlain(name: string, key: string, own: ListenerInput): void {
    if (own.ssl === false) {
      const path = this.#path(name, key);
      this.#warnings.push(`${path} has no effect, because ssl is off`);
    } else if (!this.#isForOthers(name)) {
      this.#report(
        name,
        key,
        "needs ssl: on. With ssl: off the listener works without encryption",
      );
    }
  }

  /** Whether other listeners, with `ssl` of their own, inherit from this one. */
  #isForOthers(name: string): boolean {
    return name === DEFAULT &&
      Object.values(this.#listeners).some(({ ssl }) => ssl);
  }

  #warnOfUnused(name: string, own: ListenerInput): void {
    for (const key of ["reader", "writer"] as const) {
      if (own[key] === undefined) continue;
      this.#warnings.push(`${this.#path(name, key)} has no effect`);
    }
  }

  #report(name: string, key: string | undefined, message: string): void {
    this.#problems.push({ path: this.#path(name, key), message });
  }
}

/** The keys with a value: in a file, one without is `null`. */
function written(listener: ListenerInput): ListenerInput {
  const entries = Object.entries(listener);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined),
  );
}

function refuseClashes(
  listeners: ListenerConfig[],
  inputs: Readonly<Record<string, ListenerInput>>,
  path: (name: string) => string,
  problems: ConfigProblem[],
): void {
  const owners = new Map<string, string>();
  for (const { name, type, hostname, port, path: file } of listeners) {
    if (type === "external" || (type !== "unix" && port === 0)) continue;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    const address = type === "unix" ? file : `${host}:${port}`;
    const owner = owners.get(address);
    if (owner === undefined) {
      owners.set(address, name);
      continue;
    }
    const why = inputs[name].bind === undefined && type !== "unix"
      ? "has no bind of its own and so "
      : "";
    problems.push({
      path: path(name),
      message: `${why}has the same address as ${
        path(owner)
      }, ${address}: give it another one`,
    });
  }
}
