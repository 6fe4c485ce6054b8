/**
 * One topic filter of a SUBSCRIBE or UNSUBSCRIBE: plugins may change what the client
 * asks for, or refuse it.
 *
 * @module
 */

import type { ISubscribePacket } from "mqtt-packet";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type {
  QoS,
  SubscribeChanges,
  SubscribeEvent,
  UnsubscribeChanges,
  UnsubscribeEvent,
} from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { filterLimit } from "../limits/topic_limit.ts";
import type { Session } from "../session/session.ts";
import { parseFilter } from "../topics/filter.ts";
import { pairsOf } from "./connect.ts";

/** One topic filter with its options. */
export type Requested = ISubscribePacket["subscriptions"][number];

/**
 * Asks the plugins about a filter that a client subscribes to.
 *
 * @param core The broker.
 * @param session The client's session.
 * @param packet The SUBSCRIBE.
 * @param requested The filter and its options; they are valid.
 * @returns What the client asks for now, or why it is refused; a promise only if a
 *   plugin answered with one.
 */
export function interceptSubscribe(
  core: Core,
  session: Session,
  packet: ISubscribePacket,
  requested: Requested,
): Requested | Stop | Promise<Requested | Stop> {
  const chain = core.plugins.intercepts.subscribe;
  if (chain === undefined) return requested;
  const isShared = requested.topic.startsWith("$share/");
  const event: SubscribeEvent = {
    session,
    filter: requested.topic,
    qos: requested.qos as QoS,
    noLocal: requested.nl ?? (session.isBridge && !isShared),
    retainAsPublished: requested.rap ?? session.isBridge,
    retainHandling: (requested.rh ?? 0) as 0 | 1 | 2,
    userProperties: pairsOf(packet.properties?.userProperties),
  };
  const apply = (
    event: SubscribeEvent,
    changes: SubscribeChanges,
  ): SubscribeEvent => {
    const next = { ...event };
    for (const [key, value] of Object.entries(changes)) {
      if (value !== undefined) Object.assign(next, { [key]: value });
    }
    checkFilter(core, next.filter);
    if (!next.filter.startsWith("$share/")) return next;
    // Nobody asked for it, and a plugin need not know.
    if (session.isBridge && changes.noLocal === undefined) next.noLocal = false;
    if (next.noLocal) {
      // [MQTT-3.8.3-4]
      throw new TypeError(
        "a shared subscription cannot leave out the client's own messages",
      );
    }
    return next;
  };
  const settle = (outcome: SubscribeEvent | Stop): Requested | Stop => {
    if (outcome === event) return requested;
    if (outcome instanceof Stop) return outcome;
    const { filter: topic, qos } = outcome;
    const { noLocal: nl, retainAsPublished: rap, retainHandling: rh } = outcome;
    return { topic, qos, nl, rap, rh };
  };
  const answer = chain.ask(event, apply);
  return answer instanceof Promise ? answer.then(settle) : settle(answer);
}

/**
 * Asks the plugins about a filter that a client unsubscribes from.
 *
 * @param core The broker.
 * @param session The client's session.
 * @param filter The filter.
 * @returns The filter that is meant, or why it is refused; a promise only if a
 *   plugin answered with one.
 */
export function interceptUnsubscribe(
  core: Core,
  session: Session,
  filter: string,
): string | Stop | Promise<string | Stop> {
  const chain = core.plugins.intercepts.unsubscribe;
  if (chain === undefined) return filter;
  const apply = (
    event: UnsubscribeEvent,
    { filter = event.filter }: UnsubscribeChanges,
  ): UnsubscribeEvent => {
    checkFilter(core, filter);
    return { session, filter };
  };
  const settle = (outcome: UnsubscribeEvent | Stop): string | Stop =>
    outcome instanceof Stop ? outcome : outcome.filter;
  const answer = chain.ask({ session, filter }, apply);
  return answer instanceof Promise ? answer.then(settle) : settle(answer);
}

function checkFilter({ config }: Core, text: string): void {
  const filter = parseFilter(text);
  if (typeof filter === "string") throw new TypeError(filter);
  const limit = filterLimit(filter, config);
  if (limit !== undefined) {
    throw new RangeError(
      `the topic filter breaks the limit ${limit} of ${config[limit]}`,
    );
  }
}
