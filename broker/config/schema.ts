import * as v from "valibot";
import type { ConfigProblem } from "./config_error.ts";
import type { Keys } from "./keys.ts";
import { BROKER_LIMITS, fillLimits, LISTENER_LIMITS } from "./limit_schema.ts";
import type {
  AdminInput,
  AuthInput,
  ListenerInput,
  ProtocolLevel,
  ResolvedConfig,
  StoreConfig,
  TopicCheckInput,
} from "./types.ts";
import {
  flag,
  integer,
  list,
  mapRule,
  namedMap,
  oneOf,
  optional,
  type Rule,
  rule,
  seconds,
  size,
  text,
  texts,
} from "./values.ts";
import { rangeProblem } from "../limits/address.ts";
import { isMap } from "./plain.ts";

/** The configuration when every value has its type, before listeners and plugins are worked out. */
export type Settings =
  & Omit<
    ResolvedConfig,
    | "admin"
    | "listeners"
    | "plugins"
    | "importMap"
    | "legacy"
    | "raw"
    | "source"
    | "baseUrl"
    | "warnings"
  >
  & {
    listeners?: Record<string, ListenerInput>;
    admin?: AdminInput;
    plugins?: unknown;
    importMap?: string;
    auth?: AuthInput;
    topicCheck?: TopicCheckInput;
    sysInterval?: number;
  };

/** Protocol levels by version; YAML reads `3.1` and `5.0` as numbers. */
const LEVELS: ReadonlyMap<string, ProtocolLevel> = new Map([
  ["3.1", 3],
  ["3.1.1", 4],
  ["5", 5],
  ["5.0", 5],
]);

const LISTENER = {
  type: optional(oneOf("tcp", "ws", "unix", "external")),
  bind: address('1883, "localhost:1883" or "[::]:1883" in quotes'),
  maxConnections: optional(integer(-1)),
  ...LISTENER_LIMITS,
  proxyProtocol: optional(flag()),
  proxyFrom: optional(
    list(
      "a list of addresses and networks",
      rule(
        "an address such as 192.0.2.1 or a network such as 10.0.0.0/8",
        (value) =>
          typeof value === "string" && rangeProblem(value) === undefined
            ? value
            : undefined,
      ),
    ),
  ),
  ssl: optional(flag()),
  certfile: optional(text()),
  keyfile: optional(text()),
  cafile: optional(text()),
  capath: optional(text()),
  cadata: optional(text()),
  clientCertificate: optional(oneOf("none", "optional", "required")),
  wsPath: optional(text()),
  path: optional(text()),
  origins: optional(
    list(
      "a list of origins",
      rule(
        'an origin such as "https://example.com" or "http://localhost:8080"',
        (value) => isOrigin(value) ? value : undefined,
      ),
    ),
  ),
  reader: optional(text()),
  writer: optional(text()),
};

const ADMIN = {
  bind: address('"127.0.0.1:8080" or "[::1]:8080" in quotes'),
  token: optional(text()),
  tokenFile: optional(text()),
  ssl: optional(flag()),
  certfile: optional(text()),
  keyfile: optional(text()),
};

const AUTH = {
  plugins: pluginNames(),
  allowAnonymous: optional(flag()),
  passwordFile: optional(text()),
};

const TOPIC_CHECK = {
  enabled: optional(flag()),
  enable: optional(flag()),
  plugins: pluginNames(),
  acl: optional(acl()),
  subscribeAcl: optional(acl()),
  publishAcl: optional(acl()),
  receiveAcl: optional(acl()),
};

const STORE = {
  type: rule('"memory" or "sqlite"', storeType),
  path: optional(text()),
  durability: v.nullish(oneOf("process", "power"), "process"),
  maxSize: v.nullish(size(0), 0),
  clearOnShutdown: v.nullish(flag(), false),
};

