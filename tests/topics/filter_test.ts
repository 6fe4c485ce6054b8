import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { covers, matches, parseFilter } from "../../broker/topics/filter.ts";
import { checkProperty } from "../_property.ts";
import { filters } from "./_arbitraries.ts";

// Filter, topic, whether it matches.
const TABLE: [string, string, boolean][] = [
  ["sport/tennis", "sport/tennis", true],
  ["sport/tennis", "sport/tennis/", false],
  ["sport/tennis", "Sport/tennis", false],
  ["sport/#", "sport", true],
  ["sport/#", "sport/", true],
  ["sport/#", "sport/tennis/player1", true],
  ["sport/#", "sports", false],
  ["#", "a", true],
  ["#", "/", true],
  ["#", "$SYS/a", false],
  ["+", "a", true],
  ["+", "/a", false],
  ["+", "a/b", false],
  ["+", "$SYS", false],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+/a", "$SYS/a", false],
  ["$SYS/#", "$SYS/a/b", true],
  ["$SYS/+", "$SYS/a", true],
  ["a/+/c", "a//c", true],
  ["a/+/c", "a/b/d", false],
  ["a/+", "a/", true],
  ["a/+", "a", false],
  ["a/+/#", "a/b", true],
  ["a/+/#", "a", false],
  ["a/#/b", "a/x/b", false],
  ["a#", "a#", false],
  ["a+/b", "a+/b", false],
  ["", "", false],
];

for (const [filter, topic, expected] of TABLE) {
  Deno.test(`matches() says ${expected} for "${filter}" and "${topic}"`, () => {
    assertEquals(matches(filter, topic), expected);
  });
}

Deno.test("matches() takes no longer for hostile filters", () => {
  const topic = "a/".repeat(30000);
  assertEquals(matches("+/".repeat(30000) + "b", topic), false);
  assertEquals(matches("a/".repeat(30000) + "#", topic), true);
});

Deno.test("covers() says yes only if everything requested is granted", () => {
  const names = ["a", "b", "", "c"];
  const topics = names.flatMap((a) => [
    a,
    ...names.flatMap((b) => [
      `${a}/${b}`,
      ...names.flatMap((c) => [`${a}/${b}/${c}`, `${a}/${b}/${c}/d`]),
    ]),
  ]).filter((topic) => topic !== "");
  const filter = filters(["a", "b", ""], 3);
  let covered = 0;
  checkProperty(
    fc.property(filter, filter, (granted, requested) => {
      if (!covers(granted, requested)) return;
      covered++;
      for (const topic of topics) {
        assert(
          !matches(requested, topic) || matches(granted, topic),
          `"${granted}" does not cover "${requested}": ${topic}`,
        );
      }
    }),
    5000,
  );
  assert(covered > 100, `only ${covered} were covered`);
  for (
    const [granted, requested] of [
      ["a/+", "a/#"],
      ["+", "#"],
      ["a/b", "a/+"],
      ["#", "$SYS/#"],
      ["+/a", "$SYS/a"],
    ]
  ) assertEquals(covers(granted, requested), false, `${granted} ${requested}`);
  for (
    const [granted, requested] of [
      ["a/#", "a"],
      ["a/#", "a/+/b"],
      ["a/#", "a/#"],
      ["#", "+/+"],
      ["+/b", "a/b"],
      ["$SYS/#", "$SYS/+"],
    ]
  ) assertEquals(covers(granted, requested), true, `${granted} ${requested}`);
});

Deno.test("parseFilter() takes shared subscriptions apart", () => {
  assertEquals(parseFilter("$share/g/a/#"), {
    text: "$share/g/a/#",
    group: "g",
    filter: "a/#",
    wildcard: true,
  });
  for (
    const bad of ["$share", "$share/", "$share/g", "$share//a", "$share/g/"]
      .concat("$share/+/a", "$share/g#/a", "$share/g/a#", "", "a/#/b", "a\0")
  ) assertEquals(typeof parseFilter(bad), "string", bad);
  assertEquals(typeof parseFilter("a/b/c", 2), "string");
});
