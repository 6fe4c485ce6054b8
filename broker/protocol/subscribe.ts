/**
 * SUBSCRIBE (MQTT 5, section 3.8).
 *
 * @module
 */

import type { ISubscribePacket } from "mqtt-packet";
import { ReasonCode } from "../../codec/reason_codes.ts";
import { Stop } from "../../plugins/interceptor_chain.ts";
import type { Denial, QoS } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";
import { inConfiguration } from "../limits/limit_reports.ts";
import {
  interceptSubscribe,
  type Requested,
} from "../interception/subscriptions.ts";
import { fullQuota } from "../limits/subscription_limit.ts";
import { filterLimit } from "../limits/topic_limit.ts";
import { storeReason } from "../store/failure.ts";
import { type ParsedFilter, parseFilter } from "../topics/filter.ts";
import { reasonText, refusalCode } from "./reasons.ts";
import { Replays } from "./replays.ts";
import {
  NO_IDENTIFIERS,
  type Subscription,
} from "../topics/subscription_tree.ts";

/** A filter that is granted. */
interface Granted {
  readonly subscription: Subscription;
  /** What was asked for. */
  readonly requested: Requested;
}

/** Why a filter is not granted. */
interface Refusal {
  readonly reasonCode: number;
  /** Text for the client. */
  readonly reasonString?: string;
}

/**
 * Handles a SUBSCRIBE. Without a plugin that takes its time, and unless it has very
 * many filters, it is done at once: a message that another client sends right afterwards
 * is delivered.
 */
export function handleSubscribe(
  connection: Connection,
  packet: ISubscribePacket,
): Promise<void> | undefined {
  const failure = connection.session!.durable &&
    connection.core.journal?.failure;
  if (failure) {
    const code = connection.version === 5 ? storeReason(failure) : 0x80;
    const granted = packet.subscriptions.map(() => code);
    sendSuback(connection, packet, granted, "the store cannot be written");
    return;
  }
  const { core } = connection;
  const session = connection.session!;
  const before = core.journal?.ops;
  const granted: number[] = [];
  const reasons = new Set<string>();
  const refuse = ({ reasonCode, reasonString }: Refusal): void => {
    // MQTT 3.1.1 knows one refusal only.
    granted.push(
      connection.version === 5 ? refusalCode("SUBACK", reasonCode) : 0x80,
    );
    if (reasonString !== undefined) reasons.add(reasonString);
  };
  const fresh: Granted[] = [];
  const replays: Subscription[] = [];
  const settle = (answer: Granted | Refusal): void => {
    if (connection.session !== session) return;
    if (!("subscription" in answer)) return refuse(answer);
    const { subscription, requested } = answer;
    const limit = fullQuota(core, session, subscription.filter.text);
    if (limit !== undefined) {
      return refuse({
        reasonCode: ReasonCode.QuotaExceeded,
        reasonString: limit === "maxMemory"
          ? "the broker is short of memory"
          : `at most ${core.config[limit]} subscriptions are allowed`,
      });
    }
    const isNew = session.subscribe(subscription);
    granted.push(subscription.qos);
    fresh.push(answer);
    // [MQTT-3.3.1-9] to [MQTT-3.3.1-11]; shared subscriptions get none.
    const handling = requested.rh ?? 0;
    if (
      subscription.filter.group === undefined && handling !== 2 &&
      (handling === 0 || isNew)
    ) replays.push(subscription);
  };
  const done = core.turns.repeat(packet.subscriptions.length, (i) => {
    if (connection.session !== session) return;
    const answer = grant(connection, packet, packet.subscriptions[i]);
    return answer instanceof Promise ? answer.then(settle) : settle(answer);
  });
  const answer = (): void => {
    if (connection.session !== session) return;
    sendSuback(connection, packet, granted, [...reasons].join("; "));
    if (connection.session !== session) return;
    if (core.plugins.hooks.onBrokerClientSubscribed.length > 0) {
      for (const { subscription, requested } of fresh) {
        core.plugins.emit("onBrokerClientSubscribed", {
          clientId: session.clientId,
          topic: subscription.filter.text,
          qos: requested.qos,
        });
      }
    }
    if (replays.length > 0) {
      connection.replays ??= new Replays(connection);
      connection.replays.add(replays);
    }
    if (fresh.some(({ subscription }) => subscription.filter.group)) {
      core.sessions.collectShared(session);
    }
  };
  const finish = (): Promise<void> | undefined => {
    if (core.journal?.ops === before) answer();
    else return core.journal!.stored().then(answer);
  };
  return done === undefined ? finish() : done.then(finish);
}

