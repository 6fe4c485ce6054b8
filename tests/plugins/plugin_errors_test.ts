import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import { PluginImportError, PluginLoadError } from "../../plugins/errors.ts";
import { inNamespace, loadError, runInProject } from "./namespace_support.ts";

Deno.test("load() says which names exist when it finds none", async () => {
  await inNamespace(
    { "my.plugins/geo": "./geo.ts" },
    async (namespace, folder) => {
      const error = await loadError(namespace, "gio");
      assertInstanceOf(error, PluginLoadError);
      assertEquals(error.kind, "not-found");
      assertStringIncludes(error.message, 'Cannot load the plugin "gio"');
      assertStringIncludes(
        error.message,
        new URL("deno.json", folder).pathname,
      );
      assertStringIncludes(error.message, 'did you mean "geo"?');
      const path = await loadError(namespace, "plugins/whatever.ts");
      assertStringIncludes(
        path.message,
        'named with "./": "./plugins/whatever.ts"',
      );
    },
  );
});

Deno.test("aMQTT 27: a module that cannot be imported is a PluginImportError", async () => {
  const imports = {
    "my.plugins/missing": "./missing.ts",
    "my.plugins/broken": "./broken.ts",
    "my.plugins/thrower": "./thrower.ts",
    "my.plugins/no_package": "npm:mqtt-packet@9.0.2/no/such/file.js",
  };
  await inNamespace(imports, async (namespace, folder) => {
    const missing = await loadError(namespace, "missing");
    assertInstanceOf(missing, PluginImportError);
    assertEquals(missing.kind, "import");
    assertStringIncludes(missing.message, new URL("missing.ts", folder).href);
    assertStringIncludes(
      missing.message,
      new URL("deno.json", folder).pathname,
    );
    assertStringIncludes(missing.message, "check the path");

    const broken = await loadError(namespace, "broken");
    assertStringIncludes(broken.message, "could not be imported");
    const thrower = await loadError(namespace, "thrower");
    assertStringIncludes(
      thrower.message,
      "the module threw while it was evaluated: out of luck",
    );
    assertInstanceOf(thrower.cause, RangeError);
    const noPackage = await loadError(namespace, "no_package");
    assertStringIncludes(noPackage.message, "check name and version");
  }, {
    "broken.ts": "export default class {",
    "thrower.ts": 'throw new RangeError("out of luck");',
  });
});

Deno.test("load() names the flag of a permission that is lacking", async () => {
  const output = await runInProject(
    ["--no-prompt"],
    `for (const name of ["./geo.ts", "http://127.0.0.1:1/geo.ts", "geo"]) {
       try { await namespace.load(name); }
       catch (error) { console.log(error.name, error.kind, error.message); }
     }`,
  );
  const [file, host, alias] = output.split("\n");
  assertStringIncludes(file, "PluginImportError permission");
  assert(/run with --allow-read=\/.*geo\.ts$/.test(file), file);
  assertStringIncludes(host, "PluginImportError permission");
  assert(host.endsWith("run with --allow-import=127.0.0.1:1"), host);
  assertStringIncludes(alias, "PluginLoadError not-found");
  assertStringIncludes(alias, "run with --allow-read");
});
