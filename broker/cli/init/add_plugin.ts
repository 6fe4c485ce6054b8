/**
 * Adds a plugin to a project that exists.
 *
 * @module
 */

import { parse } from "@std/yaml";
import { parseJsonc } from "../../../plugins/jsonc.ts";
import {
  changeFile,
  type CommandContext,
  createFile,
  print,
  UsageError,
} from "../mod.ts";
import { addImports } from "./import_map_edit.ts";
import {
  brokerImports,
  pluginTestTs,
  pluginTs,
  testCommand,
} from "./templates.ts";

/** What is added, and where. */
export interface PluginRequest {
  /** The project's folder. */
  readonly folder: string;
  /** The plugin's namespace; without it that of broker.yaml. */
  readonly namespace: string | undefined;
  /** The plugin's alias. */
  readonly plugin: string;
}

/**
 * Writes a plugin's file and its test, and names it in `deno.json`.
 *
 * @param request What is added.
 * @param context Where it is said, and where the broker is.
 * @throws {Error} If there is no project, or the plugin is there already.
 */
export async function addPlugin(
  { folder, namespace: given, plugin }: PluginRequest,
  { entry, stdout }: CommandContext,
): Promise<void> {
  const at = (name: string) => folder === "." ? name : `${folder}/${name}`;
  const { file, imports } = await readProject(folder, at);
  const namespace = given ?? await namespaceOf(at("broker.yaml"));
  const alias = `${namespace}/${plugin}`;
  if (Object.hasOwn(imports, alias)) {
    throw new Error(
      `Cannot add the plugin "${plugin}": "${file}" has "${alias}" already; choose another name`,
    );
  }
  const fileName = `${plugin.replaceAll("-", "_").toLowerCase()}.ts`;
  const added: Record<string, string> = { [alias]: `./${fileName}` };
  // Plugins of a project that has the broker have it from there.
  const hasBroker = Object.keys(imports)
    .some((key) => Object.hasOwn(brokerImports(entry), key));
  if (!hasBroker) Object.assign(added, brokerImports(entry));
  const name = className(plugin);
  const testName = fileName.replace(/\.ts$/, "_test.ts");
  const created: string[] = [];
  const create = async (name: string, text: string): Promise<void> => {
    await createFile(at(name), text);
    created.push(at(name));
  };
  try {
    await create(fileName, pluginTs(name));
    await create(testName, pluginTestTs(name, fileName));
    await changeFile(file, (text) => addImports(text, added));
  } catch (error) {
    for (const path of created) await Deno.remove(path);
    throw error;
  }
  const lines = Object.entries(added)
    .map(([key, target]) =>
      `  ${JSON.stringify(key)}: ${JSON.stringify(target)}`
    );
  print(
    stdout,
    `Created ${at(fileName)}
Created ${at(testName)}, which "${testCommand(entry)}" runs
Added to the imports of ${file}:
${lines.join("\n")}

To use it, name it in broker.yaml:
  plugins:
    ${plugin}:`,
  );
}

async function readProject(
  folder: string,
  at: (name: string) => string,
): Promise<{ file: string; imports: Record<string, unknown> }> {
  for (const file of [at("deno.json"), at("deno.jsonc")]) {
    let text;
    try {
      text = await Deno.readTextFile(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) continue;
      throw error;
    }
    let content: { imports?: Record<string, unknown>; importMap?: unknown };
    try {
      content = Object(parseJsonc(text));
    } catch (cause) {
      throw new Error(
        `Cannot read "${file}": ${(cause as Error).message}`,
        { cause },
      );
    }
    if (content.imports === undefined && content.importMap !== undefined) {
      throw new Error(
        `Cannot add a plugin to "${file}": its imports are in "${content.importMap}"; ` +
          "move them into it, or add the plugin by hand",
      );
    }
    return { file, imports: Object(content.imports ?? {}) };
  }
  throw new Error(
    `Cannot add a plugin: there is no deno.json in "${folder}"; "init" without --plugin begins a project`,
  );
}

async function namespaceOf(file: string): Promise<string> {
  let config: Record<string, unknown> = {};
  try {
    config = Object(parse(await Deno.readTextFile(file)));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      const [why] = (cause as Error).message.split("\n");
      throw new Error(`Cannot read "${file}": ${why}`, { cause });
    }
  }
  const namespace = config["plugin-namespace"] ?? config.plugin_namespace ??
    config.pluginNamespace;
  if (typeof namespace === "string") return namespace;
  throw new UsageError(
    `Cannot tell the namespace: "${file}" has no plugin-namespace; name it with --namespace`,
  );
}

/** `audit-log` to `AuditLog`. */
function className(name: string): string {
  return name.split(/[-_]+/).filter(Boolean)
    .map((part) => part[0].toUpperCase() + part.slice(1)).join("");
}
