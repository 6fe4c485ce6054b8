/**
 * The command `init`: begins a project with a plugin of one's own.
 *
 * @module
 */

import { resolve } from "node:path";
import { programName } from "../context.ts";
import {
  type Command,
  type CommandContext,
  createFile,
  defineCommand,
  print,
  UsageError,
} from "../mod.ts";
import { addPlugin } from "./add_plugin.ts";
import {
  brokerYaml,
  denoJsonText,
  PLUGIN_TEST_TS,
  PLUGIN_TS,
  type Project,
  quoted,
} from "./templates.ts";

const FLAGS = {
  namespace: {
    value: "NAME",
    help: `The namespace of the plugins. Default: my.plugins; with --plugin that
      of broker.yaml`,
  },
  plugin: {
    value: "NAME",
    help: `Add another plugin to a project: NAME.ts, its test, and its name in
      deno.json`,
  },
} as const;

const init: Command = defineCommand({
  summary: "Begins a project: a configuration, a namespace and a first plugin.",
  usage: ["[--namespace NAME] [FOLDER]", "--plugin NAME [FOLDER]"],
  flags: FLAGS,
  notes: `
It writes broker.yaml, deno.json, plugin.ts and its test, all with comments, and
overwrites nothing. Default for FOLDER: the working directory.

Examples:
  init my_broker
  init --plugin audit`,
  run: async ({ flags, operands }, context) => {
    if (operands.length > 1) {
      throw new UsageError(
        `Cannot use "${operands[1]}": one folder is enough`,
      );
    }
    const [folder = "."] = operands;
    const { namespace, plugin } = flags;
    checkName("--namespace", namespace, NAMESPACE);
    checkName("--plugin", plugin, ALIAS);
    if (plugin !== undefined) {
      return await addPlugin({ folder, namespace, plugin }, context);
    }
    await begin(folder, namespace ?? "my.plugins", context);
  },
});

export default init;

/** Parts with dots or slashes between them; the alias comes after the last slash. */
const NAMESPACE = /^@?[A-Za-z][\w-]*([./][A-Za-z][\w-]*)*$/;
const ALIAS = /^[A-Za-z][\w-]*$/;

function checkName(
  flag: string,
  name: string | undefined,
  pattern: RegExp,
): void {
  if (name === undefined || pattern.test(name)) return;
  throw new UsageError(
    `Cannot use ${flag} "${name}": it must have letters, digits, "_" and "-" only${
      pattern === NAMESPACE ? ", as in my.plugins" : ", as in audit_log"
    }`,
  );
}

async function begin(
  folder: string,
  namespace: string,
  context: CommandContext,
): Promise<void> {
  const { entry, stdout } = context;
  const path = resolve(folder);
  const program = `deno run -A ${programName(entry, path)}`;
  const project: Project = { namespace, program, entry };
  const files = {
    "broker.yaml": brokerYaml(project),
    "deno.json": denoJsonText(project),
    "plugin.ts": PLUGIN_TS,
    "plugin_test.ts": PLUGIN_TEST_TS,
  };
  await refuseExisting(folder, [...Object.keys(files), "deno.jsonc"]);
  await makeFolder(path);
  for (const [name, text] of Object.entries(files)) {
    await createFile(`${path}/${name}`, text);
  }
  const isHere = path === Deno.cwd();
  print(
    stdout,
    `Created${isHere ? "" : ` in ${folder}`}:
  broker.yaml     the configuration
  deno.json       the namespace ${namespace} with the name of your plugin
  plugin.ts       your first plugin, greeter
  plugin_test.ts  its test: deno task test

Start the broker:
${isHere ? "" : `  cd ${quoted(folder)}\n`}  ${program} --config broker.yaml

Then, in other terminals, watch the plugin greet who connects:
  ${program} sub -t greetings
  ${program} pub -t test -m hello`,
  );
}

/** All or nothing. */
async function refuseExisting(folder: string, names: string[]): Promise<void> {
  for (const name of names) {
    const path = folder === "." ? name : `${folder}/${name}`;
    try {
      await Deno.lstat(path);
    } catch (error) {
      if (
        error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotADirectory
      ) continue;
      throw error;
    }
    throw new Error(
      `Cannot begin a project in "${folder}": "${path}" exists already and stays as it is; ` +
        (name.startsWith("deno.")
          ? "choose an empty folder, or add a plugin to it with --plugin NAME"
          : "choose an empty folder"),
    );
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (cause) {
    throw new Error(
      `Cannot create the folder "${path}": ${(cause as Error).message}`,
      { cause },
    );
  }
}
