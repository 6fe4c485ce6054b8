import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { PluginLoadError } from "../../plugins/errors.ts";
import { PluginNamespace } from "../../plugins/namespace.ts";
import { inNamespace, runInProject } from "./namespace_support.ts";
import { type ProjectFiles, withProject } from "./temporary_project.ts";

Deno.test("resolve() follows bare targets, folders and packages of the import map", async () => {
  const imports = {
    "my.plugins/direct": "geo-lib",
    "my.plugins/sub": "@acme/tools/geo#Geo",
    "my.plugins/folder/": "./lib/",
    "my.plugins/again": "my.plugins/direct",
    "geo-lib": "npm:geo@^2#Main",
    "@acme/tools": "jsr:@acme/tools@^1",
    "my.plugins/round": "about",
    "about": "my.plugins/round",
  };
  await inNamespace(imports, (namespace, folder) => {
    const address = (name: string) => {
      const { specifier, exportName } = namespace.resolve(name);
      return [specifier, exportName];
    };
    assertEquals(address("direct"), ["npm:geo@^2", "Main"]);
    assertEquals(address("again"), ["npm:geo@^2", "Main"]);
    assertEquals(address("again#Other"), ["npm:geo@^2", "Other"]);
    assertEquals(address("sub"), ["jsr:@acme/tools@^1/geo", "Geo"]);
    assertEquals(address("@acme/tools/log"), [
      "jsr:@acme/tools@^1/log",
      undefined,
    ]);
    assertEquals(address("my.plugins/direct"), ["npm:geo@^2", "Main"]);
    assertEquals(address("folder/geo.ts"), [
      new URL("lib/geo.ts", folder).href,
      undefined,
    ]);
    assert(!namespace.aliases().has("folder/"));
    const error = assertThrows(
      () => namespace.resolve("round"),
      PluginLoadError,
    );
    assertStringIncludes(error.message, "leads back to itself");
  });
});

Deno.test("open() reads comments, trailing commas and the importMap of a deno.json", async () => {
  await withProject({
    "deno.jsonc":
      '{ // a comment, "with quotes"\n "importMap": "./maps/map.json", }',
    "maps/map.json":
      '{ "imports": { /* } */ "my.plugins/a,]": "./x//y.ts", }, }',
  }, async (folder) => {
    const namespace = await PluginNamespace.open({
      namespace: "my.plugins",
      importMap: new URL("deno.jsonc", folder),
    });
    assertEquals([...namespace.aliases()], [["a,]", "./x//y.ts"]]);
    const { specifier, importMap } = namespace.resolve("a,]");
    assertEquals(specifier, new URL("maps/x//y.ts", folder).href);
    assertEquals(importMap, new URL("maps/map.json", folder).pathname);
  });
});

Deno.test("open() refuses an import map that is missing or not valid", async () => {
  const contents: Array<[string | undefined, string]> = [
    [undefined, "does not exist"],
    ["{ imports", "Cannot read"],
    ["[]", "it must hold an object"],
    ['{ "imports": [] }', '"imports" must be an object'],
    ['{ "imports": { "a": 1 } }', 'must map "a" to a string'],
  ];
  for (const [content, why] of contents) {
    const files: ProjectFiles = content === undefined
      ? {}
      : { "deno.json": content };
    await withProject(files, async (folder) => {
      const importMap = new URL("deno.json", folder);
      const error = await assertRejects(
        () => PluginNamespace.open({ namespace: "my.plugins", importMap }),
        PluginLoadError,
        why,
      );
      assertEquals(error.kind, "import-map");
      assertStringIncludes(error.message, "deno.json");
    });
  }
});

Deno.test("open() finds the deno.json that Deno takes, and its workspace", async () => {
  const files = {
    "deno.json": JSON.stringify({
      workspace: ["./app"],
      imports: { "my.plugins/root": "./root.ts", "my.plugins/both": "./b.ts" },
    }),
    "app/deno.json": JSON.stringify({
      imports: { "my.plugins/both": "./mine.ts" },
    }),
  };
  const aliases = await runInProject(
    ["--allow-read"],
    `for (const name of ["root", "both"]) {
       const { specifier } = namespace.resolve(name);
       console.log(new URL(specifier).pathname.split("/").slice(-2).join("/"));
     }`,
    files,
    "app/src/main.ts",
  );
  const [root, both] = aliases.split("\n");
  assert(root.endsWith("/root.ts") && !root.startsWith("app/"), root);
  assertEquals(both, "app/mine.ts");
});
