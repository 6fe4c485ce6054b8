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
import type { ResolvedConfig } from "./config/mod.ts";
import { Delivery } from "./delivery.ts";
import type { Message } from "./message.ts";
import { Flusher } from "./output.ts";
import type { Relief } from "./relief.ts";
import { SessionRegistry } from "./session/registry.ts";
import type { Session } from "./session/session.ts";
import { Stats } from "./stats.ts";
import { RetainedMessages } from "./topics/retained.ts";
import { SubscriptionTree } from "./topics/subscription_tree.ts";
import { Topic } from "./topics/topic.ts";
import { WireFrames } from "./wire_frames.ts";

/** Everything that connections, sessions and deliveries share. */
export class Core {
  readonly config: ResolvedConfig;
  readonly logger: Logger;
  readonly plugins: PluginManager;
  readonly stats: Stats = new Stats();
  readonly clock: Clock = new Clock();
  readonly flusher: Flusher = new Flusher();
  readonly frames: WireFrames = new WireFrames();
  readonly topics: TopicTable<Topic> = new TopicTable((name, bytes) =>
    new Topic(name, bytes)
  );
  readonly retained: RetainedMessages = new RetainedMessages();
  readonly tree: SubscriptionTree;
  readonly sessions: SessionRegistry;
  readonly delivery: Delivery;
  /** Set by a delivery whose receiver is full: the publisher waits for it. */
  congestion: Relief | null = null;

  constructor(config: ResolvedConfig, logger: Logger, plugins: PluginManager) {
    this.config = config;
    this.logger = logger;
    this.plugins = plugins;
    this.tree = new SubscriptionTree(config.overlapping === "merge");
    this.sessions = new SessionRegistry(this);
    this.delivery = new Delivery(this);
  }

  /** Logs what went wrong where nobody waits for the outcome. */
  readonly report = (error: unknown): void => {
    this.logger.error("Cannot finish a delivery", {
      error: error instanceof Error ? error.stack : String(error),
    });
  };

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

  /** Sends the will of a session, if its user may still publish there. */
  fireWill(session: Session): void {
    const will = session.will;
    session.will = undefined;
    session.willDeadline?.cancel();
    session.willDeadline = undefined;
    if (will === undefined) return;
    if (session.willExpiry !== undefined) {
      will.expiresAt = Date.now() + session.willExpiry * 1000;
    }
    const settle = (verdict: true | Denial): void => {
      if (verdict !== true) {
        this.stats.dropped.denied++;
        return;
      }
      this.delivery.publish(will);
    };
    const verdict = this.may(
      session,
      will.topic,
      "publish",
      will.qos,
      will.retain,
    );
    if (verdict instanceof Promise) verdict.then(settle).catch(this.report);
    else settle(verdict);
  }
}
