/**
 * Which plugins are asked about a topic: some have topics of their own and decide
 * about no others.
 *
 * @module
 */

import {
  type Decider,
  DecisionMaker,
  type DecisionPolicy,
  type Verdict,
} from "./decisions.ts";
import type { InFlight } from "./in_flight.ts";
import type { TopicFilteringEvent } from "./mod.ts";

/** A plugin that decides about topics; `prefix` is empty if about all of them. */
export interface TopicDecider extends Decider<TopicFilteringEvent> {
  /** What the topics begin with. */
  readonly prefix: string;
  /** Whether its answers hold for a while, so that it need not see every message. */
  readonly holds: boolean;
}

interface OwnTopics {
  readonly prefix: string;
  readonly maker: DecisionMaker<TopicFilteringEvent>;
}

/** Asks the plugins that decide about a topic. */
export class TopicDecisions {
  /** How many plugins decide about topics. */
  readonly size: number;
  /** Whether all their answers hold for a while. */
  readonly hold: boolean;
  readonly #general: DecisionMaker<TopicFilteringEvent> | undefined;
  /** The longest prefix first. */
  readonly #own: readonly OwnTopics[];

  /**
   * Creates the decisions.
   *
   * @param deciders Whom to ask, in this order.
   * @param policy How the answers are combined.
   * @param timeout How long one plugin may take, in milliseconds.
   * @param inFlight Where decisions are counted that wait for a plugin.
   */
  constructor(
    deciders: readonly TopicDecider[],
    policy: DecisionPolicy,
    timeout: number,
    inFlight: InFlight,
  ) {
    this.size = deciders.length;
    this.hold = deciders.every(({ holds }) => holds);
    const makerOf = (prefix: string) =>
      new DecisionMaker(
        deciders.filter((decider) => prefix.startsWith(decider.prefix)),
        policy,
        timeout,
        inFlight,
      );
    const prefixes = new Set(deciders.map(({ prefix }) => prefix));
    this.#general = prefixes.delete("") ? makerOf("") : undefined;
    this.#own = [...prefixes].sort((a, b) => b.length - a.length)
      .map((prefix) => ({ prefix, maker: makerOf(prefix) }));
  }

  /**
   * Whether a plugin has a topic for its own.
   *
   * @param topic Topic name.
   * @returns Whether one does.
   */
  owns(topic: string): boolean {
    return this.#own.some(({ prefix }) => topic.startsWith(prefix));
  }

  /**
   * Whether any plugin decides about a topic; if not, it is allowed.
   *
   * @param topic Topic name.
   * @returns Whether one does.
   */
  concern(topic: string): boolean {
    return this.#general !== undefined || this.owns(topic);
  }

  /**
   * Asks for a verdict.
   *
   * @param event What it is about.
   * @returns The verdict: yes if no plugin decides about the topic; a promise only if
   * a plugin answered with one.
   */
  decide(event: TopicFilteringEvent): Verdict | Promise<Verdict> {
    for (const { prefix, maker } of this.#own) {
      if (event.topic.startsWith(prefix)) return maker.decide(event);
    }
    return this.#general === undefined ? true : this.#general.decide(event);
  }
}
