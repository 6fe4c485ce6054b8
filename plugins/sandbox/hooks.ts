/**
 * Which methods of a plugin can be called in a sandbox.
 *
 * @module
 */

import { METHOD_NAMES, methodOf, PROMPT_NAMES } from "../plugin_class.ts";

/**
 * The methods of a plugin that the broker would call, those included that a sandbox
 * cannot have.
 *
 * @param object The plugin, or the prototype of its class.
 * @returns The names, `close` aside.
 */
export function callableHooks(object: object): string[] {
  return METHOD_NAMES.filter((name) => methodOf(object, name) !== undefined);
}

/**
 * Whether the broker calls a method of this name.
 *
 * @param name What a sandbox says.
 * @returns Whether it does.
 */
export function isHook(name: string): boolean {
  return METHOD_NAMES.includes(name);
}

/**
 * The first method that a sandbox cannot have: it would have to answer at once.
 *
 * @param hooks The plugin's methods.
 * @returns Its name, or `undefined` if there is none.
 */
export function promptHook(hooks: readonly string[]): string | undefined {
  return PROMPT_NAMES.find((name) => hooks.includes(name));
}
