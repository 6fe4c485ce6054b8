/** SECURITY.md names every class and its test, and nothing that is not there. */

import { assertEquals } from "@std/assert";

Deno.test("the table of SECURITY.md has the 42 classes, each with a test that is there", async () => {
  const security = await Deno.readTextFile(
    new URL("../../SECURITY.md", import.meta.url),
  );
  const rows = [...security.matchAll(/^\| (\d+) +\|.*\| `(\w+\.ts)` +\|$/gm)];
  const files: string[] = [];
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    if (/^\d/.test(name)) files.push(name);
  }
  assertEquals(rows.map(([, , file]) => file), files.sort());
  assertEquals(
    rows.map(([, number]) => Number(number)),
    Array.from({ length: 42 }, (_, i) => i + 1),
  );
  for (const [, number, file] of rows) {
    assertEquals(Number(file.slice(0, 2)), Number(number));
  }
});
