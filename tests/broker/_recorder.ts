/** A plugin that writes down every event. */

import {
  BasePlugin,
  type BrokerEventName,
  type BrokerEvents,
  type ClientEvent,
  type MessageEvent,
  type PacketEvent,
  type RetainedMessageEvent,
  type SubscribedEvent,
  type UnsubscribedEvent,
} from "../../mod.ts";

/** What {@linkcode recorder} returns. */
export interface Recorder {
  /** For the `plugins` of a broker. */
  readonly plugin: new (
    ...args: ConstructorParameters<typeof BasePlugin>
  ) => BasePlugin;
  /** Names of the events in their order, those of packets left out. */
  readonly names: string[];
  /** The arguments of the events `name` so far. */
  of<Name extends BrokerEventName>(name: Name): BrokerEvents[Name][];
}

/** Makes a plugin that writes down every event. */
export function recorder(): Recorder {
  const names: string[] = [];
  const events = new Map<string, unknown[]>();
  const note = (name: BrokerEventName, event?: unknown): void => {
    if (!name.startsWith("onMqttPacket")) names.push(name);
    events.set(name, [...events.get(name) ?? [], event]);
  };
  return {
    names,
    of: <Name extends BrokerEventName>(name: Name) =>
      (events.get(name) ?? []) as BrokerEvents[Name][],
    plugin: class RecorderPlugin extends BasePlugin {
      override onBrokerPreStart(): void {
        note("onBrokerPreStart");
      }
      override onBrokerPostStart(): void {
        note("onBrokerPostStart");
      }
      override onBrokerPreShutdown(): void {
        note("onBrokerPreShutdown");
      }
      override onBrokerPostShutdown(): void {
        note("onBrokerPostShutdown");
      }
      override onBrokerClientConnected(event: ClientEvent): void {
        note("onBrokerClientConnected", event);
      }
      override onBrokerClientDisconnected(event: ClientEvent): void {
        note("onBrokerClientDisconnected", event);
      }
      override onBrokerClientSubscribed(event: SubscribedEvent): void {
        note("onBrokerClientSubscribed", event);
      }
      override onBrokerClientUnsubscribed(event: UnsubscribedEvent): void {
        note("onBrokerClientUnsubscribed", event);
      }
      override onBrokerMessageReceived(event: MessageEvent): void {
        note("onBrokerMessageReceived", event);
      }
      override onBrokerMessageBroadcast(event: MessageEvent): void {
        note("onBrokerMessageBroadcast", event);
      }
      override onBrokerRetainedMessage(event: RetainedMessageEvent): void {
        note("onBrokerRetainedMessage", event);
      }
      override onMqttPacketReceived(event: PacketEvent): void {
        note("onMqttPacketReceived", event);
      }
      override onMqttPacketSent(event: PacketEvent): void {
        note("onMqttPacketSent", event);
      }
    },
  };
}
