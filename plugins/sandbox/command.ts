/**
 * How Deno is told to run a sandbox.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { messageOf, PluginImportError, PluginLoadError } from "../errors.ts";
import { cannotLoad, type ResolvedPlugin } from "../module_loading.ts";
import { type GraphModule, refuseForeignFiles } from "./module_graph.ts";
import type { SandboxOptions } from "./options.ts";

/** A process to start. */
export interface SandboxCommand {
  /** Arguments of Deno. */
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** The module that runs in the process, before the plugin. */
const CHILD = new URL("./child.ts", import.meta.url).href;

/** What Deno itself needs to find what it has stored. */
const DENO_VARIABLES: readonly string[] = [
  "DENO_DIR",
  "HOME",
  "JSR_URL",
  "LOCALAPPDATA",
  "NPM_CONFIG_REGISTRY",
  "SYSTEMROOT",
  "USERPROFILE",
  "XDG_CACHE_HOME",
  "npm_config_registry",
];

/**
 * Stores the modules of a plugin, so that its sandbox needs no network to start. No
 * line of them is run.
 *
 * @param plugin The plugin.
 * @param importMap The `deno.json` or import map that its imports are looked up in.
 * @throws {PluginImportError} If a module cannot be fetched.
 */
export async function storeModules(
  plugin: ResolvedPlugin,
  importMap: URL | undefined,
): Promise<void> {
  const flags = importFlags(plugin, importMap);
  const url = moduleUrl(plugin);
  const modules = [CHILD];
  if (!url.startsWith("data:")) modules.push(url);
  // What is in the text itself cannot be stored, but what it imports.
  else await runDeno(plugin, ["info", "--quiet", ...flags, url]);
  const args = ["cache", "--quiet", ...flags, ...modules];
  const { success, stderr } = await runDeno(plugin, args);
  if (success) return;
  const reason = readableError(new TextDecoder().decode(stderr));
  throw new PluginImportError(
    plugin.name,
    "import",
    `${cannotLoad(plugin)}: its modules could not be fetched: ${reason}`,
  );
}

/**
 * Refuses a plugin whose modules are files that it may not read. No line of them is
 * run.
 *
 * @param plugin The plugin, whose modules are stored.
 * @param importMap The `deno.json` or import map that its imports are looked up in.
 * @param options What the plugin may do.
 * @throws {PluginError} If there is such a file, or the modules cannot be found.
 */
export async function checkModules(
  plugin: ResolvedPlugin,
  importMap: URL | undefined,
  options: SandboxOptions,
): Promise<void> {
  const flags = importFlags(plugin, importMap);
  const args = ["info", "--json", "--quiet", ...flags, entryUrl(plugin)];
  const { success, stdout, stderr } = await runDeno(plugin, args);
  const decoder = new TextDecoder();
  if (!success) {
    const reason = readableError(decoder.decode(stderr));
    throw new PluginImportError(
      plugin.name,
      "import",
      `${cannotLoad(plugin)}: its modules could not be found: ${reason}`,
    );
  }
  const { modules } = JSON.parse(decoder.decode(stdout)) as {
    modules: GraphModule[];
  };
  await refuseForeignFiles(plugin, moduleUrl(plugin), modules, options);
}

/**
 * The command of a sandbox.
 *
 * @param plugin The plugin.
 * @param importMap The `deno.json` or import map that its imports are looked up in.
 * @param options What the plugin may do.
 * @returns The command.
 */
export function sandboxCommand(
  plugin: ResolvedPlugin,
  importMap: URL | undefined,
  options: SandboxOptions,
): SandboxCommand {
  return {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      // An import of what is not stored would be a way out.
      "--cached-only",
      ...importFlags(plugin, importMap),
      `--v8-flags=--max-old-space-size=${memoryOf(options)}`,
      ...(["net", "read", "write", "env"] as const).flatMap((name) =>
        permissionFlag(name, options[name])
      ),
      entryUrl(plugin),
    ],
    env: environment(options.env ?? []),
  };
}