function sendSuback(
  connection: Connection,
  { messageId }: ISubscribePacket,
  granted: number[],
  reasonString: string,
): void {
  const suback = { cmd: "suback", messageId, granted } as const;
  const explained = reasonString !== "" && connection.version === 5 &&
    connection.problemInformation &&
    connection.send({
      ...suback,
      properties: { reasonString: reasonText(reasonString) },
    });
  // [MQTT-3.9.2-1]: a text that does not fit is left out.
  if (explained || connection.send(suback)) return;
  // [MQTT-3.1.2-24]: the client would wait for ever.
  connection.end(ReasonCode.PacketTooLarge);
}

/** What the plugins make of a filter that is valid, then what they grant of that. */
function grant(
  connection: Connection,
  packet: ISubscribePacket,
  requested: Requested,
): Granted | Refusal | Promise<Granted | Refusal> {
  const { core } = connection;
  const session = connection.session!;
  const filter = filterOf(connection, requested);
  if ("reasonCode" in filter) return filter;
  const answer = interceptSubscribe(core, session, packet, requested);
  if (answer === requested) {
    return permit(connection, packet, requested, filter);
  }
  const settle = (
    outcome: Requested | Stop,
  ): Granted | Refusal | Promise<Granted | Refusal> => {
    if (outcome instanceof Stop) return outcome;
    if (connection.session === null) {
      return { reasonCode: ReasonCode.NotAuthorized };
    }
    const changed = filterOf(connection, outcome);
    if ("reasonCode" in changed) return changed;
    return permit(connection, packet, outcome, changed);
  };
  return answer instanceof Promise ? answer.then(settle) : settle(answer);
}

/** The filter taken apart, or what is wrong with it. */
function filterOf(
  connection: Connection,
  requested: Requested,
): ParsedFilter | Refusal {
  const { core } = connection;
  const { config } = core;
  const session = connection.session!;
  const filter = parseFilter(requested.topic);
  if (typeof filter === "string") {
    core.logger.debug("Subscription refused", {
      clientId: session.clientId,
      filter: requested.topic,
      why: filter,
    });
    return { reasonCode: ReasonCode.TopicFilterInvalid, reasonString: filter };
  }
  const limit = filterLimit(filter, config);
  if (limit !== undefined) {
    core.reports.reached(
      limit,
      session.clientId,
      "Subscription refused",
      config[limit],
    );
    return {
      reasonCode: ReasonCode.TopicFilterInvalid,
      reasonString: `the topic filter breaks the limit ${
        inConfiguration(limit)
      } of ${config[limit]}`,
    };
  }
  return filter;
}

/** The subscription, or why it is refused. */
function permit(
  connection: Connection,
  packet: ISubscribePacket,
  requested: Requested,
  filter: ParsedFilter,
): Granted | Refusal | Promise<Granted | Refusal> {
  const { core } = connection;
  const { config } = core;
  const session = connection.session!;
  const answer = core.may(
    session,
    filter.filter,
    "subscribe",
    requested.qos as QoS,
    false,
  );
  const settle = (verdict: true | Denial): Granted | Refusal => {
    if (verdict !== true) {
      const { reasonCode = ReasonCode.NotAuthorized, reasonString } = verdict;
      return { reasonCode, reasonString };
    }
    const identifier = packet.properties?.subscriptionIdentifier;
    const subscription: Subscription = {
      session,
      filter,
      qos: Math.min(requested.qos, config.maxQos) as QoS,
      // Without them a message would go round between the brokers, and what is
      // retained here would not be there. [MQTT-3.8.3-4] keeps shares out.
      noLocal: requested.nl ?? (session.isBridge && filter.group === undefined),
      retainAsPublished: requested.rap ?? session.isBridge,
      exempt: false,
      identifiers: identifier === undefined
        ? NO_IDENTIFIERS
        : [identifier].flat(),
    };
    return { subscription, requested };
  };
  return answer instanceof Promise ? answer.then(settle) : settle(answer);
}
