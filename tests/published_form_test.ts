/**
 * The package works as another project gets it from JSR: without `links`, without
 * our import map, with plugins that the other project names in its own deno.json.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { importsOf } from "./_imports.ts";
import {
  JsrRegistry,
  type PublishedPackage,
  publishedPackage,
} from "./_jsr_registry.ts";
import { BCRYPT, PASSWORD } from "./plugins/bundled/_passwords.ts";

const root = new URL("../", import.meta.url);
const packages: PublishedPackage[] = ["", "assert", "cli", "yaml"].map((name) =>
  publishedPackage(name === "" ? root : new URL(`links/std_${name}/`, root))
);
const broker = packages[0];
/** A plugin that somebody else published; it imports ours from the registry, too. */
const thirdParty: PublishedPackage = {
  name: "@acme/audit",
  version: "1.2.0",
  exports: { ".": "./mod.ts" },
  files: new Map([[
    "/mod.ts",
    new TextEncoder().encode(`
      import { BasePlugin, type ClientEvent } from "jsr:@dinomq/broker@^${broker.version}/plugins";
      export class Other extends BasePlugin {}
      export class Audit extends BasePlugin {
        override onBrokerClientConnected({ clientId }: ClientEvent): void {
          Reflect.set(globalThis, "audited", clientId);
        }
      }
    `),
  ]]),
};

Deno.test("published files name no alias of the import map", () => {
  const allowed = /^(\.{1,2}\/|jsr:|npm:|node:)/;
  for (const [path, bytes] of broker.files) {
    if (!path.endsWith(".ts")) continue;
    for (const { specifier } of importsOf(new TextDecoder().decode(bytes))) {
      if (specifier === undefined) continue;
      assert(allowed.test(specifier), `${path} imports ${specifier}`);
      if (!specifier.startsWith(".")) continue;
      const target = new URL(specifier, `file://${path}`).pathname;
      assert(broker.files.has(target), `${path} imports ${target}`);
    }
  }
});

Deno.test("every entry point is among the published files", () => {
  assertEquals(Object.keys(broker.exports), [
    ".",
    "./plugins",
    "./codec",
    "./testing",
  ]);
  for (const target of Object.values(broker.exports)) {
    assert(broker.files.has(target.slice(1)), target);
  }
});

Deno.test("another project imports the stand-ins from the registry", async () => {
  await using project = await OtherProject.create({
    "main.ts": `
      import { parse } from "jsr:@std/yaml@^1.0.0";
      import { parseArgs } from "jsr:@std/cli@^1.0.0/parse-args";
      import { assertEquals } from "jsr:@std/assert@^1.0.0";
      assertEquals(parse("a: on"), { a: "on" });
      assertEquals(parseArgs(["--a=1"]).a, 1);
      console.log("imported");
    `,
  });
  assertEquals(await project.deno("run", "-A", "main.ts"), "imported");
  assert(project.requested.includes("/@std/yaml/meta.json"));
});

Deno.test("another project runs a broker with a file and a JSR package as plugins", async () => {
  await using project = await OtherProject.create({
    "hello.ts": `
      import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
      const seen = Promise.withResolvers<string>();
      export const connected: Promise<string> = seen.promise;
      export default class Hello extends BasePlugin {
        override onBrokerClientConnected({ clientId }: ClientEvent): void {
          seen.resolve(clientId);
        }
      }
    `,
    passwords: `alice:${BCRYPT}\n`,
    "main.ts": `
      import { Broker } from "@dinomq/broker";
      import { connected } from "./hello.ts";
      const broker = new Broker({
        listeners: { default: { type: "tcp", bind: "127.0.0.1:0" } },
        plugins: [
          "event_logger", "packet_logger", "sys", "topic_taboo", "topic_acl",
          { auth_anonymous: { allowAnonymous: false } },
          // Its hashes are computed in a worker, which is a module of the package.
          { auth_file: { passwordFile: "passwords" } },
          "hello",
          "audit",
        ],
      }, { pluginNamespace: "my.plugins" });
      await broker.start();
      const { port } = broker.listeners[0];
      using client = await Deno.connect({ hostname: "127.0.0.1", port });
      const texts = ["dino", "alice", ${JSON.stringify(PASSWORD)}]
        .flatMap((text) => [0, text.length, ...new TextEncoder().encode(text)]);
      await client.write(new Uint8Array([
        0x10, 10 + texts.length, 0, 4, 77, 81, 84, 84, 4, 0xc2, 0, 60, ...texts,
      ]));
      const answer = new Uint8Array(4);
      await client.read(answer);
      const seen = await connected;
      await broker.shutdown();
      const { audited } = globalThis as { audited?: string };
      console.log(JSON.stringify([[...answer], seen, audited]));
    `,
  });
  const output = await project.deno("run", "-A", "main.ts");
  const answer = output.split("\n").at(-1) ?? "";
  assertEquals(
    JSON.parse(answer),
    [[0x20, 2, 0, 0], "dino", "dino"],
    output,
  );
  assert(project.requested.includes("/@dinomq/broker/meta.json"));
  await project.deno("check", "main.ts");
});

