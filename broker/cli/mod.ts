/**
 * What a command is made of.
 *
 * @module
 */

export {
  type Command,
  type CommandDefinition,
  type CommandEntry,
  commandGroup,
  type CommandTable,
  defineCommand,
  EXIT_FAILED,
  EXIT_OK,
  EXIT_USAGE,
} from "./command.ts";
export {
  type CommandContext,
  type CommandInput,
  type CommandOutput,
  print,
  SILENCE,
  type StopRequest,
  writeAll,
} from "./context.ts";
export {
  type Flag,
  type Flags,
  type FlagValues,
  wholeNumber,
} from "./flags.ts";
export { askLine, askSecret, type AskSecretOptions } from "./secret.ts";
export { withProgress } from "./progress.ts";
export { UsageError } from "./usage_error.ts";
export { changeFile, createFile, type CreateFileOptions } from "./files.ts";
