import type { BrokerEventName, BrokerEvents } from "../../../plugins/mod.ts";
import { eventually } from "../../_client.ts";

/** What happened: the name of the method and its argument. */
export interface Recorded<Name extends BrokerEventName = BrokerEventName> {
  readonly name: Name;
  readonly event: BrokerEvents[Name];
}

/** The names of aMQTT's events. */
export const EVENT_NAMES: readonly BrokerEventName[] = [
  "onBrokerPreStart",
  "onBrokerPostStart",
  "onBrokerPreShutdown",
  "onBrokerPostShutdown",
  "onBrokerClientConnected",
  "onBrokerClientDisconnected",
  "onBrokerClientSubscribed",
  "onBrokerClientUnsubscribed",
  "onBrokerMessageReceived",
  "onBrokerMessageBroadcast",
  "onBrokerRetainedMessage",
  "onMqttPacketReceived",
  "onMqttPacketSent",
];

/** A plugin that writes down every event. */
export class Recorder {
  readonly recorded: Recorded[] = [];

  /** The names of the events in their order, packets aside. */
  get names(): BrokerEventName[] {
    return this.recorded.map(({ name }) => name)
      .filter((name) => !name.startsWith("onMqttPacket"));
  }

  /** The arguments of the events with one name. */
  all<Name extends BrokerEventName>(name: Name): BrokerEvents[Name][] {
    return this.recorded.filter((one) => one.name === name)
      .map(({ event }) => event as BrokerEvents[Name]);
  }

  /** Waits until an event has come `count` times; gives the arguments. */
  async wait<Name extends BrokerEventName>(
    name: Name,
    count = 1,
  ): Promise<BrokerEvents[Name][]> {
    await eventually(() => this.all(name).length >= count, name);
    return this.all(name);
  }
}

for (const name of EVENT_NAMES) {
  Object.defineProperty(Recorder.prototype, name, {
    value(this: Recorder, event: BrokerEvents[BrokerEventName]): void {
      this.recorded.push({ name, event });
    },
  });
}
