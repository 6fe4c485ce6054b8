/**
 * The plugins of a fuzzed broker: from none to some that meddle with everything.
 *
 * @module
 */

import {
  type ApplicationMessage,
  BaseAuthPlugin,
  BasePlugin,
  BaseTopicPlugin,
  type Decision,
  type EnhancedAuthEvent,
  type EnhancedAuthResult,
  type MessageEvent,
  type PacketEvent,
  type PluginsInput,
  type SubscribedEvent,
  type TopicFilteringEvent,
} from "../../mod.ts";

/** Which plugins a fuzzed broker has. */
export type Cast =
  | "none"
  | "sync"
  | "async"
  | "observers"
  | "meddlers"
  | "enhanced";

/** All of them. */
export const CASTS: readonly Cast[] = [
  ...["none", "sync", "async", "observers", "meddlers", "enhanced"] as const,
];

/** Whether the plugins decide about topics. */
export function filtersTopics(cast: Cast): boolean {
  return cast === "sync" || cast === "async" || cast === "meddlers";
}

/** The plugins of a cast, for a configuration. */
export function pluginsOf(cast: Cast): PluginsInput {
  const anonymous = { "auth_anonymous": null };
  switch (cast) {
    case "none":
      return [anonymous];
    case "sync":
      return [anonymous, SyncRights];
    case "async":
      return [anonymous, AsyncRights];
    case "observers":
      return [anonymous, Watcher, Failing];
    case "meddlers":
      return [anonymous, AsyncRights, Meddler];
    case "enhanced":
      return [TwoSteps];
  }
}

/** A number that depends on what is asked only, so that a run can be repeated. */
function luck({ topic, action, qos }: TopicFilteringEvent): number {
  let sum = action.length * 7 + qos;
  for (let i = 0; i < topic.length; i++) sum = sum * 31 + topic.charCodeAt(i);
  return sum >>> 0;
}

class SyncRights extends BaseTopicPlugin {
  topicFiltering(event: TopicFilteringEvent): Decision {
    const chance = luck(event) % 7;
    if (chance === 0) return false;
    if (chance === 1) return { allow: false, reasonCode: 0x97 };
    return true;
  }
}

class AsyncRights extends BaseTopicPlugin {
  topicFiltering(event: TopicFilteringEvent): Decision | Promise<Decision> {
    const chance = luck(event) % 9;
    if (chance === 0) return false;
    if (chance < 3) return true;
    if (chance === 3) throw new Error("on purpose");
    if (chance < 6) return Promise.resolve(chance === 4);
    if (chance === 6) return Promise.reject(new Error("on purpose"));
    return new Promise((resolve) => setTimeout(resolve, 0, true));
  }
}

/** Looks at everything that it is shown. */
class Watcher extends BasePlugin {
  seen = 0;

  override onBrokerMessageReceived({ message }: MessageEvent): void {
    this.#look(message);
  }

  override onBrokerMessageBroadcast({ message }: MessageEvent): void {
    this.#look(message);
  }

  override onMqttPacketReceived({ packet, session }: PacketEvent): void {
    this.seen += JSON.stringify(packet).length + (session?.queuedCount ?? 0);
  }

  override onMqttPacketSent({ packet }: PacketEvent): void {
    this.seen += JSON.stringify(packet).length;
  }

  #look({ payload, properties, topic }: ApplicationMessage): void {
    this.seen += payload.length + topic.length +
      JSON.stringify(properties ?? {}).length;
  }
}

/** Throws, now and later. */
class Failing extends BasePlugin {
  override onBrokerMessageReceived(): void {
    throw new Error("on purpose");
  }

  override onBrokerClientSubscribed(): Promise<void> {
    return Promise.reject(new Error("on purpose"));
  }

  override onBrokerClientConnected(): void {
    throw undefined;
  }
}

/** Uses every service from within events. */
class Meddler extends BasePlugin {
  #turn = 0;
  #depth = 0;

  override onMqttPacketReceived({ session }: PacketEvent): void {
    if (session !== undefined) this.#meddle(session.clientId);
  }

  override onMqttPacketSent({ session }: PacketEvent): void {
    if (session !== undefined) this.#meddle(session.clientId);
  }

  override onBrokerMessageBroadcast({ clientId }: MessageEvent): void {
    this.#meddle(clientId);
  }

  override onBrokerClientSubscribed({ clientId }: SubscribedEvent): void {
    this.#meddle(clientId);
  }

  override onBrokerClientDisconnected(
    { clientId }: { clientId: string },
  ): void {
    this.#meddle(clientId);
  }

  #meddle(clientId: string): void {
    if (this.#depth > 3) return;
    this.#depth++;
    try {
      this.#act(clientId, this.#turn++ % 41);
    } finally {
      this.#depth--;
    }
  }

  #act(clientId: string, turn: number): void {
    const { context } = this;
    const other = `c${turn % 3}`;
    switch (turn) {
      case 5:
        context.disconnect(clientId);
        break;
      case 11:
        context.disconnect(other, { deleteSession: true, sendWill: false });
        break;
      case 17:
        context.publish("a/b", "meddled", { qos: 2, retain: true });
        break;
      case 19:
        context.publishTo(other, "b", "meddled", { qos: 1 });
        break;
      case 23:
        for (const { filter } of [...context.subscriptions(clientId)]) {
          context.removeSubscription(clientId, filter);
        }
        break;
      case 29:
        context.addSubscription(other, "a/#", 2);
        break;
      case 31:
        context.retained.clear("a/b");
        break;
      case 37:
        context.disconnect(other, { reasonCode: 0x97, reasonString: "turn" });
        break;
    }
  }
}

/** Knows the authentication method "x": two steps, and then again. */
class TwoSteps extends BaseAuthPlugin {
  authenticate(): Decision {
    return true;
  }

  override enhancedAuthenticate(
    { method, step, data }: EnhancedAuthEvent,
  ): EnhancedAuthResult | Promise<EnhancedAuthResult> {
    if (method !== "x") return undefined;
    if (step === 1) return { result: "continue", data };
    if (data?.[0] === 0) return false;
    return Promise.resolve({ result: "success", data });
  }
}
