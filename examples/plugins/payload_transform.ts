/**
 * Turns payloads that devices send as plain numbers into JSON with the time and the
 * device, on their way in. Each topic is listed with the field that the number gets.
 *
 * ```yaml
 * plugins:
 *   ./payload_transform.ts:
 *     fields: { "sensors/+/temperature": celsius }
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type PublishAnswer,
  type PublishEvent,
  type StandardSchema,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** Names of the fields by topic filter. */
  fields: Record<string, string>;
}

export default class PayloadTransform extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    fields: v.record(v.string(), v.string()),
  });

  override interceptPublish(
    { session, message }: PublishEvent,
  ): PublishAnswer {
    for (const [filter, field] of Object.entries(this.config.fields)) {
      if (!this.context.matches(filter, message.topic)) continue;
      const text = new TextDecoder().decode(message.payload).trim();
      const value = Number(text);
      // What is no number passes as it is.
      if (text === "" || Number.isNaN(value)) return;
      return {
        payload: JSON.stringify({
          [field]: value,
          client: session.clientId,
          time: new Date().toISOString(),
        }),
        properties: {
          ...message.properties,
          payloadFormatIndicator: true,
          contentType: "application/json",
        },
      };
    }
  }
}
