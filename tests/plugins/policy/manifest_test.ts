/** What a plugin says about itself. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { API_VERSION, PluginError } from "../../../mod.ts";
import { loadManager } from "../manager_support.ts";
import { withProject } from "../temporary_project.ts";

const ROOT = new URL("../../../", import.meta.url);

function withManifest(manifest: unknown) {
  return class Geo {
    static readonly manifest: unknown = manifest;
    authenticate(): true {
      return true;
    }
  };
}

async function refusal(manifest: unknown): Promise<PluginError> {
  const entry = { plugin: withManifest(manifest), path: "plugins[0]" };
  return await assertRejects(
    () => loadManager([entry as never]),
    PluginError,
  );
}

Deno.test("rule 12: a plugin of another version of the API is not loaded", async () => {
  const [major] = API_VERSION.split(".").map(Number);
  const next = `^${major + 1}`;
  const error = await refusal({ name: "geo", version: "7.1.0", api: next });
  assertEquals(error.kind, "manifest");
  assertEquals(
    error.message,
    `Cannot load the plugin "Geo" (plugins[0]): its version 7.1.0 is written for the versions ${next} of the plugin API, and this broker has ${API_VERSION}; take a version of the plugin that is made for it, or another version of the broker`,
  );
  for (const api of [`^${major}`, `>=${API_VERSION}`, "*"]) {
    const plugin = withManifest({ api, version: "1.2.3" });
    const manager = await loadManager([{ plugin, path: "p" } as never]);
    assertEquals(manager.describe()[0].version, "1.2.3");
    await manager.close();
  }
});

Deno.test("rule 12: a manifest that is wrong is refused", async () => {
  for (
    const [manifest, why] of [
      [{ api: "one" }, 'manifest.api "one" is no range of versions'],
      [{ version: 1 }, "its static manifest.version is wrong"],
      [{ priority: "high" }, "its static manifest.priority is wrong"],
      [
        { before: [1] },
        "its static manifest.before is wrong: must be a name or",
      ],
      [
        { permissions: { net: "all" } },
        "its static manifest.permissions.net is wrong: must be true or",
      ],
      [{ permission: {} }, "its static manifest.permission is wrong"],
      ["geo", "its static manifest is wrong"],
    ]
  ) {
    const error = await refusal(manifest);
    assertEquals(error.kind, "manifest");
    assertStringIncludes(error.message, why as string);
  }
});

Deno.test("rule 12: a plugin that needs permissions is refused without them, with the flags", async () => {
  const permissions = {
    net: ["a.example:443", "b.example"],
    read: true,
    env: ["TOKEN"],
    run: ["true"],
    write: [],
  };
  const program = (flags: string) => `
    import { PluginManager } from "${new URL("plugins/manager.ts", ROOT)}";
    class Geo {
      static manifest = ${flags};
      authenticate() { return true; }
    }
    const logger = { child: () => logger };
    try {
      await PluginManager.load([{ plugin: Geo, path: "plugins[0]" }], {
        logger, createContext: (base) => base, brokerConfig: {},
      });
      console.log("loaded");
    } catch (error) {
      console.log(error.kind + ": " + error.message);
    }`;
  const files = {
    "main.ts": program(JSON.stringify({ permissions })),
  };
  await withProject(files, async (folder) => {
    const output = async (...flags: string[]) => {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--no-prompt",
          "--quiet",
          "--no-check",
          "--config",
          new URL("deno.json", ROOT).pathname,
          ...flags,
          new URL("main.ts", folder).pathname,
        ],
        env: { NO_COLOR: "1" },
      }).output();
      const decoder = new TextDecoder();
      return (decoder.decode(stdout) + decoder.decode(stderr)).trim();
    };
    assertEquals(
      await output("--allow-net=b.example", "--allow-env"),
      'permission: Cannot load the plugin "Geo" (plugins[0]): it needs permissions that are lacking; run with --allow-net=a.example:443 --allow-read --allow-run=true',
    );
    assertEquals(await output("-A"), "loaded");
  });
});
