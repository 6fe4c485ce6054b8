import { assertEquals } from "@std/assert";
import { type LevelNode, LevelTree } from "../../broker/topics/level_tree.ts";

interface Value {
  readonly number: number;
}

/** The nodes as they are: their levels, `=` and what stands there, and what is below. */
function shape(node: LevelNode<Value>): unknown {
  const children = node.children();
  const found: Record<string, unknown> = {};
  for (let next = children.next(); !next.done; next = children.next()) {
    const [level, child] = next.value;
    const path = child.tail === undefined ? level : `${level}/${child.tail}`;
    const value = child.value === undefined ? "" : `=${child.value.number}`;
    found[path + value] = shape(child);
  }
  return found;
}

function treeOf(...paths: string[]): LevelTree<Value> {
  const tree = new LevelTree<Value>();
  paths.forEach((path, i) => tree.place(path).value = { number: i + 1 });
  return tree;
}

Deno.test("LevelTree has one node for a row of levels", () => {
  const deep = Array.from({ length: 128 }, () => "d").join("/");
  assertEquals(shape(treeOf(deep).root), { [`${deep}=1`]: {} });
});

Deno.test("LevelTree divides a row where something else branches off or ends", () => {
  assertEquals(shape(treeOf("a/b/c/d", "a/b/x", "a").root), {
    "a=3": { b: { "c/d=1": {}, "x=2": {} } },
  });
  assertEquals(shape(treeOf("a/b/c", "a/b").root), { "a/b=2": { "c=1": {} } });
  assertEquals(shape(treeOf("a/b", "a/b/c").root), { "a/b=1": { "c=2": {} } });
});

Deno.test("LevelTree tells empty levels from none", () => {
  const paths = ["a", "a/", "a//", "/a", "/", "//", ""];
  for (const order of [paths, paths.toReversed()]) {
    const tree = treeOf(...order);
    order.forEach((path, i) =>
      assertEquals(tree.get(path)?.number, i + 1, path)
    );
    assertEquals(tree.get("///"), undefined);
    assertEquals(tree.get("//a"), undefined);
  }
});

Deno.test("LevelTree finds only what stands at the very place", () => {
  const tree = treeOf("a/bc/d", "a/bc/e/f");
  for (const path of ["a", "a/b", "a/bc", "a/bcd", "a/bc/e", "a/bc/d/e"]) {
    assertEquals(tree.get(path), undefined, path);
  }
  assertEquals(tree.get("a/bc/e/f")?.number, 2);
});

Deno.test("LevelTree.delete() leaves nothing of what nobody needs", () => {
  const tree = treeOf("a/b/c/d", "a/b/x", "a");
  tree.delete("a/b");
  tree.delete("a/b/c");
  tree.delete("nothing");
  assertEquals(tree.get("a/b/c/d")?.number, 1);
  tree.delete("a");
  tree.delete("a/b/x");
  assertEquals(tree.get("a/b/c/d")?.number, 1);
  tree.delete("a/b/c/d");
  assertEquals(tree.root.childless, true);
});
