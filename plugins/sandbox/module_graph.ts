/**
 * Which modules a sandbox may have. Deno asks for no right to read when a file is
 * imported by a specifier that stands in the source, so the graph is looked at before
 * the process is started.
 *
 * @module
 */

import { dirname, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { PluginLoadError } from "../errors.ts";
import { cannotLoad, type ResolvedPlugin } from "../module_loading.ts";
import type { SandboxOptions } from "./options.ts";

/** A module as `deno info --json` describes it; one that cannot be loaded has no kind. */
export interface GraphModule {
  /** What it is: `esm`, `asserted` for data, `external` for a file in `node_modules`. */
  readonly kind?: string;
  /** Where it is. */
  readonly specifier: string;
}

/** Where the broker's own modules are. */
const OWN_PACKAGE = new URL("../../", import.meta.url).href;

/**
 * Refuses a plugin that imports a file which it may not read.
 *
 * @param plugin The plugin.
 * @param url Its module.
 * @param modules Everything that is imported, directly or not.
 * @param options What the plugin may do.
 * @throws {PluginLoadError} If a file is neither below the folder of the plugin nor in `read`.
 */
export async function refuseForeignFiles(
  plugin: ResolvedPlugin,
  url: string,
  modules: readonly GraphModule[],
  { read = [] }: SandboxOptions,
): Promise<void> {
  if (read === true) return;
  const isFile = url.startsWith("file:");
  const allowed = await Promise.all([
    ...(isFile ? [realPath(dirname(fileURLToPath(url)))] : []),
    ...read.map(realPath),
  ]);
  for (const module of modules) {
    const { specifier } = module;
    if (!specifier.startsWith("file:") || specifier === url) continue;
    if (isOfPackage(module)) continue;
    const path = await realPath(fileURLToPath(specifier));
    if (allowed.some((folder) => isWithin(path, folder))) continue;
    const place = isFile
      ? "neither below the folder of the plugin nor in the key"
      : "not in the key";
    throw new PluginLoadError(
      plugin.name,
      "permission",
      `${
        cannotLoad(plugin)
      }: it imports "${specifier}", which is ${place} "read" of its sandbox; add the file there if you trust the plugin with it`,
    );
  }
}

/** Code that is public, and files of packages, which Deno itself keeps to their folders. */
function isOfPackage({ kind, specifier }: GraphModule): boolean {
  if (kind === "external") return specifier.includes("/node_modules/");
  if (specifier === `${OWN_PACKAGE}deno.json`) return true;
  return kind === "esm" && specifier.endsWith(".ts") &&
    specifier.startsWith(OWN_PACKAGE);
}

/** A link would lead out of a folder. */
async function realPath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    // What is not there cannot be read, but might be later.
    return path;
  }
}

function isWithin(path: string, folder: string): boolean {
  const start = folder.endsWith(sep) ? folder : folder + sep;
  return path === folder || path.startsWith(start);
}
