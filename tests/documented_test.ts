// Whoever reads about a public name finds an example there, and the examples run with
// the tests.
import { assert, assertEquals } from "@std/assert";

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: {
    readonly doc?: string;
    readonly tags?: readonly { readonly doc?: string }[];
  };
  readonly location: { readonly filename: string; readonly line: number };
}

interface Documentation {
  readonly nodes: Record<string, {
    readonly symbols: readonly {
      readonly name: string;
      readonly declarations: readonly Declaration[];
    }[];
  }>;
}

const root = new URL("../", import.meta.url);
const { exports } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", root)),
) as { exports: Record<string, string> };

for (const [name, file] of Object.entries(exports)) {
  Deno.test(`every name of "${name}" has an example`, async () => {
    const symbols = Object.values((await documentation(file)).nodes)
      .flatMap(({ symbols }) => symbols);
    assert(symbols.length > 0, "no name was found");
    const lacking = symbols.filter(({ declarations }) =>
      !declarations.some(hasExample)
    );
    assertEquals(
      lacking.map(({ name, declarations: [{ location }] }) =>
        `${name}, ${location.filename}:${location.line}`
      ),
      [],
    );
  });
}

/** It may stand in the text, or be tagged. */
function hasExample({ jsDoc }: Declaration): boolean {
  return [jsDoc, ...jsDoc?.tags ?? []].some((part) =>
    part?.doc?.includes("```ts")
  );
}

async function documentation(file: string): Promise<Documentation> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", file],
    cwd: root,
  }).output();
  const text = new TextDecoder();
  assert(success, text.decode(stderr));
  return JSON.parse(text.decode(stdout));
}
