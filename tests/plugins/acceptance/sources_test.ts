/**
 * A plugin from a file, one from a URL, one from npm and a class of the host program:
 * each gets every event and decides on access.
 */

import { assertEquals } from "@std/assert";
import { type ProjectFiles, withProject } from "../temporary_project.ts";
import { npmRegistry } from "./npm_registry.ts";
import { EVENT_NAMES } from "./recorder.ts";

const ROOT = new URL("../../../", import.meta.url);
const SCOPE = "@dinomq-test";
const NAMES = ["from_file", "from_url", "from_npm", "from_class"];

/** A module whose plugin writes down its events and refuses the user and the topic `no_<name>`. */
function source(name: string, head = "", base = ""): string {
  const methods = EVENT_NAMES.map((event) =>
    `${event}() { this.events.push("${event}"); }`
  );
  return `${head}
    export default class Plugin${base} {
      events = globalThis.seen["${name}"] = [];
      ${methods.join("\n")}
      authenticate({ session }) { return session.username !== "no_${name}"; }
      topicFiltering({ topic, action }) {
        return topic !== "no_${name}" && topic !== action + "/no_${name}";
      }
      close() { this.events.push("close"); }
    }`;
}

const PROGRAM = `
  import { Broker, silentLogger } from "${new URL("mod.ts", ROOT)}";
  import { eventually, TestClient } from "${new URL("tests/_client.ts", ROOT)}";

  const names = ${JSON.stringify(NAMES)};
  globalThis.seen = {};
  const { default: FromClass } = await import("./from_class.js");
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [{ from_file: null }, "from_url", "from_npm", { plugin: FromClass, name: "from_class" }],
  }, {
    pluginNamespace: "my.plugins",
    importMap: new URL("deno.json", import.meta.url),
    logger: silentLogger,
  });
  await broker.start();
  const plugins = broker.describePlugins().map(({ name, specifier }) => [name, specifier]);

  const client = await TestClient.connect(broker, { version: 5, clientId: "c" });
  const granted = await client.subscribe(["a", ...names.map((name) => "no_" + name)]);
  await client.publish("b", "kept", { qos: 1, retain: true });
  const published = [];
  for (const name of names) {
    await client.send({ cmd: "publish", topic: "no_" + name, payload: "x", qos: 1, messageId: 9 });
    published.push((await client.expect("puback")).reasonCode);
  }
  await client.subscribe("receive/+");
  for (const name of names) broker.context.publish("receive/no_" + name, "x");
  await client.ping();
  await client.unsubscribe("a");
  await client.disconnect();
  await eventually(() => names.every((name) => seen[name].includes("onBrokerClientDisconnected")));
  const events = structuredClone(seen);

  const refused = [];
  for (const name of names) {
    await using other = await TestClient.connect(broker, { version: 5, username: "no_" + name });
    refused.push(other.code);
  }
  await broker.shutdown();
  const last = names.map((name) => seen[name].slice(-3));
  console.log(JSON.stringify({ plugins, granted, published, events, refused, last }));
`;

Deno.test("plugins from a file, a URL, npm and a class of the host get every event and decide on access", async () => {
  await using registry = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    await npmRegistry({
      name: `${SCOPE}/plugin`,
      version: "1.2.3",
      source: source("from_npm"),
    }),
  );
  await using web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response(source("from_url"), {
        headers: { "content-type": "text/javascript" },
      }),
  );
  const url = `http://127.0.0.1:${web.addr.port}/plugin.js`;
  const imports = {
    "my.plugins/from_file": "./plugins/from_file.js#Plugin",
    "my.plugins/from_url": url,
    "my.plugins/from_npm": `npm:${SCOPE}/plugin@^1.2.0`,
  };
  const output = await runProgram({
    "deno.json": JSON.stringify({ imports }),
    "plugins/from_file.js": source(
      "from_file",
      `import { BasePlugin } from "${new URL("plugins/mod.ts", ROOT)}";`,
      " extends BasePlugin",
    ).replace("export default", "export"),
    "from_class.js": source("from_class"),
    "main.js": PROGRAM,
    // Where npm's own settings are: only this scope comes from the test's registry.
    ".npmrc": `${SCOPE}:registry=http://127.0.0.1:${registry.addr.port}/\n`,
  });

  const { plugins, granted, published, events, refused, last } = JSON.parse(
    output,
  );
  const specifiers = new Map(plugins);
  assertEquals([...specifiers.keys()], NAMES);
  assertEquals(specifiers.get("from_url"), url);
  assertEquals(
    specifiers.get("from_npm"),
    imports["my.plugins/from_npm"],
  );
  const no = NAMES.map(() => 0x87);
  assertEquals(granted, [0, ...no]);
  assertEquals(published, no);
  assertEquals(refused, no);
  for (const name of NAMES) {
    const seen = new Set(events[name]);
    const missing = EVENT_NAMES.filter((event) => !seen.has(event));
    assertEquals(missing, ["onBrokerPreShutdown", "onBrokerPostShutdown"]);
    // They all see the same, in the same order.
    assertEquals(events[name], events.from_file);
  }
  assertEquals(
    last,
    NAMES.map(() => ["onBrokerPreShutdown", "onBrokerPostShutdown", "close"]),
  );
});

/** Runs `main.js` of a project that has a home and a cache of its own. */
async function runProgram(files: ProjectFiles): Promise<string> {
  return await withProject(files, async (folder) => {
    const home = folder.pathname;
    const cache = `${home}cache`;
    await Deno.mkdir(cache);
    // What our packages need from npm is there already and need not come again.
    const shared = await npmCache();
    await Deno.symlink(shared, `${cache}/npm`);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        "--no-lock",
        `--config=${new URL("deno.json", ROOT).pathname}`,
        new URL("main.js", folder).href,
      ],
      env: { HOME: home, DENO_DIR: cache, NO_COLOR: "1" },
      stdin: "null",
      signal: AbortSignal.timeout(60_000),
    }).output();
    await forgetScope(shared);
    const text = new TextDecoder();
    assertEquals(code, 0, text.decode(stderr));
    return text.decode(stdout);
  });
}

/** Removes the test's package from the cache, where each registry has a folder. */
async function forgetScope(shared: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(shared)]) {
    const folder = `${shared}/${name}`;
    const scopes = [...Deno.readDirSync(folder)].map(({ name }) => name);
    if (scopes.length === 1 && scopes[0] === SCOPE) {
      await Deno.remove(folder, { recursive: true });
    }
  }
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}
