/**
 * Writes a line to the log for every event of the broker. Follows aMQTT's
 * `EventLoggerPlugin`, with the same text: `### 'on_broker_post_start' EVENT FIRED ###`.
 *
 * A client that connects or disconnects is written with the level `info`, all
 * other events with `debug`. Events whose level the log does not show cost nothing.
 * The plugin has no options.
 *
 * ```yaml
 * plugins:
 *   event_logger: {}
 * ```
 *
 * @module
 */

import * as v from "valibot";
import {
  BasePlugin,
  type BrokerContext,
  type BrokerEventName,
  type BrokerObservers,
  type StandardSchema,
} from "./mod.ts";

/** The level of each event; its keys are all events there are. */
const LEVELS: Readonly<Record<BrokerEventName, "debug" | "info">> = {
  onBrokerPreStart: "debug",
  onBrokerPostStart: "debug",
  onBrokerPreShutdown: "debug",
  onBrokerPostShutdown: "debug",
  onBrokerClientConnected: "info",
  onBrokerClientDisconnected: "info",
  onBrokerClientSubscribed: "debug",
  onBrokerClientUnsubscribed: "debug",
  onBrokerMessageReceived: "debug",
  onBrokerMessagesReceived: "debug",
  onBrokerMessageBroadcast: "debug",
  onBrokerRetainedMessage: "debug",
  onMqttPacketReceived: "debug",
  onMqttPacketSent: "debug",
  onBrokerConfigReloaded: "info",
  onBrokerAlarmRaised: "info",
  onBrokerAlarmCleared: "info",
  onBrokerClientAuthenticationFailed: "info",
  onBrokerSessionCreated: "debug",
  onBrokerSessionResumed: "debug",
  onBrokerSessionTakenOver: "debug",
  onBrokerSessionExpired: "debug",
  onBrokerMessageDelivered: "debug",
  onBrokerMessageAcknowledged: "debug",
  onBrokerMessageDropped: "debug",
  onBrokerMessageExpired: "debug",
  onBrokerWillSent: "debug",
  onBrokerPluginFailed: "info",
};

/** Logs events; has handlers only for those that the log shows. */
export default class EventLogger extends BasePlugin<Record<string, never>> {
  /** Checks the options: there are none. */
  static override config: StandardSchema = v.strictObject({});

  /**
   * Creates the plugin and its handlers.
   *
   * @param context The broker's services.
   */
  constructor(context: BrokerContext<Record<string, never>>) {
    super(context);
    const observers: BrokerObservers = {};
    const { logger } = context;
    for (const [name, level] of Object.entries(LEVELS)) {
      // A handler that exists is called for every packet: only make what is needed.
      if (!logger.isEnabled(level)) continue;
      const text = `### '${snakeCase(name)}' EVENT FIRED ###`;
      observers[name as BrokerEventName] = () => logger[level](text);
    }
    Object.assign(this, observers);
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
