import {
  assert,
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import init from "../../broker/cli/init/command.ts";
import { addImports } from "../../broker/cli/init/import_map_edit.ts";
import {
  brokerImports,
  denoJsonText,
} from "../../broker/cli/init/templates.ts";
import { parseJsonc } from "../../plugins/jsonc.ts";
import { TestClient } from "../_client.ts";
import { run } from "./_context.ts";
import { withFolder } from "./_folder.ts";
import { denoIn, MOD, Process } from "./_process.ts";

/** Runs Deno in a folder to its end, and expects that it works. */
async function runIn(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await denoIn(folder, ...args).output();
  const text = new TextDecoder();
  assert(success, `deno ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

Deno.test("init in an empty folder gives a broker with a working plugin", async () => {
  await withFolder(async (folder) => {
    const said = await runIn(folder, "run", "-A", MOD, "init");
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names.sort(), [
      "broker.yaml",
      "deno.json",
      "plugin.ts",
      "plugin_test.ts",
    ]);
    // The very command that it names, but for the port.
    const command = /deno (run .* --config broker\.yaml)\n/.exec(said)![1];
    await using broker = new Process(
      denoIn(folder, ...command.split(" "), "--listen", "127.0.0.1:0"),
    );
    await broker.until("is ready\n");
    const port = Number(/bind to 127\.0\.0\.1:(\d+)/.exec(broker.text)![1]);
    await using listener = await TestClient.connect(port);
    await listener.subscribe("greetings");
    await using _client = await TestClient.connect(port, { clientId: "dino" });
    assertEquals(await listener.message(), "greetings: Hello, dino!");
    broker.kill("SIGTERM");
    assertEquals(await broker.code(), 0);
    assertStringIncludes(broker.text, "Greeted dino");
  });
});

Deno.test("what init writes is well formed, typed, and can be extended", async () => {
  await withFolder(async (folder) => {
    const first = await run(init, [
      `${folder}/new`,
      "--namespace",
      "acme.mqtt",
    ]);
    assertEquals([first.code, first.stderr], [0, ""]);
    assertStringIncludes(first.stdout, `Created in ${folder}/new:`);
    assertStringIncludes(first.stdout, `\n  cd ${folder}/new\n`);
    const second = await run(init, [`${folder}/new`, "--plugin", "audit-log"]);
    assertEquals(second, {
      code: 0,
      stdout: `Created ${folder}/new/audit_log.ts
Created ${folder}/new/audit_log_test.ts, which "deno test -A --config ${
        new URL("deno.json", MOD).pathname
      } ." runs
Added to the imports of ${folder}/new/deno.json:
  "acme.mqtt/audit-log": "./audit_log.ts"

To use it, name it in broker.yaml:
  plugins:
    audit-log:
`,
      stderr: "",
    });
    const yaml = `${folder}/new/broker.yaml`;
    await Deno.writeTextFile(yaml, "  audit-log:\n", { append: true });
    const cwd = `${folder}/new`;
    await runIn(cwd, "fmt", "--check");
    await runIn(cwd, "check", "plugin.ts", "audit_log.ts");
    const checked = await runIn(
      ...[
        folder,
        "run",
        "-A",
        MOD,
        "--config",
        yaml,
        "--check-config",
      ] as const,
    );
    assertStringIncludes(
      checked,
      `Plugin audit-log: file://${cwd}/audit_log.ts (${cwd}/deno.json): onBrokerMessageReceived`,
    );
    assertStringIncludes(checked, "Plugin greeter: file://");
    const tested = await runIn(cwd, "task", "test");
    assertStringIncludes(tested, "| 2 passed");
    const { tasks } = parseJsonc(
      await Deno.readTextFile(`${cwd}/deno.json`),
    ) as {
      tasks: Record<string, string>;
    };
    assertEquals(
      tasks.start,
      "dinomq --config broker.yaml".replace(
        "dinomq",
        `deno run -A ${new URL(MOD).pathname}`,
      ),
    );
  });
});

