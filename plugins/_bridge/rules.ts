/**
 * Which topics cross a bridge, and what they are called on the other side.
 *
 * @module
 */

import * as v from "valibot";
import type { BrokerContext, QoS } from "../mod.ts";

/** Which way messages go: to the peer, from it, or both ways. */
export type Direction = "out" | "in" | "both";

/** One entry of the option `topics`. */
export interface TopicRule {
  /** Topic filter, without the prefixes. */
  pattern: string;
  /** Which way messages go. Default: `both`. */
  direction: Direction;
  /** What the topics begin with here. Default: nothing. */
  localPrefix: string;
  /** What the topics begin with at the peer. Default: nothing. */
  remotePrefix: string;
  /** Highest QoS of the messages. Default: 1. */
  qos: QoS;
  /** Whether messages are retained on the other side as they were here. Default: `true`. */
  retain: boolean;
}

const Prefix: v.GenericSchema<string | undefined, string> = v.optional(
  v.pipe(v.string(), v.regex(/^[^+#\0]*$/, "a prefix has no wildcard")),
  "",
);

/** The schema of a {@linkcode TopicRule}; keys may be spelled `local-prefix` and `local_prefix` too. */
export const TopicRuleSchema: v.GenericSchema<unknown, TopicRule> = v.pipe(
  v.record(v.string(), v.unknown()),
  v.transform((written) =>
    Object.fromEntries(
      Object.entries(written).map(([key, value]) => [
        key.replace(/[-_]([a-z])/g, (_, letter) => letter.toUpperCase()),
        value,
      ]),
    )
  ),
  v.strictObject({
    pattern: v.pipe(v.string(), v.nonEmpty()),
    direction: v.optional(v.picklist(["out", "in", "both"]), "both"),
    localPrefix: Prefix,
    remotePrefix: Prefix,
    qos: v.optional(v.picklist([0, 1, 2]), 1),
    retain: v.optional(v.boolean(), true),
  }),
);

/** A topic on the other side. */
export interface Crossing {
  /** The rule that lets it cross. */
  readonly rule: TopicRule;
  /** Topic name on the other side. */
  readonly topic: string;
}

/** The rules of a bridge. */
export class TopicRules {
  readonly #context: Pick<BrokerContext, "matches" | "covers">;
  readonly #rules: readonly TopicRule[];

  /**
   * Checks and keeps the rules.
   *
   * @param rules The rules; the first that fits counts.
   * @param context Knows how topics match.
   * @throws {TypeError} If a pattern is no topic filter, or a prefix is in its way.
   */
  constructor(
    rules: readonly TopicRule[],
    context: Pick<BrokerContext, "matches" | "covers">,
  ) {
    this.#rules = rules;
    this.#context = context;
    for (const rule of rules) {
      for (const filter of [localFilter(rule), remoteFilter(rule)]) {
        // Only a malformed filter does not cover itself.
        if (filter.startsWith("$share/") || !context.covers(filter, filter)) {
          throw new TypeError(
            `Cannot use the pattern "${rule.pattern}" of "topics": "${filter}" is not a valid topic filter`,
          );
        }
      }
    }
  }

  /** The rules by which messages leave. */
  get out(): TopicRule[] {
    return this.#rules.filter(({ direction }) => direction !== "in");
  }

  /** The rules by which messages come. */
  get in(): TopicRule[] {
    return this.#rules.filter(({ direction }) => direction !== "out");
  }

  /**
   * Finds where a message of this broker goes.
   *
   * @param topic Topic name here.
   * @returns The topic at the peer, unless it does not leave.
   */
  toPeer(topic: string): Crossing | undefined {
    return this.#cross(this.out, topic, localFilter, (rule) => [
      rule.localPrefix,
      rule.remotePrefix,
    ]);
  }

  /**
   * Finds where a message of the peer goes.
   *
   * @param topic Topic name at the peer.
   * @returns The topic here, unless it does not come in.
   */
  fromPeer(topic: string): Crossing | undefined {
    return this.#cross(this.in, topic, remoteFilter, (rule) => [
      rule.remotePrefix,
      rule.localPrefix,
    ]);
  }

  #cross(
    rules: readonly TopicRule[],
    topic: string,
    filterOf: (rule: TopicRule) => string,
    prefixesOf: (rule: TopicRule) => [old: string, new: string],
  ): Crossing | undefined {
    const rule = rules.find((rule) =>
      this.#context.matches(filterOf(rule), topic)
    );
    if (rule === undefined) return undefined;
    const [old, fresh] = prefixesOf(rule);
    // `a/#` selects `a` too, which the prefix `a/` is longer than.
    const name = topic.startsWith(old)
      ? fresh + topic.slice(old.length)
      : fresh.replace(/\/$/, "");
    return name === "" ? undefined : { rule, topic: name };
  }
}

/**
 * The topics of a rule as they are called here.
 *
 * @param rule The rule.
 * @returns Topic filter.
 */
export function localFilter({ localPrefix, pattern }: TopicRule): string {
  return localPrefix + pattern;
}

/**
 * The topics of a rule as they are called at the peer.
 *
 * @param rule The rule.
 * @returns Topic filter.
 */
export function remoteFilter({ remotePrefix, pattern }: TopicRule): string {
  return remotePrefix + pattern;
}
