/**
 * Device shadows: what each device should be and what it says it is, also while it is
 * away. Follows aMQTT's `ShadowPlugin` and `ShadowTopicAuthPlugin`.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `connection` | connection URL, as in `auth_db` | required | Where the shadows are kept, most often a file of SQLite; the table is made |
 * | `superusers` | list of user names | none | Who may use the shadows of all devices |
 * | `history` | number | `100` | Versions of a shadow that are kept; 0: all |
 * | `max-shadows` | number, at least 1 | `100` | Shadows of one device |
 * | `max-document-bytes` | number, at least 100 | `65536` | Size of a shadow's document |
 * | `connections` | 1 to 100 | `4` | Connections to the database at most |
 * | `timeout` | seconds, 0.01 to 60 | `3` | How long the database may take to answer |
 *
 * ```yaml
 * plugins:
 *   auth_file:
 *     password-file: passwords
 *   shadows:
 *     connection: sqlite:///shadows.db
 *     superusers: [app]
 * ```
 *
 * Clients publish to `$shadow/<device>/<name>/…`; device and name are letters, digits,
 * `_` and `-`:
 *
 * | Topic | Payload |
 * |---|---|
 * | `get` | nothing, or `{"clientToken": "…"}` |
 * | `update` | `{"state": {"desired": {…}, "reported": {…}}}`, one of the two or both; optional `version` (the one that is to be replaced) and `clientToken` |
 *
 * and subscribe to the answers:
 *
 * | Topic | Payload |
 * |---|---|
 * | `get/accepted`, `update/accepted` | `state`, `metadata`, `version`, `timestamp`, `clientToken` |
 * | `get/rejected`, `update/rejected` | `code`, `message`, `clientToken` |
 * | `update/documents` | `previous` and `current`, each with `state`, `metadata`, `version`, `timestamp`; `timestamp` |
 * | `update/delta` | `state`: desired values that differ from the reported ones, at any depth; `metadata`, `version`, `timestamp`; not sent if there are none |
 * | `update/iota` | The same with whole values of the first level, and `null` for what is reported although nobody desires it |
 *
 * An update is merged into the document. `null` clears a key: it stays as `null` in
 * the table, and answers leave it out. `null` for `desired` or `reported` clears all
 * of it. `metadata` has the time at which each key was last set, in seconds since
 * 1970. A refusal has one of the codes 400 (not understood), 404 (no such shadow),
 * 409 (another version), 413 (too large), 429 (too many) and 500.
 *
 * Of a file of SQLite, a power cut can cost the updates of the last moment: waiting for
 * the disk each time would hold up the broker.
 *
 * A device is a user: only the user of this name and the `superusers` may use a
 * device's topics, and nobody may publish to the topics of the answers. Other topics
 * are not this plugin's: whoever was allowed to use them still is. Other topic
 * plugins, such as `topic_acl`, must allow the topics below `$shadow/` too.
 *
 * @module
 */

import * as v from "valibot";
import { messageOf } from "./_backend/message.ts";
import { OccasionalLog } from "./_backend/occasional_log.ts";
import { Replaceable } from "./_backend/replaceable.ts";
import {
  databaseEntries,
  type DatabaseSettings,
  DatabaseSource,
} from "./_db/source.ts";
import { deltaOf, iotaOf } from "./_shadows/differences.ts";
import {
  applyUpdate,
  type Sections,
  withoutNulls,
} from "./_shadows/document.ts";
import {
  isShadowName,
  parseShadowTopic,
  readRequest,
  Rejection,
  SHADOW_PREFIX,
  type ShadowTopic,
  tokenOf,
} from "./_shadows/request.ts";
import {
  type ShadowLimits,
  ShadowTable,
  type ShadowVersion,
  syncShadowTable,
} from "./_shadows/table.ts";
import {
  type ApplicationMessage,
  BaseTopicPlugin,
  type BrokerContext,
  type ConfigChange,
  type StandardSchema,
  type TopicFilteringEvent,
} from "./mod.ts";

/** The options of {@linkcode Shadows}. */
export interface ShadowsOptions
  extends Omit<DatabaseSettings, "syncSchema">, ShadowLimits {
  /** Users who may use the shadows of all devices. Default: none. */
  superusers: string[];
}

