import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Branch } from "../../broker/topics/branch.ts";

class Leaf {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

function names(branch: Branch<Leaf>): string[] {
  const found: string[] = [];
  const children = branch.children();
  for (let next = children.next(); !next.done; next = children.next()) {
    found.push(next.value[0]);
  }
  return found;
}

Deno.test("Branch finds the levels below, whether none, one or several", () => {
  const branch = new Branch<Leaf>();
  assert(branch.childless);
  assertEquals(names(branch), []);
  assertEquals(branch.child(""), undefined);
  for (let size = 1; size <= 3; size++) {
    const child = branch.addChild(`level ${size}`, new Leaf(size));
    assertEquals(child.id, size);
    assertStrictEquals(branch.child(`level ${size}`), child);
    assertEquals(branch.child("level 1")?.id, 1);
    assertEquals(branch.child("other"), undefined);
    assert(!branch.childless);
    assertEquals(names(branch).length, size);
  }
  for (let size = 3; size >= 1; size--) {
    branch.removeChild(`level ${size}`);
    assertEquals(branch.child(`level ${size}`), undefined);
    assertEquals(names(branch).length, size - 1);
    assertEquals(branch.childless, size === 1);
  }
  // The last of several stays, not the first.
  branch.addChild("a", new Leaf(1));
  branch.addChild("", new Leaf(2));
  branch.removeChild("a");
  assertEquals(branch.child("")?.id, 2);
  assertEquals(names(branch), [""]);
});

Deno.test("Branch.children() goes on while levels come and go", () => {
  const branch = new Branch<Leaf>();
  for (let i = 0; i < 4; i++) branch.addChild(`${i}`, new Leaf(i));
  const children = branch.children();
  assertEquals(children.next().value?.[0], "0");
  for (const name of ["0", "1", "2"]) branch.removeChild(name);
  assertEquals(children.next().value?.[0], "3");
  branch.removeChild("3");
  assert(children.next().done);
});
