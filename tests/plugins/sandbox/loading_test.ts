/** What cannot be run in a sandbox is refused when it is loaded, with the reason. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Broker, PluginError, silentLogger } from "../../../mod.ts";
import { type SandboxedTest, withSandboxed } from "./_support.ts";

const CASES: Array<
  SandboxedTest & { name: string; kind: string; text: string }
> = [
  {
    name: "a module that throws",
    source: `throw new Error("out of order");`,
    kind: "import",
    text: "out of order",
  },
  {
    name: "a module with a wrong syntax",
    source: `export default class {`,
    kind: "import",
    text: "subject.ts",
  },
  {
    name: "a module that ends the process",
    source: `Deno.exit(4);`,
    kind: "import",
    text: "its process ended by itself with code 4",
  },
  {
    name: "an import of a module that is not there",
    source: `import "./nowhere.ts";\nexport default class {}`,
    kind: "import",
    text: "nowhere.ts",
  },
  {
    name: "a module without a plugin",
    source: `export default class Other {}`,
    kind: "not-a-plugin",
    text: `the default export is the class "Other"`,
  },
  {
    name: "a constructor that throws",
    source:
      `export default class extends BasePlugin { constructor(context) { super(context); throw new Error("not today"); } }`,
    kind: "constructor",
    text:
      `Cannot load the plugin "subject" (plugins[1].options): its constructor threw: not today`,
  },
  {
    name: "a constructor that does not end",
    source:
      `export default class extends BasePlugin { constructor(context) { super(context); while (true) {} } }`,
    sandbox: { deadline: 1 },
    kind: "constructor",
    text: "it has not reacted for 1 seconds",
  },
  {
    name: "a method that must answer at once",
    source: `export default class extends BasePlugin { interceptRetain() {} }`,
    kind: "sandbox",
    text: "its method interceptRetain() must answer at once",
  },
  {
    name: "the same method of an instance",
    source:
      `export default class extends BasePlugin { selectSharedMember = () => {}; }`,
    kind: "sandbox",
    text: "its method selectSharedMember() must answer at once",
  },
  {
    name: "options that the schema refuses",
    source: `export default class extends BasePlugin {
        static config = { entries: { maxSize: 1 }, "~standard": { version: 1, vendor: "test", validate: (value) =>
          typeof value.maxSize === "number" ? { value } : { issues: [{ message: "must be a number", path: ["maxSize"] }] } } };
      }`,
    options: { "max-size": "big" },
    kind: "options",
    text: "plugins[1].options.max-size: must be a number",
  },
  {
    name: "options that cannot cross",
    source: `export default class extends BasePlugin {
        static config = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
      }`,
    options: { callback: () => {} },
    kind: "options",
    text: `"callback" is a function, which cannot cross a sandbox`,
  },
  {
    name: "a context's service that cannot cross",
    source:
      `export default class extends BasePlugin { constructor(context) { super(context); for (const one of context.sessions); } }`,
    kind: "constructor",
    text: "context.sessions does not cross a sandbox",
  },
];

/** What README.md lists. */
const OUTSIDE = [
  "storage",
  "metrics",
  "http",
  "control",
  "notReady",
  "ready",
  "clients",
  "sessions",
  "messages",
  "brokerConfig",
];

for (const service of OUTSIDE) {
  CASES.push({
    name: `the service ${service}`,
    source:
      `export default class extends BasePlugin { constructor(context) { super(context); context.${service}; } }`,
    kind: "constructor",
    text: `context.${service} does not cross a sandbox`,
  });
}

for (const { name, kind, text, ...test } of CASES) {
  Deno.test(`a sandbox refuses ${name}`, async () => {
    const error = await assertRejects(
      () => withSandboxed(test, () => Promise.reject(new Error("it started"))),
      PluginError,
    );
    assertStringIncludes(error.message, text);
    assertEquals(error.kind, kind);
  });
}

Deno.test("a sandbox refuses a class of the host program", async () => {
  const plugin = class {
    authenticate() {
      return true;
    }
  };
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [{ plugin, sandbox: true }],
  }, { logger: silentLogger });
  const error = await assertRejects(() => broker.start(), PluginError);
  assertStringIncludes(
    error.message,
    "only what an alias or a specifier names",
  );
});

Deno.test("a broker that may not start a sandbox names the flags", async () => {
  const program = `
    import { Broker, silentLogger } from ${
    JSON.stringify(new URL("../../../mod.ts", import.meta.url).href)
  };
    const broker = new Broker({ plugins: [{ plugin: "auth_anonymous", sandbox: true }] }, { logger: silentLogger });
    await broker.start().catch((error) => console.log(error.kind, error.message));
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      `--config=${new URL("../../../deno.json", import.meta.url).pathname}`,
      "--allow-net",
      "--allow-read",
      "--allow-env",
      `data:text/javascript,${encodeURIComponent(program)}`,
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertStringIncludes(text, "permission");
  assertStringIncludes(text, "--allow-run --allow-env --allow-read");
});