/** Static imports need no right to read. The order matters: ours is evaluated first. */
function entryUrl(plugin: ResolvedPlugin): string {
  const entry = `import { run } from ${JSON.stringify(CHILD)};` +
    `import * as plugin from ${JSON.stringify(moduleUrl(plugin))};` +
    "await run(plugin);";
  return `data:text/javascript,${encodeURIComponent(entry)}`;
}

/** Memory that the data of a plugin may take, in MiB. */
export function memoryOf({ memory = 128 }: SandboxOptions): number {
  return Math.round(memory);
}

/** The error for a Deno that cannot be started. */
export function startFailure(
  plugin: ResolvedPlugin,
  cause: unknown,
): PluginLoadError {
  const isRefused = cause instanceof Deno.errors.NotCapable;
  return new PluginLoadError(
    plugin.name,
    isRefused ? "permission" : "sandbox",
    `${cannotLoad(plugin)}: its sandbox is a process of Deno, which ${
      isRefused
        ? `the broker must be allowed to run: run it with --allow-run --allow-env --allow-read (${cause.message})`
        : `could not be started: ${messageOf(cause)}`
    }`,
    { cause },
  );
}

async function runDeno(
  plugin: ResolvedPlugin,
  args: string[],
): Promise<Deno.CommandOutput> {
  if (Deno.build.standalone) {
    throw new PluginLoadError(
      plugin.name,
      "sandbox",
      `${
        cannotLoad(plugin)
      }: a program made by "deno compile" has no Deno to run a sandbox with; run the broker with "deno run"`,
    );
  }
  try {
    return await new Deno.Command(Deno.execPath(), {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1" },
    }).output();
  } catch (cause) {
    throw startFailure(plugin, cause);
  }
}

/** Looks names up as the broker does, and fetches from where the broker may. */
function importFlags(
  plugin: ResolvedPlugin,
  importMap: URL | undefined,
): string[] {
  const flags: string[] = [];
  const map = plugin.bundled ? ownConfig() : importMap;
  if (map === undefined) flags.push("--no-config");
  else if (/\/deno\.jsonc?$/.test(map.pathname)) {
    flags.push(`--config=${textOf(map)}`);
  } else flags.push("--no-config", `--import-map=${textOf(map)}`);
  const { state } = Deno.permissions.querySync({ name: "import" });
  if (state === "granted") flags.push("--allow-import");
  return flags;
}

/** The import map of the bundled plugins, where it was not built into them. */
function ownConfig(): URL | undefined {
  const config = new URL("../../deno.json", import.meta.url);
  return config.protocol === "file:" ? config : undefined;
}

/** Bundled plugins may have no name that another program knows. */
function moduleUrl({ bundled, name, specifier }: ResolvedPlugin): string {
  return bundled ? new URL(`../${name}.ts`, import.meta.url).href : specifier;
}

function permissionFlag(
  name: string,
  granted: readonly string[] | true = [],
): string[] {
  if (granted === true) return [`--allow-${name}`];
  if (granted.length === 0) return [];
  return [`--allow-${name}=${granted.join(",")}`];
}

function environment(
  granted: readonly string[] | true,
): Record<string, string> {
  const variables: Record<string, string> = granted === true
    ? Deno.env.toObject()
    : {};
  const names = granted === true ? [] : [...DENO_VARIABLES, ...granted];
  for (const name of names) {
    const value = Deno.env.get(name);
    if (value !== undefined) variables[name] = value;
  }
  return { ...variables, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" };
}

function textOf(url: URL): string {
  return url.protocol === "file:" ? fileURLToPath(url) : url.href;
}

/** The first lines of what Deno says, as one. */
export function readableError(text: string): string {
  const [message] = text.trim().replace(/^error: /, "").split(
    /\n\s*\n|\nStack backtrace/,
  );
  return message.replace(/\s*\n\s*/g, " ").slice(0, 1000) || "no reason given";
}