const limit = (initial: number, least: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(least)), initial);

const { connection, connections, timeout } = databaseEntries;

// Requests that are under way; a client more is told to come later.
const MAX_PENDING = 10_000;
const MAX_PENDING_BYTES = 16 * 1024 * 1024;

/** Keeps the shadows of devices. */
export default class Shadows extends BaseTopicPlugin<ShadowsOptions> {
  /** Checks the options. */
  static override config: StandardSchema<ShadowsOptions> = v.pipe(
    v.strictObject({
      connection: v.optional(connection, ""),
      connections,
      timeout,
      superusers: v.optional(v.array(v.string()), []),
      history: limit(100, 0),
      maxShadows: limit(100, 1),
      maxDocumentBytes: limit(65_536, 100),
    }),
    v.check(
      ({ connection }) => connection !== "",
      '"connection" is missing; "superusers" of aMQTT\'s ShadowTopicAuthPlugin belongs beside it: there is one plugin for both',
    ),
  );

  /** Clients may publish there; this plugin decides about nothing else. */
  override readonly topicPrefix: string = SHADOW_PREFIX;

  #superusers: ReadonlySet<string | undefined>;
  readonly #source: Replaceable<DatabaseSource>;
  readonly #outages: OccasionalLog;
  /** The last request of each shadow that has one: they go one after the other. */
  readonly #pending = new Map<string, Promise<void>>();
  #pendingCount = 0;
  #pendingBytes = 0;

  /**
   * Creates the plugin. Nothing is connected yet.
   *
   * @param context The broker's services.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  constructor(context: BrokerContext<ShadowsOptions>) {
    super(context);
    const { config, logger } = context;
    this.#superusers = new Set(config.superusers);
    this.#outages = new OccasionalLog(logger);
    this.#source = new Replaceable(openSource(config));
  }

  /**
   * Prepares other options. Requests that are under way end with the present database.
   *
   * @param config The new options.
   * @returns What takes them into use.
   * @throws {TypeError} If the connection URL cannot be understood.
   */
  override onConfigChanged(config: ShadowsOptions): ConfigChange {
    const present = this.config;
    const hasOther = (["connection", "connections", "timeout"] as const)
      .some((key) => config[key] !== present[key]);
    const source = hasOther ? openSource(config) : undefined;
    return async () => {
      this.#superusers = new Set(config.superusers);
      if (source !== undefined) this.#source.replace(source);
      await this.context.recheckSubscriptions();
      await source?.get();
    };
  }

  /** Makes the table, and listens to the requests. */
  override async onBrokerPreStart(): Promise<void> {
    for (const operation of ["get", "update"]) {
      this.context.subscribe(
        `${SHADOW_PREFIX}+/+/${operation}`,
        (message) => this.#accept(message),
      );
    }
    await this.#source.present.get();
  }

  /**
   * Decides about topics below `$shadow/`.
   *
   * @param event Session, topic and action.
   * @returns Whether the client may use it.
   */
  topicFiltering({ session, topic, action }: TopicFilteringEvent): boolean {
    const { username } = session;
    const [, device] = topic.split("/");
    // A user may be called "+", and would mean everybody.
    const isTheirs = username !== undefined &&
      (device === username && isShadowName(device) ||
        this.#superusers.has(username));
    return isTheirs &&
      (action !== "publish" || parseShadowTopic(topic) !== undefined);
  }

  /** Waits for the requests that are under way, and ends the connections. */
  override async close(): Promise<void> {
    await Promise.allSettled(this.#pending.values());
    await this.#source.close();
  }

  #accept({ topic, payload }: ApplicationMessage): void {
    const request = parseShadowTopic(topic);
    if (request === undefined) return;
    const key = `${request.device}/${request.name}`;
    const { length } = payload;
    if (
      this.#pendingCount >= MAX_PENDING ||
      this.#pendingBytes + length > MAX_PENDING_BYTES
    ) {
      this.#reject(request, payload, new Rejection(429, "try again later"));
      return;
    }
    this.#pendingCount++;
    this.#pendingBytes += length;
    const done = (this.#pending.get(key) ?? Promise.resolve())
      .then(() => this.#handle(request, payload))
      .finally(() => {
        this.#pendingCount--;
        this.#pendingBytes -= length;
        if (this.#pending.get(key) === done) this.#pending.delete(key);
      });
    this.#pending.set(key, done);
  }

  /** Never rejects. */
  async #handle(request: ShadowTopic, payload: Uint8Array): Promise<void> {
    try {
      await this.#source.use(async (source) => {
        const open = async () =>
          new ShadowTable(await source.get(), this.config);
        if (request.operation === "get") {
          await this.#get(open, request, payload);
        } else await this.#update(open, request, payload);
      });
    } catch (error) {
      const isRefusal = error instanceof Rejection;
      if (!isRefusal) this.#failed(error);
      this.#reject(
        request,
        payload,
        isRefusal ? error : new Rejection(500, "the shadow cannot be reached"),
      );
    }
  }

