/**
 * The commands of one plugin.
 *
 * @module
 */

import type { ControlHandler, StandardSchema } from "../../plugins/mod.ts";
import { CONTROL_PREFIX, type ControlCommands } from "../control/commands.ts";
import { type Owner, slug } from "./owned.ts";

/**
 * Adds a command of a plugin.
 *
 * @param commands Where to.
 * @param owner The plugin.
 * @param name Name of the command.
 * @param schema Checks its parameters.
 * @param handler Does it.
 * @returns Removes it.
 * @throws {TypeError} If the name is not valid or taken.
 */
export function addCommand(
  commands: ControlCommands,
  owner: Owner,
  name: string,
  schema: StandardSchema | undefined,
  handler: ControlHandler,
): () => void {
  const plugin = slug(owner.name);
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) {
    throw new TypeError(
      `Cannot add the command "${name}": a name is of the form "listDevices"`,
    );
  }
  if (plugin === "broker") {
    throw new TypeError(
      `Cannot add the command "${name}": "broker" is the broker itself; give the plugin another name`,
    );
  }
  return commands.all.add(`${CONTROL_PREFIX}${plugin}/v1/${name}`, owner, {
    handler,
    schema,
    logger: owner.logger,
  });
}
