/**
 * What the broker offers to plugins and to host programs.
 *
 * @module
 */

import { ReasonCode } from "../../codec/reason_codes.ts";
import { VALID_CODES } from "../../codec/valid_codes.ts";
import type {
  ApplicationMessage,
  BrokerContext,
  BrokerStats,
  ClientPage,
  ClientQuery,
  ControlHandler,
  DisconnectOptions,
  Logger,
  MessagesOptions,
  MessageStream,
  PublishOptions,
  QoS,
  RetainedService,
  Session as PublicSession,
  StandardSchema,
  SubscriptionInfo,
} from "../../plugins/mod.ts";
import type { ContextBase } from "../../plugins/plugin_loading.ts";
import type { Core } from "../core.ts";
import { sendTo } from "../interception/deliver.ts";
import { recheckSubscriptions } from "../recheck.ts";
import { covers, matches, parseFilter } from "../topics/filter.ts";
import { NO_IDENTIFIERS } from "../topics/subscription_tree.ts";
import { ClientPages } from "./client_pages.ts";
import { addCommand } from "./control.ts";
import type { Hub } from "./hub.ts";
import { Metrics } from "./metrics.ts";
import { QueuedMessages } from "./message_stream.ts";
import { messageOf } from "./outgoing.ts";
import { PluginReadiness } from "./readiness.ts";
import { Retained } from "./retained.ts";
import { Routes } from "./routes.ts";
import { Storage } from "./storage.ts";

/** A plugin's context: the broker's services, seen through the plugin's own name and life. */
export class Services<Config = unknown> implements BrokerContext<Config> {
  readonly #core: () => Core;
  readonly name: string;
  readonly logger: Logger;
  readonly #base: ContextBase<Config>;
  readonly retained: RetainedService;
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly http: Routes;
  readonly #readiness: PluginReadiness;
  readonly #hub: Hub;
  readonly #pages = new ClientPages();

  constructor(base: ContextBase<Config>, core: () => Core, hub: Hub) {
    this.name = base.name;
    this.logger = base.logger;
    this.#base = base;
    this.#core = () => {
      const present = core();
      present.openRun?.pass();
      return present;
    };
    this.#hub = hub;
    this.retained = new Retained(this.#core, () => base.signal);
    this.storage = new Storage(base.name, core);
    // Of a host program the signal changes.
    this.metrics = new Metrics(this, hub.metrics);
    this.http = new Routes(this, hub.routes, () => hub.hasAdmin);
    this.#readiness = new PluginReadiness(this, hub.readiness);
  }

  get signal(): AbortSignal {
    return this.#base.signal;
  }

  /** Whether the plugin has its part in what happens. */
  get live(): boolean {
    return this.#base.live;
  }

  count(counter: string, by?: number): void {
    this.#base.count(counter, by);
  }

  // A reload exchanges both.
  get config(): Config {
    return this.#base.config;
  }

  get brokerConfig(): Readonly<Record<string, unknown>> {
    return this.#base.brokerConfig;
  }

  get sessions(): Iterable<PublicSession> {
    return this.#core().sessions.values();
  }

  getSession(clientId: string): PublicSession | undefined {
    return this.#core().sessions.get(clientId);
  }

  clients(query?: ClientQuery): ClientPage {
    return this.#pages.read(this.#core().sessions, query);
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions = {},
  ): void {
    const core = this.#core();
    const message = messageOf(core, topic, payload, options);
    core.feedback.publish(message);
  }

  publishTo(
    clientId: string,
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions = {},
  ): boolean {
    const core = this.#core();
    const message = messageOf(core, topic, payload, options);
    const session = core.sessions.get(clientId);
    if (session === undefined || core.feedback.isFull) return false;
    let sent = false;
    core.feedback.run(() => sent = sendTo(core, session, message));
    return sent;
  }

  subscribe(
    filter: string,
    handler: (message: ApplicationMessage) => void,
  ): () => void {
    const core = this.#core();
    checkOwnFilter(filter);
    if (this.signal.aborted) return () => {};
    const remove = this.#listen(core, filter, handler);
    this.signal.addEventListener("abort", remove, { once: true });
    return () => {
      this.signal.removeEventListener("abort", remove);
      remove();
    };
  }