Deno.test("another project runs plugins in sandboxes", async () => {
  await using project = await OtherProject.create({
    "hello.ts": `
      import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
      export default class Hello extends BasePlugin {
        override onBrokerClientConnected({ clientId }: ClientEvent): void {
          this.context.logger.info(clientId);
        }
      }
    `,
    "main.ts": `
      import { Broker } from "@dinomq/broker";
      const broker = new Broker({
        plugins: ["topic_taboo", "hello", "audit"].map((plugin) => ({ plugin, sandbox: true })),
      }, { pluginNamespace: "my.plugins" });
      const found = await broker.check();
      console.log(JSON.stringify(found.map(({ name, hooks }) => [name, hooks])));
    `,
  });
  const output = await project.deno("run", "-A", "main.ts");
  assertEquals(JSON.parse(output.split("\n").at(-1) ?? ""), [
    ["topic_taboo", ["topicFiltering"]],
    ["hello", ["onBrokerClientConnected"]],
    ["audit", ["onBrokerClientConnected"]],
  ], output);
});

Deno.test("the command line runs from the registry", async () => {
  await using project = await OtherProject.create({});
  const version = await project.deno(
    "run",
    "-A",
    `jsr:@dinomq/broker@${broker.version}`,
    "--version",
  );
  assertStringIncludes(version, broker.version);
});

Deno.test("init from the registry begins a project that loads its plugin", async () => {
  await using project = await OtherProject.create({});
  const program = `jsr:@dinomq/broker@${broker.version}`;
  const said = await project.deno("run", "-A", program, "init", "app");
  assertStringIncludes(
    said,
    "\n  cd app\n  deno run -A jsr:@dinomq/broker --config broker.yaml\n",
  );
  const checked = await project.denoIn(
    ...["app", "run", "-A", program] as const,
    ...["--config", "broker.yaml", "--check-config"],
  );
  assertStringIncludes(checked, "/app/deno.json): onBrokerClientConnected");
  await project.denoIn("app", "check", "plugin.ts");
  const tested = await project.denoIn("app", "task", "test");
  assertStringIncludes(tested, "| 1 passed");
});

/** A project in a temporary folder that has never seen this one. */
class OtherProject implements AsyncDisposable {
  readonly #folder: string;
  readonly #registry: JsrRegistry;

  private constructor(folder: string, registry: JsrRegistry) {
    this.#folder = folder;
    this.#registry = registry;
  }

  static async create(files: Record<string, string>): Promise<OtherProject> {
    const folder = await Deno.makeTempDir({ prefix: "dinomq-other-" });
    const project = new OtherProject(
      folder,
      new JsrRegistry([...packages, thirdParty]),
    );
    await Deno.mkdir(`${folder}/cache`);
    // Its own cache, so that nothing of ours is found there. The packages of npm
    // are the same for all: they need not be downloaded again.
    await Deno.symlink(await npmCache(), `${folder}/cache/npm`);
    await Deno.mkdir(`${folder}/project`);
    const config = {
      imports: {
        "@dinomq/broker": `jsr:@dinomq/broker@^${broker.version}`,
        "my.plugins/hello": "./hello.ts",
        "my.plugins/audit": "jsr:@acme/audit@^1#Audit",
      },
    };
    const all = { ...files, "deno.json": JSON.stringify(config) };
    for (const [name, text] of Object.entries(all)) {
      await Deno.writeTextFile(`${folder}/project/${name}`, text);
    }
    return project;
  }

  /** Paths that the registry was asked for. */
  get requested(): string[] {
    return this.#registry.requested;
  }

  /** Runs Deno in the project and returns what it wrote to stdout. */
  async deno(...args: string[]): Promise<string> {
    return await this.denoIn(".", ...args);
  }

  /** The same in a folder of the project. */
  async denoIn(folder: string, ...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      {
        args: [args[0], "--no-lock", ...args.slice(1)],
        cwd: `${this.#folder}/project/${folder}`,
        env: {
          JSR_URL: this.#registry.url,
          DENO_DIR: `${this.#folder}/cache`,
          NO_COLOR: "1",
        },
        stdin: "null",
        signal: AbortSignal.timeout(120_000),
      },
    ).output();
    const text = new TextDecoder();
    assert(success, `deno ${args.join(" ")}: ${text.decode(stderr)}`);
    return text.decode(stdout).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function npmCache(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  await Deno.mkdir(npmCache, { recursive: true });
  return npmCache;
}