Deno.test("init overwrites nothing, and writes all or nothing", async () => {
  for (const name of ["broker.yaml", "deno.json", "plugin.ts", "deno.jsonc"]) {
    await withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/${name}`, "mine");
      const { code, stdout, stderr } = await run(init, [folder]);
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(
        stderr,
        `"${folder}/${name}" exists already and stays as it is; choose an empty folder`,
      );
      assertEquals([...Deno.readDirSync(folder)].length, 1);
      assertEquals(await Deno.readTextFile(`${folder}/${name}`), "mine");
    });
  }
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "mine");
    const { code, stderr } = await run(init, [`${folder}/file`]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `Cannot create the folder "${folder}/file"`);
  });
});

Deno.test("init --plugin changes nothing that it should not", async () => {
  await withFolder(async (folder) => {
    const json = `${folder}/deno.json`;
    const add = (...args: string[]) => run(init, [folder, "--plugin", ...args]);
    const refused = async (args: string[], code: number, why: string) => {
      const before = [...Deno.readDirSync(folder)].length;
      const result = await add(...args);
      assertEquals([result.code, result.stdout], [code, ""], why);
      assertStringIncludes(result.stderr, why);
      assertEquals([...Deno.readDirSync(folder)].length, before);
    };
    await refused(["a"], 1, `there is no deno.json in "${folder}"`);
    await Deno.writeTextFile(json, "{]");
    await refused(["a"], 1, `Cannot read "${json}"`);
    await Deno.writeTextFile(json, '{"importMap": "map.json"}');
    await refused(["a"], 1, 'its imports are in "map.json"');
    await Deno.writeTextFile(json, "{}");
    await refused(
      ["a"],
      2,
      "has no plugin-namespace; name it with --namespace",
    );
    await Deno.writeTextFile(json, '{"imports": {"n/a": "./b.ts"}}');
    await refused(["a", "--namespace", "n"], 1, 'has "n/a" already');
    await Deno.writeTextFile(`${folder}/mine.ts`, "mine");
    await refused(
      ["mine", "--namespace", "n"],
      1,
      'mine.ts": it exists already',
    );
    assertEquals(await Deno.readTextFile(`${folder}/mine.ts`), "mine");

    // A project of somebody who does not have the broker yet.
    const other = await add("own", "--namespace", "n");
    assertEquals(other.code, 0);
    const { imports } = parseJsonc(await Deno.readTextFile(json)) as {
      imports: Record<string, string>;
    };
    assertEquals(Object.keys(imports), [
      "n/a",
      "n/own",
      "@dinomq/broker",
      "@dinomq/broker/plugins",
      "@dinomq/broker/testing",
    ]);
    await Deno.writeTextFile(`${folder}/broker.yaml`, "plugin_namespace: m\n");
    assertEquals((await add("more")).code, 0);
    assertStringIncludes(
      await Deno.readTextFile(json),
      '"m/more": "./more.ts"',
    );
  });
});

const USAGE: [args: string[], message: string][] = [
  [["a", "b"], 'Cannot use "b": one folder is enough'],
  [["--namespace", "a b"], 'Cannot use --namespace "a b"'],
  [["--namespace", "a..b"], "as in my.plugins"],
  [["--plugin", "../x"], 'Cannot use --plugin "../x"'],
  [["--plugin", "a.b"], "as in audit_log"],
];

for (const [args, message] of USAGE) {
  Deno.test(`init refuses ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run(init, args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
  });
}

Deno.test("init names the package if it comes from JSR, and the files of any other address", () => {
  const jsr = new URL("https://jsr.io/@dinomq/broker/0.1.0/mod.ts");
  const { "@dinomq/broker": specifier, ...others } = brokerImports(jsr);
  assertEquals(/^jsr:@dinomq\/broker@\^\d+\.\d+\.\d+$/.test(specifier), true);
  assertEquals(others, {});
  assertEquals(brokerImports(new URL("https://example.org/d/mod.ts")), {
    "@dinomq/broker": "https://example.org/d/mod.ts",
    "@dinomq/broker/plugins": "https://example.org/d/plugins/mod.ts",
    "@dinomq/broker/testing": "https://example.org/d/broker/testing/mod.ts",
  });
  const text = denoJsonText({
    namespace: "n",
    program: "deno run -A jsr:@dinomq/broker",
    entry: jsr,
  });
  assertEquals(parseJsonc(text), {
    imports: { "@dinomq/broker": specifier, "n/greeter": "./plugin.ts" },
    tasks: {
      start: "deno run -A jsr:@dinomq/broker --config broker.yaml",
      test: "deno test -A",
    },
  });
});

const EDITS: [name: string, before: string, after: string][] = [
  [
    "a file without imports",
    '{\n  "tasks": {}\n}\n',
    '{\n  "tasks": {},\n  "imports": {\n    "n/x": "./x.ts"\n  }\n}\n',
  ],
  ["an empty file", "{}\n", '{\n  "imports": {\n    "n/x": "./x.ts"\n  }\n}\n'],
  [
    "empty imports",
    '{\n  // why\n  "imports": {}\n}\n',
    '{\n  // why\n  "imports": {\n    "n/x": "./x.ts"\n  }\n}\n',
  ],
  [
    "a last line with a comment",
    '{\n  "imports": {\n    "a": "b" // the b\n    // the end\n  }\n}\n',
    '{\n  "imports": {\n    "a": "b", // the b\n    "n/x": "./x.ts"\n    // the end\n  }\n}\n',
  ],
  [
    "a trailing comma and a comment",
    '{\n\t"imports": {\n\t\t"a": "b", /* the b */\n\t},\n}\n',
    '{\n\t"imports": {\n\t\t"a": "b", /* the b */\n\t\t"n/x": "./x.ts",\n\t},\n}\n',
  ],
  [
    "lines of Windows",
    '{\r\n  "imports": {\r\n    "a": "b"\r\n  }\r\n}\r\n',
    '{\r\n  "imports": {\r\n    "a": "b",\r\n    "n/x": "./x.ts"\r\n  }\r\n}\r\n',
  ],
];

for (const [name, before, after] of EDITS) {
  Deno.test(`addImports() adds a line to ${name}`, () => {
    assertEquals(addImports(before, { "n/x": "./x.ts" }), after);
  });
}

Deno.test("addImports() adds a line to imports on one line", () => {
  const text = addImports('{"imports": {"a": "b"}, "x": 1}', {
    "n/x": "./x.ts",
  });
  assertEquals(parseJsonc(text), {
    imports: { a: "b", "n/x": "./x.ts" },
    x: 1,
  });
});

Deno.test("addImports() refuses what is no deno.json", () => {
  for (const text of ["", "[]", '{"imports": []}', "{", '{"a" 1}']) {
    assertThrows(() => addImports(text, { a: "b" }), SyntaxError);
  }
});
