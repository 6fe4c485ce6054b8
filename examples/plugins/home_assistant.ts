/**
 * Helps Home Assistant find sensors that do not announce themselves: publishes their
 * discovery messages when the broker starts and when Home Assistant does, and says
 * whether the device is there.
 *
 * ```yaml
 * plugins:
 *   ./home_assistant.ts:
 *     sensors:
 *       - client: boiler            # client identifier of the device
 *         name: Boiler temperature
 *         topic: boiler/temperature # where it publishes
 *         unit: °C
 *         class: temperature
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type ClientEvent,
  type StandardSchema,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** What Home Assistant subscribes to. Default: `homeassistant`. */
  prefix: string;
  sensors: {
    /** Client identifier of the device. */
    client: string;
    /** Name for people. */
    name: string;
    /** Where the device publishes. */
    topic: string;
    /** Unit of measurement. */
    unit?: string;
    /** Device class of Home Assistant. */
    class?: string;
  }[];
}

export default class HomeAssistant extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    prefix: v.optional(v.string(), "homeassistant"),
    sensors: v.array(v.strictObject({
      client: v.string(),
      name: v.string(),
      topic: v.string(),
      unit: v.optional(v.string()),
      class: v.optional(v.string()),
    })),
  });

  override onBrokerPreStart(): void {
    const { prefix } = this.config;
    this.#announce();
    this.context.subscribe(`${prefix}/status`, ({ payload }) => {
      if (new TextDecoder().decode(payload) === "online") this.#announce();
    });
  }

  override onBrokerClientConnected({ clientId }: ClientEvent): void {
    this.#tellState(clientId, "online");
  }

  override onBrokerClientDisconnected({ clientId }: ClientEvent): void {
    this.#tellState(clientId, "offline");
  }

  #announce(): void {
    const { prefix, sensors } = this.config;
    for (const sensor of sensors) {
      const id = `${sensor.client}_${sensor.topic}`.replace(/[^\w-]/g, "_");
      const config = {
        name: sensor.name,
        "unique_id": id,
        "state_topic": sensor.topic,
        "availability_topic": stateTopic(sensor.client),
        ...(sensor.unit && { "unit_of_measurement": sensor.unit }),
        ...(sensor.class && { "device_class": sensor.class }),
        device: { identifiers: [sensor.client], name: sensor.client },
      };
      this.context.publish(
        `${prefix}/sensor/${id}/config`,
        JSON.stringify(config),
        { retain: true },
      );
    }
  }

  #tellState(clientId: string, state: "online" | "offline"): void {
    if (!this.config.sensors.some(({ client }) => client === clientId)) return;
    this.context.publish(stateTopic(clientId), state, { retain: true });
  }
}

function stateTopic(clientId: string): string {
  return `availability/${encodeURIComponent(clientId)}`;
}
