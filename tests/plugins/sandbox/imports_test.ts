/** What a sandboxed plugin imports must be its own, or be granted to it. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { eventually } from "../../_client.ts";
import { Broker, PluginError } from "../../../mod.ts";
import { MemoryLogger } from "../manager_support.ts";
import { withProject } from "../temporary_project.ts";

const PLUGIN =
  `export default class Subject { constructor({ logger }) { logger.info("found " + (typeof secret === "undefined" ? "" : JSON.stringify(secret))); } onBrokerPostStart() {} }`;

/** Files of a folder `plugin` with a secret beside the folder. */
async function load(
  files: Record<string, string>,
  sandbox: unknown = true,
  specifier?: (folder: URL) => string,
): Promise<string> {
  let text = "";
  const all = { "deno.json": "{}", "secret.json": `{"word":"hunter2"}` };
  await withProject({ ...all, ...files }, async (folder) => {
    // A link out of the folder, where a test has a plugin there.
    if (files["plugin/subject.ts"]?.includes("link.json")) {
      await Deno.symlink(
        new URL("secret.json", folder),
        new URL("plugin/link.json", folder),
      );
    }
    const logger = new MemoryLogger();
    const broker = new Broker({
      listeners: { default: { bind: "127.0.0.1:0" } },
      plugins: [{
        plugin: specifier?.(folder) ?? `${folder.href}plugin/subject.ts`,
        sandbox: sandbox === "secret"
          ? { read: [new URL("secret.json", folder).pathname] }
          : sandbox,
      }],
    }, { logger, importMap: new URL("deno.json", folder) });
    try {
      await broker.start();
    } finally {
      await broker.shutdown();
    }
    text = logger.text;
  });
  return text;
}

const WAYS = {
  "a static import of data":
    `import secret from "../secret.json" with { type: "json" };`,
  "an import by import() that stands in the source":
    `const { default: secret } = await import("../secret.json", { with: { type: "json" } });`,
  "a link in its folder":
    `import secret from "./link.json" with { type: "json" };`,
  "a module of its own in between": `import { secret } from "./other.ts";`,
};

for (const [name, statement] of Object.entries(WAYS)) {
  const files = {
    "plugin/subject.ts": statement + PLUGIN,
    "plugin/other.ts":
      `export { default as secret } from "../secret.json" with { type: "json" };`,
  };
  Deno.test(`a sandboxed plugin gets no file by ${name}`, async () => {
    const error = await assertRejects(() => load(files), PluginError);
    assertEquals(error.kind, "permission");
    assertStringIncludes(error.message, `json", which is neither below`);
    assertStringIncludes(error.message, `"read" of its sandbox`);
  });
}

Deno.test("a sandboxed plugin in a data: URL gets no file at all", async () => {
  const specifier = (folder: URL): string => {
    const file = JSON.stringify(`${folder.href}secret.json`);
    const source = `import secret from ${file} with { type: "json" };`;
    return `data:text/javascript,${encodeURIComponent(source + PLUGIN)}`;
  };
  const error = await assertRejects(
    () => load({}, true, specifier),
    PluginError,
  );
  assertStringIncludes(error.message, `secret.json", which is not in the key`);
});

Deno.test("a sandboxed plugin imports what is granted, and its own files", async () => {
  const granted = await load({
    "plugin/subject.ts": WAYS["a static import of data"] + PLUGIN,
  }, "secret");
  assertStringIncludes(granted, `found {"word":"hunter2"}`);
  const own = await load({
    "plugin/subject.ts":
      `import secret from "./data/own.json" with { type: "json" };` + PLUGIN,
    "plugin/data/own.json": `{"word":"mine"}`,
  });
  assertStringIncludes(own, `found {"word":"mine"}`);
});

Deno.test("what a sandboxed plugin imports is looked at again before it comes back", async () => {
  const source = (statement: string): string =>
    `${statement} export default class Subject { onBrokerPostStart() { setTimeout(() => Deno.exit(3), 200); } }`;
  await withProject({
    "deno.json": "{}",
    "secret.json": `{"word":"hunter2"}`,
    "plugin/subject.ts": source(""),
  }, async (folder) => {
    const logger = new MemoryLogger();
    const broker = new Broker({
      listeners: { default: { bind: "127.0.0.1:0" } },
      plugins: [{ plugin: `${folder.href}plugin/subject.ts`, sandbox: true }],
    }, { logger, importMap: new URL("deno.json", folder) });
    try {
      await broker.start();
      await Deno.writeTextFile(
        new URL("plugin/subject.ts", folder),
        source(WAYS["a static import of data"]),
      );
      await eventually(
        () => logger.text.includes(`secret.json", which is neither below`),
        "refusal",
      );
    } finally {
      await broker.shutdown();
    }
  });
});
