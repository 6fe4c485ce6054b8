/**
 * The command line: a command, or the broker.
 *
 * @module
 */

import { type CommandTable, guarded, loadCommand } from "./command.ts";
import { type CommandContext, processContext } from "./context.ts";
import { serve } from "./serve.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Runs a command, or without one the broker until a signal ends it.
 *
 * @param args The arguments, `Deno.args`.
 * @param commands The commands there are.
 * @param context What they have of the world. Default: the process.
 * @returns The exit code: 0 if all went well, 1 if something failed, 2 if the
 *   arguments are wrong.
 */
export async function main(
  args: readonly string[],
  commands: CommandTable,
  context: CommandContext = processContext(),
): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name.startsWith("-")) {
    return await serve(args, commands, context);
  }
  return await guarded(context, "", async () => {
    if (/\.(ya?ml|json)$/i.test(name)) {
      throw new UsageError(
        `Cannot run "${name}": it is no command. Did you mean --config ${name}?`,
      );
    }
    const command = await loadCommand(commands, name);
    return await command.run(rest, context, name);
  });
}