const CONFIG = {
  store: v.nullish(
    v.pipe(
      rule(
        '"memory", or a map with a type and a path',
        (value) =>
          value === "memory"
            ? { type: value }
            : isMap(value)
            ? value
            : undefined,
      ),
      v.object(STORE),
      v.check(
        ({ type, path }) => type === "memory" || path !== undefined,
        "needs a path: the file of the store",
      ),
      v.transform((store): StoreConfig =>
        store.type === "memory" ? { type: "memory" } : store as StoreConfig
      ),
    ),
    { type: "memory" },
  ),
  listeners: optional(namedMap("a map of listeners by name", map(LISTENER))),
  admin: optional(map(ADMIN)),
  plugins: optional(v.unknown()),
  pluginNamespace: optional(text()),
  importMap: optional(text()),
  authPolicy: policy(),
  topicPolicy: policy(),
  pluginTimeout: v.nullish(seconds(0.001), 5),
  readyTimeout: v.nullish(seconds(0.001), 30),
  auth: optional(map(AUTH)),
  topicCheck: optional(map(TOPIC_CHECK)),
  sysInterval: optional(seconds(0)),
  ...LISTENER_LIMITS,
  ...BROKER_LIMITS,
  timeoutDisconnectDelay: v.nullish(seconds(0), 0),
  queueQos0: v.nullish(flag(), false),
  maxQos: v.nullish(oneOf(0, 1, 2), 2),
  retainAvailable: v.nullish(flag(), true),
  overlapping: v.nullish(oneOf("merge", "each"), "merge"),
  responseInformation: optional(text()),
  allowDollarPublish: v.nullish(flag(), false),
  clientIdConflict: v.nullish(oneOf("refuse", "fresh"), "refuse"),
  versions: v.nullish(
    v.pipe(
      list(
        "a list of versions",
        rule('3.1, "3.1.1" or 5', (value) => LEVELS.get(String(value))),
        1,
      ),
      v.transform((levels) => [...new Set(levels)].sort()),
    ),
    () => [3.1, "3.1.1", 5],
  ),
  shutdownTimeout: v.nullish(seconds(0), 10),
};

/**
 * Brings the keys of a configuration to one spelling.
 *
 * @param input The configuration as it was written.
 * @param keys Gets the spellings and what is wrong with keys.
 * @returns The configuration with its own keys in camelCase; values are as they were.
 */
export function normaliseKeys(
  input: Record<string, unknown>,
  keys: Keys,
): Record<string, unknown> {
  const result = keys.normalise(input, Object.keys(CONFIG));
  const { listeners, auth, topicCheck, store } = result;
  if (isMap(store)) {
    result.store = keys.normalise(store, Object.keys(STORE), ["store"]);
  }
  if (isMap(listeners)) {
    result.listeners = Object.fromEntries(
      Object.entries(listeners).map(([name, listener]) => [
        name,
        isMap(listener)
          ? keys.normalise(listener, Object.keys(LISTENER), ["listeners", name])
          // In a file the name alone, `default:`, is a listener with nothing to say.
          : listener ?? {},
      ]),
    );
  }
  // In a file the key alone, `admin:`, is a listener with nothing to say.
  if (result.admin === null) result.admin = {};
  if (isMap(result.admin)) {
    result.admin = keys.normalise(result.admin, Object.keys(ADMIN), ["admin"]);
  }
  if (isMap(auth)) {
    result.auth = keys.normalise(auth, Object.keys(AUTH), ["auth"]);
  }
  if (isMap(topicCheck)) {
    const known = Object.keys(TOPIC_CHECK);
    result.topicCheck = keys.normalise(topicCheck, known, ["topicCheck"]);
  }
  return result;
}

/**
 * Checks the types of a configuration and fills in defaults.
 *
 * @param input What `normaliseKeys()` made.
 * @param keys The spellings, for messages.
 * @returns The values, or what is wrong with them.
 */
export function checkTypes(
  input: Record<string, unknown>,
  keys: Keys,
): { settings: Settings } | { problems: ConfigProblem[] } {
  const result = v.safeParse(v.object(CONFIG), input);
  if (!result.success) {
    return {
      problems: result.issues.map(({ path, message }) => ({
        path: keys.path((path ?? []).map(({ key }) => key as string | number)),
        message,
      })),
    };
  }
  return { settings: { ...result.output, ...fillLimits(result.output) } };
}

function address(examples: string): Rule<string | number | undefined> {
  return optional(
    rule(
      `an address such as ${examples}`,
      (value) =>
        typeof value === "string" || typeof value === "number"
          ? value
          : undefined,
    ),
  );
}

function storeType(value: unknown): "memory" | "sqlite" | undefined {
  return value === "memory" || value === "sqlite" ? value : undefined;
}

function map<T extends v.ObjectEntries>(
  entries: T,
): Rule<v.InferOutput<v.ObjectSchema<T, undefined>>> {
  return v.pipe(mapRule("a map"), v.object(entries));
}

function policy(): v.NullishSchema<
  Rule<"all" | "first" | "deny-overrides">,
  "all"
> {
  return v.nullish(oneOf("all", "first", "deny-overrides"), "all");
}

/**
 * Names of plugins. Absent means all of them, so the empty value of a file must not
 * mean absent: it would open the door.
 */
function pluginNames(): Rule<string[] | undefined> {
  return v.pipe(
    v.optional(v.nullable(texts())),
    v.transform((names) => names === null ? [] : names),
  );
}

/** Topic filters by user name. */
function acl(): Rule<Record<string, string[]>> {
  return namedMap("a map of user names to lists of topics", texts());
}

function isOrigin(value: unknown): value is string {
  return typeof value === "string" &&
    /^([a-z][a-z0-9+.-]*:\/\/[^\s/]+|null)$/i.test(value);
}
