/**
 * The parts of a running broker that packets meet on their way. Each part is one
 * thing; this is where they find each other.
 *
 * @module
 */

import { TopicTable } from "../codec/topic_table.ts";
import type { PluginManager } from "../plugins/manager.ts";
import type { Action, Denial, Logger, QoS } from "../plugins/mod.ts";
import { Clock } from "./clock.ts";
import { Feedback } from "./feedback.ts";
import type { ListenerLimits, ResolvedConfig } from "./config/mod.ts";
import type { ControlCommands } from "./control/commands.ts";
import { Delivery } from "./delivery.ts";
import { Appliers } from "./interception/appliers.ts";
import { HeapTrim } from "./heap_trim.ts";
import { ConnectionGate } from "./limits/gate.ts";
import { FlappingGuard } from "./limits/flapping_guard.ts";
import { LoginGuard } from "./limits/login_guard.ts";
import { LimitReports } from "./limits/limit_reports.ts";
import { MemoryGuard } from "./limits/memory_guard.ts";
import type { Message } from "./message.ts";
import { MessageListeners } from "./message_listeners.ts";
import { Flusher } from "./output.ts";
import type { OpenRun } from "./protocol/open_run.ts";
import type { Relief } from "./relief.ts";
import { SessionRegistry } from "./session/registry.ts";
import type { Session } from "./session/session.ts";
import { Stats } from "./stats.ts";
import type { Journal } from "./store/journal.ts";
import type { JournalOwner } from "./store/journal_types.ts";
import type { StoreError } from "./store/store.ts";
import { PluginValues } from "./store/plugin_values.ts";
import { ReceivedMessages } from "./received_messages.ts";
import { RetainedMessages } from "./topics/retained.ts";
import { SubscriptionTree } from "./topics/subscription_tree.ts";
import { Topic } from "./topics/topic.ts";
import { Turns } from "./turns.ts";
import { WireFrames } from "./wire_frames.ts";

/** Everything that connections, sessions and deliveries share. */
export class Core implements JournalOwner {
  /** The configuration; a reload assigns another one. */
  config: ResolvedConfig;
  readonly logger: Logger;
  readonly plugins: PluginManager;
  /** The commands that clients may give. */
  readonly control: ControlCommands;
  readonly stats: Stats = new Stats();
  /** Where it is told that a limit was reached. */
  readonly reports: LimitReports;
  /** Lets connections in. */
  readonly gate: ConnectionGate;
  /** Says whether there is memory for more. */
  readonly memory: MemoryGuard;
  /** Turns away who tries passwords. */
  readonly logins: LoginGuard;
  /** Turns away who connects too often. */
  readonly flapping: FlappingGuard;
  readonly clock: Clock = new Clock((error) => this.report(error));
  readonly flusher: Flusher = new Flusher();
  readonly turns: Turns = new Turns();
  /** Does what plugins ask for. */
  readonly feedback: Feedback;
  readonly frames: WireFrames = new WireFrames();
  readonly topics: TopicTable<Topic> = new TopicTable((name, bytes) =>
    new Topic(name, bytes)
  );
  readonly retained: RetainedMessages = new RetainedMessages();
  /** What plugins have stored. */
  readonly values: PluginValues = new PluginValues(this);
  readonly listeners: MessageListeners = new MessageListeners();
  readonly tree: SubscriptionTree;
  readonly sessions: SessionRegistry;
  readonly delivery: Delivery;
  /** What has arrived, for plugins that observe many messages at a time. */
  readonly received: ReceivedMessages = new ReceivedMessages(this);
  /** What interceptors make of messages. */
  readonly appliers: Appliers;
  /** What is on its way to the store, if there is one. */
  journal: Journal | undefined = undefined;
  /** Set by a delivery whose receiver is full: the publisher waits for it. */
  congestion: Relief | null = null;
  /**
   * Messages that plugins look at one by one, before they are passed on together.
   * Whoever does something for a plugin has those go first that it has seen.
   */
  openRun: OpenRun | undefined = undefined;

  /** Gives memory back when many have come; absent if nobody can collect garbage. */
  readonly trim: HeapTrim | undefined;

  constructor(
    config: ResolvedConfig,
    logger: Logger,
    plugins: PluginManager,
    control: ControlCommands,
    collectGarbage?: () => void,
  ) {
    this.config = config;
    this.logger = logger;
    this.plugins = plugins;
    this.control = control;
    this.feedback = new Feedback(this);
    this.reports = new LimitReports(logger, this.stats.limits);
    this.gate = new ConnectionGate(this);
    this.memory = new MemoryGuard(this);
    this.memory.watch();
    this.logins = new LoginGuard(this);
    this.flapping = new FlappingGuard(this);
    this.tree = new SubscriptionTree(config.overlapping === "merge");
    this.sessions = new SessionRegistry(this);
    this.delivery = new Delivery(this);
    this.trim = collectGarbage && new HeapTrim(this, collectGarbage);
    this.appliers = new Appliers(this);
  }

  /** The limits of a listener; of one that the configuration does not know, the broker's. */
  limitsOf(listener: string): ListenerLimits {
    const { config } = this;
    return config.listeners.find(({ name }) => name === listener)?.limits ??
      config;
  }

  /** Logs what went wrong where nobody waits for the outcome: it is a mistake of ours. */
  readonly report = (error: unknown): void => {
    this.logger.error("Cannot finish what was begun", {
      error: error instanceof Error ? error.stack : String(error),
    });
  };

  /** Forgets the sessions, and what was to happen later. */
  end(): void {
    this.sessions.clear();
    this.clock.clear();
  }

  /** The store cannot write: nothing that must be kept is acknowledged until it can. */
  storeFailed(error: StoreError): void {
    const { message } = error;
    this.logger.error(message);
    this.plugins.emit("onBrokerAlarmRaised", { alarm: "store", message });
  }

  /** The store can write again. */
  storeRecovered(): void {
    this.logger.warn("The store works again");
    this.plugins.emit("onBrokerAlarmCleared", { alarm: "store" });
  }

  /** Asks the plugins whether a session may do something with a topic. */
  may(
    session: Session,
    topic: string,
    action: Action,
    qos: QoS,
    retain: boolean,
  ): true | Denial | Promise<true | Denial> {
    if (!this.plugins.filtersTopics) return true;
    return this.plugins.topicFiltering({ session, topic, action, qos, retain });
  }

  /** Asks the plugins whether a session may get a message. */
  mayReceive(
    session: Session,
    message: Message,
    qos: QoS,
    retain: boolean,
  ): boolean | Promise<boolean> {
    const verdict = this.may(session, message.topic, "receive", qos, retain);
    return verdict instanceof Promise
      ? verdict.then((answer) => answer === true)
      : verdict === true;
  }
}
