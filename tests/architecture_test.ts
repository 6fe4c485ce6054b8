/**
 * Keeps the rules of the layout that CONTRIBUTING.md states, by reading the
 * import statements of every file.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Import, importsOf } from "./_imports.ts";

const root = new URL("../", import.meta.url);
const config = JSON.parse(
  Deno.readTextFileSync(new URL("deno.json", root)),
) as { imports: Record<string, string>; exports: Record<string, string> };

/** Files that may have more than 400 lines, and why. */
const longFiles: Record<string, string> = {};

const maximumLines = 400;

const bundled = Object.entries(config.imports)
  .filter(([name]) => name.startsWith("dinomq.plugins/"))
  .map(([, target]) => target.replace("./", ""));

const files = ["broker", "codec", "plugins", "examples"].flatMap((folder) =>
  typescriptFiles(`${folder}/`)
);

// -- Who may import whom --

Deno.test("codec/ imports nothing of ours", () => {
  refuse(
    inFolder("codec/"),
    ({ target }) => target !== undefined && !target.startsWith("codec/"),
  );
});

Deno.test("the plugin API imports types only, and nothing but itself", () => {
  const api = inFolder("plugins/api/");
  refuse(api, ({ typeOnly }) => !typeOnly);
  refuse(
    ["plugins/mod.ts", ...api],
    ({ target }) => target !== undefined && !target.startsWith("plugins/api/"),
  );
});

Deno.test("broker/ imports broker/, codec/ and the plugin framework", () => {
  refuse(inFolder("broker/"), ({ target }) => {
    if (target === undefined || target === "deno.json") return false;
    return !/^(broker|codec)\//.test(target) && !isFramework(target);
  });
});

Deno.test("bundled plugins import only plugins/mod.ts and private folders", () => {
  assert(bundled.length > 0);
  const theirs = files.filter((file) =>
    bundled.includes(file) || isPrivate(file)
  );
  refuse(theirs, ({ target, from }) => {
    if (target === undefined || target === "deno.json") return false;
    if (isCommand(from) && target === "broker/cli/mod.ts") return false;
    // Commands may share a part, in their own folder.
    if (isCommand(target)) {
      return !isCommand(from) || folderOf(target) !== folderOf(from);
    }
    // plugins/sys.ts gets its version from deno.json.
    if (target === "plugins/mod.ts" || isPrivate(target)) return false;
    // A folder of a bundled plugin may also hold the plugin's own file.
    return folderOf(target) !== folderOf(from) || folderOf(from) === "plugins/";
  });
});

Deno.test("the plugin framework imports no broker/, codec/ or bundled plugin", () => {
  const framework = inFolder("plugins/").filter(isFramework);
  assert(framework.includes("plugins/mod.ts"));
  refuse(framework, (found) => {
    if (found.target === undefined) return false;
    // The one list of literal import()s, which `deno publish` rewrites.
    if (found.from === "plugins/bundled.ts" && found.dynamic) {
      return !bundled.includes(found.target);
    }
    // The syntax of topics, which imports nothing: a sandbox has no broker to ask.
    if (
      found.from === "plugins/sandbox/child_context.ts" &&
      found.target === "broker/topics/filter.ts"
    ) return false;
    return !isFramework(found.target);
  });
});

Deno.test("mod.ts imports no bundled plugin, and commands when they are called", () => {
  refuse(["mod.ts"], ({ target, dynamic }) => {
    if (target === undefined || !isBundled(target)) return false;
    return !(dynamic && isCommand(target));
  });
});

Deno.test("exactly one import() is computed, in plugins/", () => {
  const computed = [...files, "mod.ts"].flatMap(read).filter(({ specifier }) =>
    specifier === undefined
  );
  assertEquals(computed.length, 1, describe(computed));
  assertMatch(computed[0].from, /^plugins\/[a-z_]+\.ts$/);
});

Deno.test("every import of ours names a file that exists", () => {
  refuse([...files, "mod.ts"], ({ target }) => {
    if (target === undefined) return false;
    try {
      return !Deno.statSync(new URL(target, root)).isFile;
    } catch {
      return true;
    }
  });
});

// -- The form of files --

Deno.test("a file has at most 400 lines, but for those with a reason", () => {
  const tooLong = [...files, "mod.ts", ...typescriptFiles("links/")]
    .filter((file) => lineCount(file) > maximumLines);
  assertEquals(tooLong.sort(), Object.keys(longFiles).sort());
});

