import { assertEquals, assertRejects } from "@std/assert";
import { PluginError } from "../../plugins/errors.ts";
import {
  PluginNamespace,
  type PluginNamespaceOptions,
} from "../../plugins/namespace.ts";
import { type ProjectFiles, withProject } from "./temporary_project.ts";

const ROOT = new URL("../../", import.meta.url);

/** The source of a module with a plugin. */
export const PLUGIN: string =
  "export default class Geo { authenticate() { return true; } }\n";

/** Opens a namespace in a folder with a `deno.json` and other files. */
export async function inNamespace(
  imports: Record<string, string>,
  check: (namespace: PluginNamespace, folder: URL) => Promise<void> | void,
  files: ProjectFiles = {},
  options: PluginNamespaceOptions = {},
): Promise<void> {
  const all = { "deno.json": JSON.stringify({ imports }), ...files };
  await withProject(all, async (folder) => {
    const namespace = await PluginNamespace.open({
      namespace: "my.plugins",
      importMap: new URL("deno.json", folder),
      baseUrl: new URL("etc/broker.yaml", folder),
      ...options,
    });
    await check(namespace, folder);
  });
}

/** The error when a plugin is loaded. */
export async function loadError(
  namespace: PluginNamespace,
  name: string,
): Promise<PluginError> {
  const error = await assertRejects(() => namespace.load(name), PluginError);
  assertEquals(error.plugin, name.split("#")[0]);
  return error;
}

/** Runs a program with `namespace` in a folder of its own; gives back what it printed. */
export async function runInProject(
  flags: string[],
  program: string,
  files: ProjectFiles = { "deno.json": "{}" },
  main = "main.ts",
): Promise<string> {
  const module = JSON.stringify(new URL("plugins/namespace.ts", ROOT).href);
  const text = `import { PluginNamespace } from ${module};
    const namespace = await PluginNamespace.open({ namespace: "my.plugins", baseUrl: new URL("./broker.yaml", import.meta.url) });
    ${program}`;
  return await withProject({ ...files, [main]: text }, async (folder) => {
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-lock",
        ...flags,
        new URL(main, folder).href,
      ],
      env: { NO_COLOR: "1" },
    });
    const { code, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stderr));
    return decoder.decode(stdout).trim();
  });
}
