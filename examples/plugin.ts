/** A plugin: it counts the messages of each client and tells them on request. */

import { BasePlugin, type MessageEvent } from "@dinomq/broker/plugins";

/** Publishes to `count/<client>` how many messages a client has sent. */
export default class Counter extends BasePlugin {
  readonly #counts: Map<string, number> = new Map();

  override onBrokerMessageReceived({ clientId, message }: MessageEvent): void {
    const count = (this.#counts.get(clientId) ?? 0) + 1;
    this.#counts.set(clientId, count);
    this.context.publish(`count/${clientId}`, `${count}`, { retain: true });
    this.context.logger.info(`${clientId} published to ${message.topic}`);
  }
}
