/**
 * One message -> the sessions that get it.
 *
 * @module
 */

import type { PublishView } from "../codec/publish.ts";
import type { QoS } from "../plugins/mod.ts";
import type { Deadline } from "./clock.ts";
import type { Core } from "./core.ts";
import { dropped, expired, unheard } from "./drops.ts";
import {
  isJudged,
  type Judged,
  judgeDelivery,
} from "./interception/deliver.ts";
import { chooseMember } from "./interception/member.ts";
import { interceptRetain } from "./interception/retain.ts";
import { mayQueue } from "./limits/queue_limit.ts";
import { mayRetain } from "./limits/retained_limit.ts";
import type { Message } from "./message.ts";
import type { Session } from "./session/session.ts";
import type { SharedGroup, Target } from "./topics/subscription_tree.ts";
import type { Topic } from "./topics/topic.ts";

/** Hands messages to sessions. */
export class Delivery {
  readonly #core: Core;
  /** When retained messages expire, by topic. */
  readonly #expiries = new Map<string, Deadline>();
  /**
   * What deliveries still wait for before all that keep the message have it; `null`:
   * nobody wants to know.
   */
  #undecided: Promise<unknown> | undefined | null = null;

  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Delivers a message to everyone who subscribes to its topic, and retains it if
   * that was asked for.
   *
   * @param message The message; it is kept by whoever needs it longer.
   * @param view The packet that it came in.
   * @param version Protocol level of the packet.
   * @returns Whether anyone subscribes or listens.
   */
  publish(
    message: Message,
    view?: PublishView<Topic>,
    version?: 3 | 4 | 5,
  ): boolean {
    const core = this.#core;
    if (message.retain) this.retain(message);
    const heard = core.listeners.size > 0 && core.listeners.emit(message);
    const { targets, groups } = core.tree.match(message.target);
    if (targets.length === 0 && groups.length === 0) {
      if (!heard) unheard(core, message);
      return heard;
    }
    core.frames.begin(message, view, version);
    for (let i = 0; i < targets.length; i++) {
      this.deliver(targets[i], message, false, undefined);
    }
    for (let i = 0; i < groups.length; i++) {
      const member = chooseMember(core, groups[i], message);
      if (member !== undefined) this.deliver(member, message, false, groups[i]);
    }
    core.frames.clear();
    return true;
  }