  messages(filter: string, options: MessagesOptions = {}): MessageStream {
    const { limit = 1000 } = options;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(
        `Cannot wait for messages: limit must be 1 or more, not ${limit}`,
      );
    }
    const core = this.#core();
    checkOwnFilter(filter);
    return new QueuedMessages({
      limit,
      signal: this.signal,
      onDrop: () => this.count("messagesDropped"),
      subscribe: (push) => this.#listen(core, filter, push),
    });
  }

  #listen(
    { listeners }: Core,
    filter: string,
    handler: (message: ApplicationMessage) => void,
  ): () => void {
    // Of a plugin and the one that replaces it only one gets a message.
    return listeners.add(
      filter,
      (message) => this.live ? handler(message) : undefined,
      this.logger,
    );
  }

  addSubscription(clientId: string, filter: string, qos: QoS = 0): void {
    const core = this.#core();
    const parsed = parseFilter(filter, core.config.maxTopicLevels);
    if (typeof parsed === "string") {
      throw new TypeError(`Cannot subscribe to "${filter}": ${parsed}`);
    }
    const session = core.sessions.get(clientId) ??
      core.sessions.createOffline(clientId);
    session.subscribe({
      session,
      filter: parsed,
      qos,
      noLocal: false,
      retainAsPublished: false,
      exempt: true,
      identifiers: NO_IDENTIFIERS,
    });
  }

  removeSubscription(clientId: string, filter: string): boolean {
    const core = this.#core();
    const removed = core.sessions.get(clientId)?.unsubscribe(filter) ?? false;
    return removed;
  }

  *subscriptions(clientId?: string): Iterable<SubscriptionInfo> {
    const { sessions } = this.#core();
    const one = clientId === undefined ? undefined : sessions.get(clientId);
    const chosen = clientId === undefined
      ? sessions.values()
      : one === undefined
      ? []
      : [one];
    for (const session of chosen) {
      for (const { filter, qos } of session.subscriptions.values()) {
        yield { clientId: session.clientId, filter: filter.text, qos };
      }
    }
  }

  recheckSubscriptions(): Promise<number> {
    return recheckSubscriptions(this.#core());
  }

  disconnect(clientId: string, options: DisconnectOptions = {}): boolean {
    const core = this.#core();
    const session = core.sessions.get(clientId);
    if (session === undefined) return false;
    const { connection } = session;
    const reasonCode = options.reasonCode ?? ReasonCode.AdministrativeAction;
    if (!VALID_CODES.DISCONNECT.has(reasonCode)) {
      throw new RangeError(
        `Cannot disconnect "${clientId}": ${reasonCode} is no reason code of DISCONNECT (MQTT 5, section 3.14.2.1)`,
      );
    }
    const { sendWill = true, reasonString } = options;
    connection?.end(reasonCode, sendWill, reasonString);
    if (options.deleteSession) {
      if (options.sendWill === false) session.will = undefined;
      core.sessions.end(session);
    }
    return connection !== null || options.deleteSession === true;
  }

  matches(filter: string, topic: string): boolean {
    return matches(filter, topic);
  }

  covers(granted: string, requested: string): boolean {
    return covers(granted, requested);
  }

  control<Parameters>(
    name: string,
    ...rest:
      | [handler: ControlHandler]
      | [
        schema: StandardSchema<Parameters>,
        handler: ControlHandler<Parameters>,
      ]
  ): () => void {
    const [schema, handler] = rest.length === 1 ? [undefined, ...rest] : rest;
    return addCommand(
      this.#hub.control,
      this,
      name,
      schema,
      handler as ControlHandler,
    );
  }

  notReady(reason: string, until?: PromiseLike<unknown>): void {
    this.#readiness.notReady(reason, until);
  }

  ready(): void {
    this.#readiness.ready();
  }

  stats(): BrokerStats {
    const { stats } = this.#core();
    return {
      ...stats,
      dropped: { ...stats.dropped },
      limits: { ...stats.limits },
    };
  }

  setInterval(callback: () => unknown, milliseconds: number): void {
    if (this.signal.aborted) return;
    const timer = setInterval(() => this.#run(callback), milliseconds);
    this.signal.addEventListener("abort", () => clearInterval(timer));
  }

  setTimeout(callback: () => unknown, milliseconds: number): void {
    if (this.signal.aborted) return;
    const forget = (): void => clearTimeout(timer);
    const timer = setTimeout(() => {
      this.signal.removeEventListener("abort", forget);
      this.#run(callback);
    }, milliseconds);
    this.signal.addEventListener("abort", forget);
  }

  async #run(callback: () => unknown): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.logger.error("A timer's callback failed", { error: String(error) });
    }
  }
}

/** A filter of a plugin, which is one member alone. */
function checkOwnFilter(filter: string): void {
  const parsed = parseFilter(filter);
  const problem = typeof parsed === "string"
    ? parsed
    : parsed.group !== undefined
    ? "a plugin cannot share a subscription"
    : undefined;
  if (problem === undefined) return;
  throw new TypeError(`Cannot subscribe to "${filter}": ${problem}`);
}
