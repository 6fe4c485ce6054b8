/**
 * Checking the options of plugins.
 *
 * @module
 */

/**
 * Any validator that follows the Standard Schema specification, version 1: zod,
 * valibot, arktype and others.
 *
 * @example
 * ```ts
 * import { BasePlugin, type StandardSchema } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertRejects } from "@std/assert";
 * import * as v from "valibot";
 *
 * class Reports extends BasePlugin<{ minutes: number }> {
 *   static override config: StandardSchema<{ minutes: number }> = v.strictObject({
 *     minutes: v.pipe(v.number(), v.minValue(1)),
 *   });
 * }
 *
 * const plugin = { plugin: Reports, options: { minutes: 0 } };
 * await assertRejects(
 *   () => TestBroker.start({ plugins: [plugin] }),
 *   Error,
 *   "minutes: Invalid value",
 * );
 * ```
 */
export interface StandardSchema<Output = unknown> {
  /** The properties of the specification. */
  readonly "~standard": {
    /** Version of the specification. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Checks `value`; the result holds the value or the issues. */
    readonly validate: (
      value: unknown,
    ) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** Types only; never set. */
    readonly types?: { readonly input: unknown; readonly output: Output };
  };
}

/**
 * What a {@linkcode StandardSchema} answers.
 *
 * @example
 * ```ts
 * import { BasePlugin, type StandardResult } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertRejects } from "@std/assert";
 *
 * // A check without a library.
 * function validate(value: unknown): StandardResult<{ topic: string }> {
 *   const { topic } = Object(value);
 *   if (typeof topic === "string") return { value: { topic } };
 *   return { issues: [{ message: "must be a text", path: ["topic"] }] };
 * }
 *
 * class Bell extends BasePlugin<{ topic: string }> {
 *   static override config = {
 *     "~standard": { version: 1 as const, vendor: "example", validate },
 *   };
 * }
 *
 * const plugin = { plugin: Bell, options: { topic: 5 } };
 * await assertRejects(
 *   () => TestBroker.start({ plugins: [plugin] }),
 *   Error,
 *   "topic: must be a text",
 * );
 * ```
 */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> };

/**
 * One thing that is wrong with a value.
 *
 * @example
 * ```ts
 * import type { StandardIssue } from "@dinomq/broker/plugins";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * function describe({ message, path = [] }: StandardIssue): string {
 *   const keys = path.map((part) => typeof part === "object" ? part.key : part);
 *   return `${keys.map(String).join(".")}: ${message}`;
 * }
 *
 * // Checks what a client has sent with the schema of its topic.
 * const schema = v.object({
 *   position: v.object({ latitude: v.number("is no number") }),
 * });
 * const { issues = [] } = await schema["~standard"].validate({
 *   position: { latitude: "N" },
 * });
 * assertEquals(issues.map(describe), ["position.latitude: is no number"]);
 * ```
 */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where: the keys from the outside to the inside. */
  readonly path?:
    | ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
    | undefined;
}