  /**
   * Delivers a message to one session.
   *
   * @param target The session and how it wants the message.
   * @param message The message.
   * @param retained Whether the message answers a subscription.
   * @param group The shared subscription that chose the session.
   */
  deliver(
    target: Target,
    message: Message,
    retained: boolean,
    group: SharedGroup | undefined,
  ): void {
    const { session } = target;
    // [MQTT-3.8.3-3]
    if (target.noLocal && message.publisher === session.clientId) {
      if (target.own === undefined) return;
      target = target.own;
    }
    // [MQTT-3.3.1-12], [MQTT-3.3.1-13]
    const retain = retained || (target.retainAsPublished && message.retain);
    if (session.pending !== undefined) {
      const { clientId, pendingCount, pendingBytes } = session;
      if (
        !mayQueue(this.#core, clientId, pendingCount, pendingBytes, message)
      ) return;
      const kept = message.keep();
      const done = session.defer(
        () => this.#ask(target, kept, retain, group),
        kept.weight,
      );
      if (this.#keeps(session, group)) this.#alsoAwait(done);
      return;
    }
    if (!isJudged(this.#core)) this.#hand(target, message, retain, group);
    else {
      const judged = this.#judge(target, message, retain);
      this.#settle(judged, target, message, retain, group);
    }
  }

  /**
   * Delivers a message that the first ones have already.
   *
   * @param targets Who is to get it.
   * @param at The first that does not have it.
   * @param judged What that one gets.
   * @param message The message.
   * @param view The packet that it came in.
   * @param version Protocol level of the packet.
   */
  finish(
    targets: readonly Target[],
    at: number,
    judged: Judged | Promise<Judged>,
    message: Message,
    view: PublishView<Topic>,
    version: 3 | 4 | 5,
  ): void {
    const { frames } = this.#core;
    frames.begin(message, view, version);
    this.#settle(judged, targets[at], message, false, undefined);
    for (let i = at + 1; i < targets.length; i++) {
      this.deliver(targets[i], message, false, undefined);
    }
    frames.clear();
  }

  /**
   * Gives a message of a shared subscription to another member.
   *
   * @param session Who does not get it.
   * @param message The message.
   * @param retain The retain flag that the client sees.
   * @param group The shared subscription.
   * @returns What must be waited for until the other has it; absent if that is now, or
   *   there is no other.
   */
  passOn(
    session: Session,
    message: Message,
    retain: boolean,
    group: SharedGroup | undefined,
  ): Promise<unknown> | undefined {
    const other = group && chooseMember(this.#core, group, message, session);
    if (other === undefined) return undefined;
    const outer = this.watchUndecided();
    let undecided: Promise<unknown> | undefined;
    try {
      this.deliver(other, message, retain, group);
    } finally {
      undecided = this.takeUndecided(outer);
    }
    return undecided;
  }

  /** Makes a message its topic's retained one, or removes that if it is empty. */
  retain(original: Message): void {
    const core = this.#core;
    const message = interceptRetain(core, original);
    if (message === undefined) return;
    const { retained, stats, plugins } = core;
    const { hooks } = plugins;
    if (message.size === 0) {
      // [MQTT-3.3.1-6]
      if (!retained.delete(message.topic)) return;
      core.journal?.retain(message);
    } else {
      if (!mayRetain(core, message)) return;
      const kept = message.keep().settle();
      retained.set(kept);
      core.journal?.retain(kept);
    }
    this.#expire(message);
    stats.retained = retained.size;
    if (hooks.onBrokerRetainedMessage.length > 0) {
      plugins.emit("onBrokerRetainedMessage", {
        clientId: null,
        retainedMessage: message.keep(),
      });
    }
  }

  /** Has a retained message removed when it expires; an earlier one no longer is. */
  #expire(message: Message): void {
    const { topic, size, expiresAt } = message;
    const { retained, stats, clock, journal } = this.#core;
    const expiries = this.#expiries;
    if (expiries.size > 0) {
      expiries.get(topic)?.cancel();
      expiries.delete(topic);
    }
    if (size === 0 || expiresAt === 0) return;
    const kept = message.keep();
    const expiry = clock.schedule(expiresAt - Date.now(), () => {
      expiries.delete(topic);
      retained.delete(topic);
      stats.retained = retained.size;
      journal?.clearRetained(topic);
      expired(this.#core, kept, null);
    });
    expiries.set(topic, expiry);
  }

  /** Takes over a retained message that the store has. */
  restoreRetained(message: Message): void {
    const { retained, stats } = this.#core;
    retained.set(message);
    stats.retained = retained.size;
    this.#expire(message);
  }

  /**
   * From here deliveries are watched that still wait for an answer, those too that a
   * plugin causes meanwhile. Must be followed by {@linkcode takeUndecided}.
   *
   * @returns What was being watched before; for that call.
   */
  watchUndecided(): Promise<unknown> | undefined | null {
    const outer = this.#undecided;
    this.#undecided = undefined;
    return outer;
  }

  /**
   * What the deliveries since `watchUndecided()` still wait for before every session
   * that keeps a message has it.
   *
   * @param outer What `watchUndecided()` has returned: it goes on, and waits for these too.
   * @returns A promise that never rejects; absent if they all have it.
   */
  takeUndecided(
    outer: Promise<unknown> | undefined | null,
  ): Promise<unknown> | undefined {
    const own = this.#undecided ?? undefined;
    this.#undecided = outer;
    if (own !== undefined) this.#alsoAwait(own);
    return own;
  }

  /** Whether the store has to have the message: the session's, or another member's of its group. */
  #keeps(session: Session, group: SharedGroup | undefined): boolean {
    return this.#core.journal !== undefined &&
      (session.durable || group !== undefined);
  }

  #alsoAwait(done: Promise<unknown>): void {
    if (this.#undecided === null) return;
    this.#undecided = this.#undecided === undefined
      ? done
      : Promise.all([this.#undecided, done]);
  }

  #ask(
    target: Target,
    message: Message,
    retain: boolean,
    group: SharedGroup | undefined,
  ): void | Promise<void> {
    // Nobody has acknowledged it, so that it comes again.
    if (this.#core.plugins.isClosing) return;
    const judged = target.session.ended
      ? null
      : this.#judge(target, message, retain);
    if (judged instanceof Promise) {
      return judged.then((later) =>
        this.#settleLate(later, target, message, retain, group)
      );
    }
    return this.#settleLate(judged, target, message, retain, group);
  }

  #judge(
    target: Target,
    message: Message,
    retain: boolean,
  ): Judged | Promise<Judged> {
    const qos = Math.min(target.qos, message.qos) as QoS;
    return judgeDelivery(this.#core, target.session, message, qos, retain);
  }

  #settle(
    judged: Judged | Promise<Judged>,
    target: Target,
    message: Message,
    retain: boolean,
    group: SharedGroup | undefined,
  ): void {
    const { session } = target;
    if (judged instanceof Promise) {
      const kept = message.keep();
      const done = session.defer(async () => {
        await this.#settleLate(await judged, target, kept, retain, group);
      }, kept.weight);
      if (this.#keeps(session, group)) this.#alsoAwait(done);
    } else if (judged !== null && !session.ended) {
      // The plugin that decided may have ended the session.
      this.#hand(target, judged, retain, group);
    }
  }

  /**
   * Time has passed: the session may have ended meanwhile, and the message expired.
   *
   * @returns What must be waited for until another session has it.
   */
  #settleLate(
    judged: Judged,
    target: Target,
    message: Message,
    retain: boolean,
    group: SharedGroup | undefined,
  ): void | Promise<void> {
    if (this.#core.plugins.isClosing) return;
    if (target.session.ended) {
      return this.passOn(target.session, message, retain, group)?.then(
        () => {},
      );
    }
    if (judged?.expired(Date.now())) {
      // [MQTT-3.3.2-5]
      dropped(this.#core, "expired", judged, target.session.clientId);
    } else if (judged !== null) this.#hand(target, judged, retain, group);
  }

  #hand(
    target: Target,
    message: Message,
    retain: boolean,
    group: SharedGroup | undefined,
  ): void {
    const { session } = target;
    const qos = Math.min(target.qos, message.qos) as QoS;
    const { connection } = session;
    // What another delivery of the message caused may have ended the session.
    if (connection === null && session.ended) return;
    if (qos === 0) {
      if (connection !== null) {
        connection.sendPublish(
          message,
          0,
          retain,
          false,
          0,
          target.identifiers,
        );
        return;
      }
      if (!this.#core.config.queueQos0 || target.qos === 0) {
        dropped(this.#core, "offline", message, session.clientId);
        return;
      }
    }
    if (
      session.outbox.add(message, qos, retain, target.identifiers, group) &&
      connection === null
    ) this.#queuedOffline(session.clientId, message);
  }

  #queuedOffline(clientId: string, message: Message): void {
    const { plugins } = this.#core;
    if (plugins.hooks.onBrokerRetainedMessage.length === 0) return;
    plugins.emit("onBrokerRetainedMessage", {
      clientId,
      retainedMessage: message.keep(),
    });
  }
}
