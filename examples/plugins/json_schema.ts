/**
 * Refuses messages whose payload is not what the JSON schema of their topic says.
 *
 * ```yaml
 * plugins:
 *   ./json_schema.ts:
 *     schemas:
 *       sensors/+/temperature:
 *         type: object
 *         required: [celsius]
 *         properties: { celsius: { type: number } }
 * ```
 *
 * @module
 */

import {
  BasePlugin,
  type BrokerContext,
  type PublishAnswer,
  type PublishEvent,
  type StandardSchema,
} from "@dinomq/broker/plugins";
import { type Schema, Validator } from "@cfworker/json-schema";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** JSON schemas (2020-12) by topic filter. */
  schemas: Record<string, Record<string, unknown>>;
}

export default class JsonSchema extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    schemas: v.record(v.string(), v.record(v.string(), v.unknown())),
  });

  readonly #validators: [filter: string, validator: Validator][];

  constructor(context: BrokerContext<Options>) {
    super(context);
    this.#validators = Object.entries(this.config.schemas).map((
      [filter, schema],
    ) => [filter, new Validator(schema as Schema, "2020-12")]);
  }

  override interceptPublish({ message }: PublishEvent): PublishAnswer {
    for (const [filter, validator] of this.#validators) {
      if (!this.context.matches(filter, message.topic)) continue;
      const problem = problemOf(message.payload, validator);
      if (problem === undefined) continue;
      // Payload format invalid.
      return { allow: false, reasonCode: 0x99, reasonString: problem };
    }
  }
}

function problemOf(
  payload: Uint8Array,
  validator: Validator,
): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(payload),
    );
  } catch {
    return "The payload is no JSON";
  }
  const { valid, errors } = validator.validate(value);
  return valid ? undefined : errors.at(-1)?.error ?? "The payload is not valid";
}
