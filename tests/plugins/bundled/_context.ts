/**
 * A broker for plugins under test: it records what a plugin logs, publishes and
 * retains, and runs timers only when the test says so.
 *
 * @module
 */

import { covers, matches } from "../../../broker/topics/filter.ts";
import type {
  Action,
  BrokerContext,
  BrokerStats,
  Logger,
  LogLevel,
  Session,
  StandardSchema,
  TopicFilteringEvent,
} from "../../../plugins/mod.ts";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A logger that keeps what it is told. */
export class RecordingLogger implements Logger {
  readonly lines: string[] = [];
  readonly #level: LogLevel;

  constructor(level: LogLevel = "debug") {
    this.#level = level;
  }

  debug(message: string): void {
    this.#write("debug", message);
  }

  info(message: string): void {
    this.#write("info", message);
  }

  warn(message: string): void {
    this.#write("warn", message);
  }

  error(message: string): void {
    this.#write("error", message);
  }

  child(): Logger {
    return this;
  }

  isEnabled(level: LogLevel): boolean {
    return LEVELS.indexOf(level) >= LEVELS.indexOf(this.#level);
  }

  #write(level: LogLevel, message: string): void {
    if (this.isEnabled(level)) this.lines.push(`${level}: ${message}`);
  }
}

/** The part of a context that the bundled plugins use, and its records. */
export interface FakeContext<Config> {
  readonly context: BrokerContext<Config>;
  readonly logger: RecordingLogger;
  readonly published: Array<[topic: string, text: string]>;
  readonly retained: Map<string, string>;
  readonly intervals: Array<{ callback: () => unknown; milliseconds: number }>;
  readonly counters: Record<string, number>;
  /** Aborts the signal, as the framework does before `close()`. */
  abort(): void;
}

export function fakeContext<Config>(
  config: Config,
  options: { level?: LogLevel; stats?: Partial<BrokerStats> } = {},
): FakeContext<Config> {
  const logger = new RecordingLogger(options.level);
  const published: Array<[string, string]> = [];
  const retained = new Map<string, string>();
  const intervals: FakeContext<Config>["intervals"] = [];
  const counters: Record<string, number> = {};
  const controller = new AbortController();
  const context = {
    name: "plugin_under_test",
    logger,
    config,
    matches,
    covers,
    retained: {
      set: (topic: string, payload: string) => retained.set(topic, payload),
    },
    publish(topic: string, payload: string, extra?: unknown) {
      if (extra !== undefined) throw new Error("unexpected options");
      published.push([topic, payload]);
    },
    stats: () => options.stats,
    signal: controller.signal,
    count(counter: string, by = 1) {
      counters[counter] = (counters[counter] ?? 0) + by;
    },
    setInterval(callback: () => unknown, milliseconds: number) {
      intervals.push({ callback, milliseconds });
    },
  } as unknown as BrokerContext<Config>;
  const abort = () => controller.abort();
  return {
    context,
    logger,
    published,
    retained,
    intervals,
    counters,
    abort,
  };
}

/** Options as the framework hands them to a plugin: checked, with defaults. */
export async function checkedOptions<Config>(
  plugin: { config?: StandardSchema },
  options: unknown,
): Promise<Config> {
  const result = await plugin.config?.["~standard"].validate(options);
  if (result === undefined) throw new Error("the plugin has no schema");
  if (result.issues !== undefined) {
    throw new TypeError(result.issues.map((issue) => issue.message).join("; "));
  }
  return result.value as Config;
}

/** A session of which only the given properties matter. */
export function fakeSession(fields: Partial<Session> = {}): Session {
  return { clientId: "client-1", ...fields } as Session;
}

export function topicEvent(
  action: Action,
  username: string | undefined,
  topic: string,
  clientId = "client-1",
): TopicFilteringEvent {
  const session = fakeSession({ username, clientId });
  return { session, topic, action, qos: 0, retain: false };
}