  async #get(
    open: () => Promise<ShadowTable>,
    request: ShadowTopic,
    payload: Uint8Array,
  ): Promise<void> {
    const { maxDocumentBytes } = this.config;
    const { clientToken } = readRequest("get", payload, maxDocumentBytes);
    const version = await (await open()).find(request);
    if (version === undefined) throw new Rejection(404, "shadow not found");
    this.#answer(request, "get/accepted", {
      ...documentOf(version),
      clientToken,
    });
  }

  async #update(
    open: () => Promise<ShadowTable>,
    request: ShadowTopic,
    payload: Uint8Array,
  ): Promise<void> {
    const { maxDocumentBytes } = this.config;
    const { clientToken, version, state } = readRequest(
      "update",
      payload,
      maxDocumentBytes,
    );
    const now = Math.floor(Date.now() / 1000);
    const table = await open();
    const { previous, current } = await table.update(request, (present) => {
      if (version !== undefined && version !== present.version) {
        throw new Rejection(409, `the version is ${present.version}`);
      }
      return applyUpdate(present.document, state!, now);
    }, now);
    this.#answer(request, "update/accepted", {
      ...documentOf(current),
      clientToken,
    });
    const about = { version: current.version, timestamp: current.timestamp };
    const delta = deltaOf(current.document);
    if (Object.keys(delta.state).length > 0) {
      this.#answer(request, "update/delta", { ...delta, ...about });
    }
    const iota = iotaOf(current.document);
    if (Object.keys(iota.state).length > 0) {
      this.#answer(request, "update/iota", { ...iota, ...about });
    }
    this.#answer(request, "update/documents", {
      previous: documentOf(previous),
      current: documentOf(current),
      timestamp: now,
    });
  }

  #failed(error: unknown): void {
    this.context.count("failedRequests");
    this.#outages.warn(messageOf(error));
  }

  #reject(
    request: ShadowTopic,
    payload: Uint8Array,
    { code, message }: Rejection,
  ): void {
    this.#answer(request, `${request.operation}/rejected`, {
      code,
      message,
      clientToken: tokenOf(payload),
    });
  }

  /** What is `undefined` is left out of JSON. */
  #answer(
    { device, name }: ShadowTopic,
    kind: string,
    body: Record<string, unknown>,
  ): void {
    this.context.publish(
      `${SHADOW_PREFIX}${device}/${name}/${kind}`,
      JSON.stringify(body),
      { qos: 1 },
    );
  }
}

function openSource(config: ShadowsOptions): DatabaseSource {
  return new DatabaseSource({ ...config, syncSchema: true }, syncShadowTable);
}

interface PublicDocument {
  readonly state: Sections;
  readonly metadata: Sections;
  readonly version: number;
  readonly timestamp: number;
}

/** A version as clients see it. */
function documentOf(
  { document, version, timestamp }: ShadowVersion,
): PublicDocument {
  const seen = ({ desired, reported }: Sections): Sections => ({
    desired: withoutNulls(desired),
    reported: withoutNulls(reported),
  });
  return {
    state: seen(document.state),
    metadata: seen(document.metadata),
    version,
    timestamp,
  };
}
