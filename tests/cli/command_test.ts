import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../broker/cli/main.ts";
import {
  type Command,
  commandGroup,
  type CommandTable,
  defineCommand,
  UsageError,
} from "../../broker/cli/mod.ts";
import { programName } from "../../broker/cli/context.ts";
import { importsOf } from "../_imports.ts";
import { run, TestContext } from "./_context.ts";

const greet: Command = defineCommand({
  summary: "Greets somebody.",
  usage: ["NAME", "--all"],
  flags: {
    all: { short: "a", help: "Greet everybody" },
    code: { short: "c", value: "N", help: "Exit code" },
  },
  notes: "\nExample:\n  greet Dino\n",
  run: ({ flags, operands }, { stdout }) => {
    if (operands.length === 0 && !flags.all) {
      throw new UsageError("Cannot greet: give NAME or --all");
    }
    if (operands[0] === "nobody") throw new Error("Cannot greet nobody");
    stdout.writeSync(new TextEncoder().encode(`Hello ${operands[0]}\n`));
    if (flags.code !== undefined) return Number(flags.code);
  },
});

const COMMANDS: CommandTable = {
  greet: ["Greet somebody", () => Promise.resolve({ default: greet })],
  group: ["A group", () =>
    Promise.resolve({
      default: commandGroup("Has commands.", {
        greet: ["Greet somebody", () => Promise.resolve({ default: greet })],
      }),
    })],
  broken: ["Cannot be loaded", () => Promise.reject(new Error("no module"))],
};

/** Runs the command line to its end. */
async function call(...args: string[]) {
  const context = new TestContext();
  const code = await main(args, COMMANDS, context);
  return [code, context.stdout.text, context.stderr.text];
}

Deno.test("a command runs with its flags and ends with its exit code", async () => {
  assertEquals(await call("greet", "Dino"), [0, "Hello Dino\n", ""]);
  assertEquals(await call("greet", "Dino", "-c", "7"), [7, "Hello Dino\n", ""]);
  assertEquals(await call("group", "greet", "Dino"), [0, "Hello Dino\n", ""]);
});

Deno.test("a command that fails says why in one line and ends with code 1", async () => {
  assertEquals(await call("greet", "nobody"), [
    1,
    "",
    "error: Cannot greet nobody\n",
  ]);
  assertEquals(await call("broken"), [1, "", "error: no module\n"]);
});

Deno.test("a wrong command line names the remedy and ends with code 2", async () => {
  assertEquals(await call("greet"), [
    2,
    "",
    "error: Cannot greet: give NAME or --all\nTry greet --help.\n",
  ]);
  assertEquals(await call("group", "greet", "--al"), [
    2,
    "",
    'error: Cannot use "--al": there is no such flag. Did you mean --all?\n' +
    "Try group greet --help.\n",
  ]);
  assertEquals(await call("group"), [
    2,
    "",
    "error: Cannot run group: it needs a command, one of greet\n" +
    "Try group --help.\n",
  ]);
  assertEquals(await call("group", "gret"), [
    2,
    "",
    'error: Cannot run "gret": there is no such command. Did you mean greet?\n' +
    "Try group --help.\n",
  ]);
  assertEquals(await call("gret"), [
    2,
    "",
    'error: Cannot run "gret": there is no such command. Did you mean greet?\n' +
    "Try --help.\n",
  ]);
  assertEquals(await call("xyzzy"), [
    2,
    "",
    'error: Cannot run "xyzzy": there is no such command, only greet, group, broken\n' +
    "Try --help.\n",
  ]);
  // A name that every object has is no command either.
  assertEquals((await call("constructor"))[0], 2);
});

Deno.test("a file instead of a command, and a command after a flag, are understood", async () => {
  assertEquals(await call("broker.yaml"), [
    2,
    "",
    'error: Cannot run "broker.yaml": it is no command. Did you mean --config broker.yaml?\n' +
    "Try --help.\n",
  ]);
  assertEquals(await call("--debug", "greet"), [
    2,
    "",
    'error: Cannot use argument "greet": the broker takes flags only, and a command comes before all flags\n' +
    "Try --help.\n",
  ]);
});

Deno.test("aMQTT 49: --help shows usage, flags and commands, --version the version", async () => {
  const [code, help, stderr] = await call("--help");
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(`${help}`, "dinomq COMMAND [OPTIONS]");
  assertStringIncludes(`${help}`, "--check-config");
  assertStringIncludes(`${help}`, "\n  group   A group\n");
  assertEquals(await call("greet", "--help"), [
    0,
    `Greets somebody.

Usage: dinomq greet NAME
       dinomq greet --all

Options:
  -a, --all                    Greet everybody
  -c, --code N                 Exit code
      --version                Show the version
      --help                   Show this text

Example:
  greet Dino
`,
    "",
  ]);
  assertEquals(await call("group", "--help"), [
    0,
    "Has commands.\n\nUsage: dinomq group COMMAND [OPTIONS]\n\nCommands:\n  greet  Greet somebody\n",
    "",
  ]);
  for (const args of [["--version"], ["greet", "--version"]]) {
    assertMatch(`${(await call(...args))[1]}`, /^DinoMQ \d+\.\d+\.\d+\n$/);
  }
});

Deno.test("a value that looks like --help is a value", async () => {
  const { code } = await run(greet, ["-c", "3", "--", "--help"]);
  assertEquals(code, 3);
});

Deno.test("programName() is what a person types", () => {
  const file = new URL("file:///home/dino/my%20clone/mod.ts");
  assertEquals(programName(file, "/home/dino/my clone"), "mod.ts");
  assertEquals(programName(file, "/home/dino"), "'my clone/mod.ts'");
  assertEquals(programName(file, "/tmp"), "'/home/dino/my clone/mod.ts'");
  assertEquals(
    programName(new URL("file:///opt/dinomq/mod.ts"), "/"),
    "opt/dinomq/mod.ts",
  );
  assertEquals(
    programName(new URL("https://jsr.io/@dinomq/broker/0.1.0/mod.ts"), "/"),
    "jsr:@dinomq/broker",
  );
  assertEquals(
    programName(new URL("https://example.com/mod.ts"), "/"),
    "https://example.com/mod.ts",
  );
});

Deno.test("the broker starts without loading a command", () => {
  const loaded = new Set<string>();
  const bare = new Set<string>();
  const root = new URL("../../", import.meta.url);
  const load = (file: URL) => {
    const path = file.href.slice(root.href.length);
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const found of importsOf(Deno.readTextFileSync(file))) {
      const { specifier, typeOnly, dynamic } = found;
      if (typeOnly || dynamic || !specifier) continue;
      if (!specifier.startsWith(".")) bare.add(specifier);
      else if (specifier.endsWith(".ts")) load(new URL(specifier, file));
    }
  };
  load(new URL("mod.ts", root));
  assertEquals(loaded.has("broker/cli/serve.ts"), true);
  const commands = [...loaded].filter((path) =>
    /_command\.ts$|^broker\/cli\/.+\//.test(path)
  );
  assertEquals(commands, []);
  assertEquals(
    [...bare].filter((name) => !name.startsWith("node:")).sort(),
    ["@std/cli", "@std/yaml", "mqtt-packet", "valibot"],
  );
});