Deno.test("files are named in snake_case", () => {
  for (const file of [...files, ...typescriptFiles("tests/")]) {
    assertMatch(file, /^([a-z0-9_]+\/)+[a-z0-9_]+\.(d\.)?ts$/);
  }
});

Deno.test("bundled plugins are named in deno.json and exist", () => {
  for (const file of bundled) assert(files.includes(file), file);
});

// -- Reading --

Deno.test("importsOf() finds every form of import and no other text", () => {
  const source = [
    'import a from "./a.ts";',
    'import type { B } from "./b.ts";',
    'import { type C,\n  type D as E } from "./c.ts";',
    'import { type F, g } from "./f.ts";',
    'export * from "./h.ts";',
    'export type { I } from "./i.ts";',
    'import "./j.ts";',
    'const k = await import("./k.ts");',
    "const l = await import(name);",
    '/* import m from "./m.ts"; */ // import("./n.ts")',
    "const o = `import p from './p.ts'; ${await import(q)}`;",
    'const r = "import s from \\"./s.ts\\"";',
    'import t from "./t.json" with { type: "json" };',
    "import.meta.url;",
    'type U = import("./u.ts").U;',
  ].join("\n");
  assertEquals(
    importsOf(source).map((found) => [
      found.specifier,
      found.typeOnly ? "type" : found.dynamic ? "dynamic" : "value",
    ]),
    [
      ["./a.ts", "value"],
      ["./b.ts", "type"],
      ["./c.ts", "type"],
      ["./f.ts", "value"],
      ["./h.ts", "value"],
      ["./i.ts", "type"],
      ["./j.ts", "value"],
      ["./k.ts", "dynamic"],
      [undefined, "dynamic"],
      [undefined, "dynamic"],
      ["./t.json", "value"],
      ["./u.ts", "type"],
    ],
  );
});

interface FoundImport extends Import {
  from: string;
  target: string | undefined;
}

/** The imports of a file; `target` is the path of a file of ours. */
function read(file: string): FoundImport[] {
  const source = Deno.readTextFileSync(new URL(file, root));
  return importsOf(source).map((found) => ({
    ...found,
    from: file,
    target: targetOf(file, found.specifier),
  }));
}

function targetOf(
  file: string,
  specifier: string | undefined,
): string | undefined {
  if (specifier === undefined) return undefined;
  const ownName = /^@dinomq\/broker(\/.*)?$/.exec(specifier);
  if (ownName) return config.exports[`.${ownName[1] ?? ""}`]?.slice(2);
  const mapped = config.imports[specifier];
  if (mapped?.startsWith("./")) return mapped.slice(2);
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, new URL(file, root)).href.slice(root.href.length);
}

function refuse(
  from: string[],
  isWrong: (found: FoundImport) => boolean,
): void {
  assert(from.length > 0, "there is nothing to check");
  const wrong = from.flatMap(read).filter(isWrong);
  assertEquals(wrong.length, 0, describe(wrong));
}

function describe(imports: FoundImport[]): string {
  return imports.map(({ from, specifier }) =>
    `\n${from} imports ${specifier ?? "something computed"}`
  ).join("");
}

function inFolder(folder: string): string[] {
  return files.filter((file) => file.startsWith(folder));
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/") + 1);
}

function isBundled(file: string): boolean {
  return bundled.includes(file) || isPrivate(file);
}

/** `plugins/_name/…` belongs to bundled plugins. */
function isPrivate(file: string): boolean {
  return file.startsWith("plugins/_");
}

/** `plugins/_name/…_command.ts`: a command about what a plugin keeps. */
function isCommand(file: string): boolean {
  return isPrivate(file) && file.endsWith("_command.ts");
}

function isFramework(file: string): boolean {
  return file.startsWith("plugins/") && !isBundled(file);
}

function lineCount(file: string): number {
  return Deno.readTextFileSync(new URL(file, root)).split("\n").length - 1;
}

function typescriptFiles(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap((entry) => {
    if (entry.isDirectory) {
      return entry.name === "node_modules"
        ? []
        : typescriptFiles(`${folder}${entry.name}/`);
    }
    return entry.name.endsWith(".ts") ? [`${folder}${entry.name}`] : [];
  });
}
