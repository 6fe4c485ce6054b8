import {
  type PluginEntry,
  PluginManager,
  type PluginManagerOptions,
} from "../../plugins/manager.ts";
import type {
  BaseContext,
  BrokerContext,
  ClientEvent,
  Logger,
  LogLevel,
  Session,
  TopicFilteringEvent,
} from "../../plugins/mod.ts";
import { PluginNamespace } from "../../plugins/namespace.ts";

/** A session of nobody in particular. */
export const SESSION: Session = {
  clientId: "c1",
  username: undefined,
  password: undefined,
  isAnonymous: true,
  protocolVersion: 5,
  cleanStart: true,
  expiryInterval: 0,
  keepAlive: 0,
  connected: true,
  sessionPresent: false,
  remoteAddress: "127.0.0.1",
  remotePort: 1,
  listener: "default",
  peerCertificate: undefined,
  will: undefined,
  connectedAt: 0,
  disconnectedAt: 0,
  inflightCount: 0,
  queuedCount: 0,
  attributes: new Map(),
};

/** The event of a client. */
export function clientEvent(clientId: string): ClientEvent {
  return { clientId, clientSession: { ...SESSION, clientId } };
}

/** The question whether a client may publish. */
export function topicEvent(topic: string): TopicFilteringEvent {
  return { session: SESSION, topic, action: "publish", qos: 0, retain: false };
}

/** Keeps what is logged, from its children too. */
export class MemoryLogger implements Logger {
  readonly lines: Array<{ level: LogLevel; message: string }> = [];

  /** Everything that was logged. */
  get text(): string {
    return this.lines.map(({ message }) => message).join("\n");
  }

  debug(message: string): void {
    this.lines.push({ level: "debug", message });
  }

  info(message: string): void {
    this.lines.push({ level: "info", message });
  }

  warn(message: string): void {
    this.lines.push({ level: "warn", message });
  }

  error(message: string): void {
    this.lines.push({ level: "error", message });
  }

  child(): Logger {
    return this;
  }

  isEnabled(): boolean {
    return true;
  }
}

/**
 * Loads plugins without a broker: the context has no services.
 *
 * @param entries The plugins.
 * @param options What differs from the default.
 * @returns The manager.
 */
export async function loadManager(
  entries: PluginEntry[],
  options: Partial<PluginManagerOptions> = {},
): Promise<PluginManager> {
  return await PluginManager.load(entries, {
    namespace: options.namespace ?? await PluginNamespace.open(),
    logger: new MemoryLogger(),
    createContext: <Config>(base: BaseContext<Config>) =>
      base as BrokerContext<Config>,
    brokerConfig: {},
    ...options,
  });
}
