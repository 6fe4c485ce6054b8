/**
 * Stand-in for `jsr:@std/cli`, for networks that do not reach JSR.
 *
 * @module
 */

export { parseArgs } from "./parse_args.ts";
export type { Args, ParseOptions } from "./parse_args.ts";
