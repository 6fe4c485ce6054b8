/**
 * Stand-in for `jsr:@std/yaml`, for networks that do not reach JSR.
 *
 * @module
 */

export { parse, type ParseOptions } from "./parse.ts";
export { stringify, type StringifyOptions } from "./stringify.ts";
