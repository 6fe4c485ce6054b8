import {
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import { PluginLoadError } from "../../plugins/errors.ts";
import type {
  LoadedPlugin,
  PluginNamespaceOptions,
} from "../../plugins/namespace.ts";
import {
  inNamespace,
  loadError,
  PLUGIN,
  runInProject,
} from "./namespace_support.ts";

const FIXTURES = new URL("./fixtures/", import.meta.url);

// -- Every kind of specifier --

Deno.test("aMQTT 25: load() finds the plugins of a namespace relative to deno.json", async () => {
  await inNamespace(
    { "my.plugins/geo": "./lib/geo.ts", "other.plugins/x": "./x.ts" },
    async (namespace, folder) => {
      assertEquals([...namespace.aliases()], [["geo", "./lib/geo.ts"]]);
      const { name, specifier, importMap, pluginClass } = await namespace.load(
        "geo",
      );
      assertEquals(name, "geo");
      assertEquals(specifier, new URL("lib/geo.ts", folder).href);
      assertEquals(importMap, new URL("deno.json", folder).pathname);
      assertEquals(pluginClass.name, "Geo");
    },
    { "lib/geo.ts": PLUGIN },
  );
});

Deno.test("load() takes paths relative to the configuration file", async () => {
  await inNamespace({}, async (namespace, folder) => {
    const absolute = new URL("lib/geo.ts", folder);
    for (
      const name of [
        "./here.ts",
        "../lib/geo.ts",
        "../lib/geo.ts#default",
        absolute.pathname,
        absolute.href,
      ]
    ) {
      const loaded: LoadedPlugin = await namespace.load(name);
      assertEquals(loaded.name, "Geo", name);
      assertEquals(loaded.importMap, undefined);
    }
  }, { "etc/here.ts": PLUGIN, "lib/geo.ts": PLUGIN });
});

Deno.test("load() takes http: specifiers", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response(PLUGIN, { headers: { "content-type": "text/javascript" } }),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const url = `http://${host}/geo.js`;
  // In a process of its own: the address must not get into our deno.lock.
  const output = await runInProject(
    ["--allow-read", `--allow-import=${host}`],
    `const byAlias = await namespace.load("geo");
     const byUrl = await namespace.load("${url}");
     console.log(byAlias.name, byAlias.specifier, byUrl.name);
     console.log(byAlias.pluginClass === byUrl.pluginClass);`,
    {
      "deno.json": JSON.stringify({ imports: { "my.plugins/geo": url } }),
    },
  );
  assertEquals(output, `geo ${url} Geo\ntrue`);
});

Deno.test("load() takes data: specifiers", async () => {
  await inNamespace({}, async (namespace) => {
    const data = `data:text/javascript,${encodeURIComponent(PLUGIN)}`;
    const { name, specifier } = await namespace.load(data);
    assertEquals([name, specifier], ["Geo", data]);
  });
});

Deno.test("load() takes npm: specifiers, and says when an export is no plugin", async () => {
  const imports = { "my.plugins/codec": "npm:mqtt-packet@9.0.2#parser" };
  await inNamespace(imports, async (namespace) => {
    const error = await loadError(namespace, "codec");
    assertEquals(error.kind, "not-a-plugin");
    assertStringIncludes(error.message, '"npm:mqtt-packet@9.0.2#parser"');
    assertStringIncludes(error.message, 'the export "parser" is the function');
  });
});

Deno.test("load() finds a class in a CommonJS package of npm", async () => {
  // In a process of its own: the package must not get into our deno.lock.
  const name = await runInProject(
    ["--allow-read"],
    `const { pluginClass } = await namespace.load("npm:passport-strategy@1.0.0#Strategy");
     console.log(pluginClass.name);`,
  );
  assertEquals(name, "Strategy");
});

// -- Which export --

Deno.test("load() picks the export after the hash and imports the module once", async () => {
  Reflect.deleteProperty(globalThis, "twoPluginsEvaluated");
  const file = new URL("two_plugins.ts", FIXTURES).href;
  const imports = {
    "my.plugins/first": `${file}#First`,
    "my.plugins/second": `${file}#Second`,
    "my.plugins/any": file,
  };
  await inNamespace(imports, async (namespace) => {
    const first = await namespace.load("first");
    assertEquals(first.pluginClass.name, "First");
    assertEquals(first.specifier, `${file}#First`);
    assertEquals((await namespace.load("second")).pluginClass.name, "Second");
    assertEquals(
      (await namespace.load("any#Second")).pluginClass.name,
      "Second",
    );
    assertEquals(Reflect.get(globalThis, "twoPluginsEvaluated"), 1);

    const several = await loadError(namespace, "any");
    assertEquals(several.kind, "no-export");
    assertStringIncludes(several.message, `"${file}#First"`);
    const missing = await loadError(namespace, "any#Secund");
    assertEquals(missing.kind, "no-export");
    assertStringIncludes(missing.message, 'did you mean "Second"?');
    const neither = await loadError(namespace, "any#Neither");
    assertEquals(neither.kind, "not-a-plugin");
    assertStringIncludes(neither.message, 'the class "Neither"');
  });
  Reflect.deleteProperty(globalThis, "twoPluginsEvaluated");
});

Deno.test("load() takes the only plugin of a module, base classes aside", async () => {
  const file = new URL("only_plugin.ts", FIXTURES).href;
  await inNamespace({ "my.plugins/only": file }, async (namespace) => {
    assertEquals((await namespace.load("only")).pluginClass.name, "Only");
    assertEquals((await namespace.load(file)).name, "Only");
  });
});

Deno.test("load() refuses a module without a plugin", async () => {
  const imports = {
    "my.plugins/none": "data:text/javascript,export const a = 1",
    "my.plugins/object": "data:text/javascript,export default {}",
  };
  await inNamespace(imports, async (namespace) => {
    const none = await loadError(namespace, "none");
    assertInstanceOf(none, PluginLoadError);
    assertStringIncludes(
      none.message,
      "no export of the module is a plugin (a)",
    );
    const object = await loadError(namespace, "object");
    assertStringIncludes(
      object.message,
      "the default export is of the type object",
    );
  });
});

// -- The embedder's own import --

Deno.test("load() asks the embedder's import, also for names that no import map has", async () => {
  const asked: string[] = [];
  class Embedded {
    authenticate(): boolean {
      return true;
    }
  }
  const options: PluginNamespaceOptions = {
    import: (specifier) => {
      asked.push(specifier);
      return Promise.resolve({ default: Embedded });
    },
  };
  await inNamespace(
    { "my.plugins/geo": "npm:geo@1#default" },
    async (namespace) => {
      for (const name of ["geo", "unmapped", "@acme/geo", "jsr:@acme/x"]) {
        assertEquals((await namespace.load(name)).pluginClass, Embedded);
      }
      await namespace.load("auth_anonymous");
      assertEquals(asked, [
        "npm:geo@1",
        "my.plugins/unmapped",
        "@acme/geo",
        "jsr:@acme/x",
      ]);
    },
    {},
    options,
  );
});
