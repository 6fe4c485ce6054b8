/**
 * Plugins that are not trusted: each runs in a process of its own, which has no
 * rights but those that the configuration gives it.
 *
 * A worker would be closer at hand, but it is no wall: one that takes too much memory
 * ends the whole program, and its rights need a flag of Deno that a library cannot
 * set.
 *
 * @module
 */

import { PluginLoadError } from "../errors.ts";
import type { Logger } from "../mod.ts";
import { cannotLoad } from "../module_loading.ts";
import { hasScheme } from "../import_map.ts";
import type { LoadedPlugin, PluginNamespace } from "../namespace.ts";
import { checkModules, sandboxCommand, storeModules } from "./command.ts";
import { promptHook } from "./hooks.ts";
import type { SandboxOptions } from "./options.ts";
import { Sandbox } from "./sandbox.ts";
import { createStandIn, type StandIn } from "./stand_in.ts";

export type { SandboxOptions };

/** A sandboxed plugin: what stands in for it, and where it came from. */
export type SandboxedPlugin = LoadedPlugin & StandIn & {
  /** Ends the sandbox of a plugin that is not used after all. */
  discard(): Promise<void>;
};

/** A plugin of the configuration that is to be sandboxed. */
export interface SandboxedEntry {
  /** An alias or specifier; nothing else can be loaded by another process. */
  readonly plugin: unknown;
  /** Where the entry is in the configuration. */
  readonly path: string;
  /** What the plugin may do. */
  readonly sandbox: SandboxOptions;
  /** What the bytes of its module must have. */
  readonly integrity?: string;
}

/**
 * Loads a plugin into a sandbox. No line of it is run in this process.
 *
 * @param entry The plugin.
 * @param namespace Where aliases are looked up.
 * @param logger The log, as long as the plugin has none of its own.
 * @returns What stands in for the plugin.
 * @throws {PluginError} If it cannot be loaded, or has a method that cannot be called in a sandbox.
 */
export async function loadSandboxed(
  entry: SandboxedEntry,
  namespace: PluginNamespace,
  logger: Logger,
): Promise<SandboxedPlugin> {
  if (typeof entry.plugin !== "string") {
    throw new PluginLoadError(
      "plugin",
      "sandbox",
      `Cannot load the plugin of ${entry.path}: a class or an object is in this program already; only what an alias or a specifier names can be run in a sandbox`,
    );
  }
  const plugin = namespace.resolve(entry.plugin, entry.path);
  if (!plugin.bundled && !hasScheme(plugin.specifier)) {
    throw new PluginLoadError(
      plugin.name,
      "sandbox",
      `${
        cannotLoad(plugin)
      }: only the program's own import() knows it, which a sandbox does not have; name it in deno.json, or by a specifier`,
    );
  }
  const importMap = namespace.importMapFile;
  await storeModules(plugin, importMap);
  const { sandbox: options, integrity } = entry;
  const check = async (): Promise<void> => {
    if (integrity !== undefined) {
      await namespace.checkIntegrity(plugin, integrity);
    }
    await checkModules(plugin, importMap, options);
  };
  await check();
  const command = sandboxCommand(plugin, importMap, options);
  const sandbox = new Sandbox({ plugin, command, options, logger, check });
  try {
    const info = await sandbox.load();
    refusePrompt(plugin.name, cannotLoad(plugin), info.hooks);
    refuseLacking(plugin.name, cannotLoad(plugin), info.lacking);
    const standIn = createStandIn(sandbox, info, options.cache ?? 0);
    return {
      name: plugin.isAlias ? plugin.name : nameOf(info.className, plugin.name),
      specifier: namespace.locate(entry.plugin, entry.path),
      ...(plugin.importMap !== undefined && { importMap: plugin.importMap }),
      pluginClass: standIn.pluginClass,
      start: async (object, log, onAlarm) => {
        await standIn.start(object, log, onAlarm);
        refusePrompt(plugin.name, cannotLoad(plugin), Object.keys(object));
      },
      discard: () => sandbox.close(),
    };
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

/** A name for the log, which a stranger has chosen. */
function nameOf(className: unknown, fallback: string): string {
  return typeof className === "string" && /^[\w$]{1,100}$/.test(className)
    ? className
    : fallback;
}

/** A plugin says what it needs; a sandbox says what it may. */
function refuseLacking(
  name: string,
  start: string,
  lacking: readonly string[],
): void {
  if (lacking.length === 0) return;
  throw new PluginLoadError(
    name,
    "permission",
    `${start}: it needs what its sandbox lacks; add ${
      lacking.join(", ")
    } to "sandbox" if you trust it with that`,
  );
}

function refusePrompt(
  name: string,
  start: string,
  hooks: readonly string[],
): void {
  const hook = promptHook(hooks);
  if (hook === undefined) return;
  throw new PluginLoadError(
    name,
    "sandbox",
    `${start}: its method ${hook}() must answer at once, which it cannot from a sandbox; run the plugin without "sandbox", or remove the method`,
  );
}
