/** Where plugins come from, and whether they are what they were. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { resolveConfig } from "../../../broker/config/mod.ts";
import { ConfigError, PluginError } from "../../../mod.ts";
import { PluginNamespace } from "../../../plugins/namespace.ts";
import { startBroker } from "../../_client.ts";
import { withProject } from "../temporary_project.ts";

const ROOT = new URL("../../../", import.meta.url);
const MODULE = `
globalThis.evaluated = (globalThis.evaluated ?? 0) + 1;
console.log("evaluated");
export default class Geo { authenticate() { return true; } }
`;

async function sri(text: string, algorithm = "SHA-256"): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const digest = await crypto.subtle.digest(algorithm, bytes);
  const name = algorithm.toLowerCase().replace("-", "");
  return `${name}-${new Uint8Array(digest).toBase64()}`;
}

Deno.test("rule 13: a module has one of the hashes that the configuration expects, or is refused before it runs", async () => {
  const module = "export default class { authenticate() { return true; } }\n";
  const changed = `globalThis.sprung = true;${module}`;
  const files = {
    "deno.json": "{}",
    "a.js": module,
    "b.js": module,
    "c.js": changed,
  };
  await withProject(files, async (folder) => {
    const namespace = await PluginNamespace.open({
      importMap: new URL("deno.json", folder),
      baseUrl: new URL("broker.yaml", folder),
    });
    const hash = await sri(module);
    await namespace.load("./a.js", "p", hash);
    const two = `${await sri("x", "SHA-384")} ${await sri(module, "SHA-512")}`;
    await namespace.load("./b.js", "p", two);
    const refused = async (name: string, why: string, integrity = hash) => {
      const error = await assertRejects(
        () => namespace.load(name, "plugins[0]", integrity),
        PluginError,
      );
      assertEquals(error.kind, "integrity");
      assertStringIncludes(error.message, "plugins[0]");
      assertStringIncludes(error.message, why);
    };
    const c = new URL("c.js", folder).href;
    await refused(
      "./c.js",
      `(plugins[0], "${c}"): its module has changed: the configuration expects ${hash}, and it is ${await sri(
        changed,
      )}.`,
    );
    assertEquals("sprung" in globalThis, false);
    await refused("sys", "This one comes with the broker");
    await refused("jsr:@acme/geo@1", "run with --frozen");
    await refused("npm:geo@1", "run with --frozen");
    // What was imported without a look may be something else than the file by now.
    await namespace.load("./a.js?v=2", "p");
    await refused("./a.js?v=2", "has imported the module before");
  });
});

Deno.test("rule 13: what is no hash is refused when the configuration is read; what is no module has none", async () => {
  const hash = await sri("x");
  resolveConfig({ plugins: [{ plugin: "./a.js", integrity: hash }] });
  for (
    const integrity of ["sha256-abc", "md5-abcd", "", "sha256-****", `${hash} `]
  ) {
    const error = assertThrows(
      () => resolveConfig({ plugins: [{ plugin: "./a.js", integrity }] }),
      ConfigError,
    );
    assertStringIncludes(
      error.message,
      'plugins[0].integrity must be a hash such as "sha256-…"',
    );
  }
  const plugin = { authenticate: () => true };
  await assertRejects(
    () => startBroker({ plugins: [{ plugin, integrity: hash }] }),
    PluginError,
    "only a module has an integrity",
  );
});

/** A server whose module can be changed. */
function serveModule() {
  const state = { module: MODULE };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response(state.module, {
        headers: { "content-type": "text/javascript" },
      }),
  );
  return {
    state,
    host: `127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Deno keeps what it has downloaded: each folder is a machine that has seen nothing. */
async function freshCache(folder: URL, name: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
    env: { NO_COLOR: "1" },
  });
  const { stdout } = await command.output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout));
  const path = new URL(`${name}/`, folder).pathname;
  await Deno.mkdir(path);
  // The broker's own packages are not what is tested.
  await Deno.symlink(`${denoDir}/npm`, `${path}npm`);
  return path;
}

async function check(
  folder: URL,
  cache: string,
  config: string,
  ...flags: string[]
): Promise<{ code: number; output: string }> {
  await Deno.writeTextFile(new URL("broker.yaml", folder), config);
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--allow-write",
      `--config=${new URL("deno.json", ROOT).pathname}`,
      ...flags,
      new URL("mod.ts", ROOT).pathname,
      "--check-config",
      "--config",
      new URL("broker.yaml", folder).pathname,
    ],
    env: { NO_COLOR: "1", DENO_DIR: cache },
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("rule 13: a module of the net whose bytes have changed is refused, by the configuration or by the lock file", async (t) => {
  await using server = serveModule();
  const { state, host } = server;
  const url = `http://${host}/geo.js`;
  const plain = `plugins:\n  - plugin: ${url}\n    name: geo\n`;
  const checked = `${plain}    integrity: ${await sri(MODULE)}\n`;
  const allowed = `--allow-import=${host}`;
  await withProject({}, async (folder) => {
    const lock = new URL("deno.lock", folder);
    await Deno.copyFile(new URL("deno.lock", ROOT), lock);
    const locked = `--lock=${lock.pathname}`;

    await t.step("without the permission the flag is named", async () => {
      const cache = await freshCache(folder, "1");
      const { code, output } = await check(folder, cache, checked, "--no-lock");
      assertEquals(code, 1, output);
      assertStringIncludes(output, `run with --allow-import=${host}`);
    });

    await t.step(
      "the same bytes are loaded, and the lock file notes them",
      async () => {
        const cache = await freshCache(folder, "2");
        const flags = [allowed, locked];
        const { code, output } = await check(folder, cache, checked, ...flags);
        assertEquals(code, 0, output);
        assertStringIncludes(output, `Plugin geo: ${url}: authenticate`);
        assertStringIncludes(await Deno.readTextFile(lock), url);
        const frozen = await check(folder, cache, plain, ...flags, "--frozen");
        assertEquals(frozen.code, 0, frozen.output);
      },
    );

    await t.step(
      "a frozen lock file refuses a module that it does not know",
      async () => {
        const cache = await freshCache(folder, "3");
        const other = plain.replace("geo.js", "other.js");
        const { code, output } = await check(
          folder,
          cache,
          other,
          allowed,
          locked,
          "--frozen",
        );
        assertEquals(code, 1, output);
        assertStringIncludes(output, 'Cannot load the plugin "');
        assertStringIncludes(output, "lockfile is out of date");
        assert(!output.includes("evaluated"), output);
      },
    );

    state.module = `${MODULE}// changed`;

    await t.step(
      "other bytes are refused by the integrity, before they run",
      async () => {
        const cache = await freshCache(folder, "4");
        const { code, output } = await check(
          folder,
          cache,
          checked,
          allowed,
          "--no-lock",
        );
        assertEquals(code, 1, output);
        assertStringIncludes(
          output,
          `"${url}" (plugins[0].options): its module has changed`,
        );
        assertStringIncludes(output, await sri(MODULE));
        assertStringIncludes(output, await sri(state.module));
        assert(!output.includes("evaluated\n"), output);
      },
    );

    await t.step("and by the lock file", async () => {
      const cache = await freshCache(folder, "5");
      const { code, output } = await check(
        folder,
        cache,
        plain,
        allowed,
        locked,
        "--frozen",
      );
      assert(code !== 0, output);
      assertStringIncludes(output, "Integrity check failed");
      assertStringIncludes(output, url);
      assert(!output.includes("evaluated\n"), output);
    });
  });
});
