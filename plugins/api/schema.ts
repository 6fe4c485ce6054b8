/**
 * Checking the options of plugins.
 *
 * @module
 */

/**
 * Any validator that follows the Standard Schema specification, version 1: zod,
 * valibot, arktype and others.
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

/** What a {@linkcode StandardSchema} answers. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: ReadonlyArray<StandardIssue> };

/** One thing that is wrong with a value. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where: the keys from the outside to the inside. */
  readonly path?:
    | ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
    | undefined;
}
