/**
 * The stand-ins in `links/` behave as the packages they stand in for are
 * documented to. With the real packages in their place these tests pass too.
 */

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { parseArgs as parseArgsOfMod } from "@std/cli";
import { parse, stringify } from "@std/yaml";

// -- @std/assert --

class Point {
  constructor(readonly x: number) {}
}

const equalPairs: [unknown, unknown][] = [
  [1, 1],
  [NaN, NaN],
  [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
  [new Map([["a", 1], ["b", 2]]), new Map([["b", 2], ["a", 1]])],
  [new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])],
  [new Set([1, { a: 1 }]), new Set([{ a: 1 }, 1])],
  [new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  [new Date(5), new Date(5)],
  [/a/g, /a/g],
  [new URL("mqtt://h/"), new URL("mqtt://h/")],
  [new Point(1), new Point(1)],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
];

const unequalPairs: [unknown, unknown][] = [
  [1, 2],
  [1, "1"],
  [null, undefined],
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [[1, 2], [2, 1]],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Set([1]), new Set([2])],
  [new Set([1, 2]), new Set([1])],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  [new Uint8Array([1]), [1]],
  [new Date(5), new Date(6)],
  [/a/g, /a/],
  [new Point(1), { x: 1 }],
  [() => 1, () => 1],
];

Deno.test("assertEquals() accepts what is deeply equal", () => {
  for (const [a, b] of equalPairs) {
    assertEquals(a, b);
    assertThrows(() => assertNotEquals(a, b), AssertionError);
  }
});

Deno.test("assertEquals() refuses what differs", () => {
  for (const [a, b] of unequalPairs) {
    const text = Deno.inspect([a, b]);
    const error = assertThrows(
      () => assertEquals(a, b, text),
      AssertionError,
      "Values are not equal",
    );
    assertStringIncludes(error.message, text);
    assertNotEquals(a, b);
  }
});

Deno.test("assertEquals() compares objects that hold themselves", () => {
  const a: Record<string, unknown> = { n: 1 };
  const b: Record<string, unknown> = { n: 1 };
  a.self = a;
  b.self = b;
  assertEquals(a, b);
});

Deno.test("assertThrows() returns the error and checks class and message", () => {
  const error = assertThrows(
    () => {
      throw new TypeError("bad thing");
    },
    TypeError,
    "bad",
  );
  assertStrictEquals(error.message, "bad thing");
  function wrongClass(): void {
    assertThrows(() => {
      throw new TypeError("bad thing");
    }, RangeError);
  }
  function wrongText(): void {
    assertThrows(
      () => {
        throw new TypeError("bad thing");
      },
      TypeError,
      "good",
    );
  }
  function silent(): void {
    assertThrows(() => 1);
  }
  for (const wrong of [wrongClass, wrongText, silent]) {
    let caught: unknown;
    try {
      wrong();
    } catch (error) {
      caught = error;
    }
    assertInstanceOf(caught, AssertionError);
  }
});

Deno.test("assertRejects() wants a rejected promise, not a throw", async () => {
  const error = await assertRejects(
    () => Promise.reject(new RangeError("too far")),
    RangeError,
    "far",
  );
  assertEquals(error.message, "too far");
  await assertRejects(
    () => assertRejects(() => Promise.resolve(1)),
    AssertionError,
    "Expected function to reject",
  );
  await assertRejects(
    () =>
      assertRejects(() => {
        throw new Error("sync");
      }),
    AssertionError,
    "throws when expected to reject",
  );
});

Deno.test("the simple assertions accept and refuse", () => {
  assert(1);
  assertFalse(0);
  assertExists("");
  assertMatch("abc", /b/);
  assertGreater(2, 1);
  assertGreaterOrEqual(2, 2);
  assertLess(1, 2);
  assertLessOrEqual(2, 2);
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertArrayIncludes([{ a: 1 }, 2, 3], [3, { a: 1 }]);
  assertObjectMatch({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } });
  assertIsError(new TypeError("x y"), TypeError, /x/);
  const refusals: (() => void)[] = [
    () => assert(0),
    () => assertFalse(1),
    () => assertExists(null),
    () => assertMatch("abc", /d/),
    () => assertStringIncludes("abc", "d"),
    () => assertStrictEquals({}, {}),
    () => assertInstanceOf({}, Map),
    () => assertGreater(1, 1),
    () => assertGreaterOrEqual(1, 2),
    () => assertLess(1, 1),
    () => assertLessOrEqual(2, 1),
    () => assertAlmostEquals(1, 1.1),
    () => assertArrayIncludes([1], [2]),
    () => assertObjectMatch({ a: 1 }, { a: 2 }),
    () => assertObjectMatch({ a: 1 }, { b: undefined }),
    () => assertIsError("x"),
    () => fail("x"),
    () => unreachable(),
  ];
  for (const refusal of refusals) {
    assertThrows(refusal, AssertionError, undefined, String(refusal));
  }
});

// -- @std/cli --

Deno.test("parseArgs() guesses types when nothing is said", () => {
  assertEquals({
    ...parseArgs(["--foo", "--bar=baz", "--n", "5", "-x", "y", "./f.txt", "7"]),
  }, { foo: true, bar: "baz", n: 5, x: "y", _: ["./f.txt", 7] });
  assertStrictEquals(parseArgsOfMod, parseArgs);
});

Deno.test("parseArgs() keeps strings, collects and fills in booleans", () => {
  const flags = parseArgs(
    ["--port", "1883", "--listen", "a", "--listen=b", "-v", "rest"],
    {
      string: ["port", "listen", "config"],
      boolean: ["verbose", "help"],
      collect: ["listen"],
      alias: { v: "verbose" },
    },
  );
  const port: string | undefined = flags.port;
  const listen: string[] = flags.listen;
  const verbose: boolean = flags.verbose;
  assertEquals(port, "1883");
  assertEquals(listen, ["a", "b"]);
  assertEquals(verbose, true);
  assertEquals(flags.help, false);
  assertEquals(flags.v, true);
  assertEquals(flags.config, undefined);
  assertEquals(flags._, ["rest"]);
});

Deno.test("parseArgs() collects to [] when the argument is not given", () => {
  assertEquals(
    parseArgs([], { string: ["listen"], collect: ["listen"] }).listen,
    [],
  );
});

Deno.test("parseArgs() uses the last value of what is not collected", () => {
  assertEquals(parseArgs(["--a=1", "--a=2"], { string: "a" }).a, "2");
});

Deno.test("parseArgs() gives a string flag without a value an empty text", () => {
  assertEquals(parseArgs(["--a", "--b"], { string: ["a"] }).a, "");
});

Deno.test("parseArgs() takes values with = signs and short groups", () => {
  const flags = parseArgs(["--q=a=b", "-abc", "-n5", "-k=v"]);
  assertEquals({ ...flags }, {
    q: "a=b",
    a: true,
    b: true,
    c: true,
    n: 5,
    k: "v",
    _: [],
  });
});

Deno.test("parseArgs() applies defaults to aliases too", () => {
  const flags = parseArgs([], {
    string: ["level"],
    alias: { level: "l" },
    default: { level: "info" },
  });
  assertEquals(flags.level, "info");
  assertEquals(flags.l, "info");
});

Deno.test("parseArgs() negates only what is negatable", () => {
  const flags = parseArgs(["--no-color", "--no-log"], {
    boolean: ["color"],
    negatable: ["color"],
    default: { color: true },
  });
  assertEquals(flags.color, false);
  assertEquals(flags["no-log"], true);
});

Deno.test("parseArgs() asks unknown() and leaves out what it refuses", () => {
  const asked: unknown[] = [];
  const flags = parseArgs(["--known", "--bad=1", "stray"], {
    boolean: ["known"],
    unknown: (arg, key, value) => {
      asked.push([arg, key, value]);
      return false;
    },
  });
  assertEquals(asked, [["--bad=1", "bad", "1"], [
    "stray",
    undefined,
    undefined,
  ]]);
  assertEquals({ ...flags }, { known: true, _: [] });
});

Deno.test("parseArgs() stops at -- and, if asked, at the first non-flag", () => {
  assertEquals(parseArgs(["a", "--", "--b"])._, ["a", "--b"]);
  const flags = parseArgs(["a", "--", "--b"], { "--": true });
  assertEquals(flags["--"], ["--b"]);
  assertEquals(flags._, ["a"]);
  assertEquals({ ...parseArgs(["-x", "--", "y"], { stopEarly: true }) }, {
    x: true,
    _: ["y"],
  });
  assertEquals({ ...parseArgs(["run", "--x"], { stopEarly: true }) }, {
    _: ["run", "--x"],
  });
});

// -- @std/yaml --

Deno.test("parse() follows YAML 1.2: on, off, yes and no are strings", () => {
  assertEquals(parse("a: on\nb: off\nc: yes\nd: no\ne: true\nf: False"), {
    a: "on",
    b: "off",
    c: "yes",
    d: "no",
    e: true,
    f: false,
  });
});

Deno.test("parse() reads maps, lists, numbers, null and texts", () => {
  const text = `
# comment
listeners:
  default: { type: tcp, bind: "0.0.0.0:1883" }
list: [1, 2.5, 0x10, ~, '']
empty:
text: |
  one
  two
base: &base { a: 1 }
copy:
  <<: *base
  b: 2
`;
  assertEquals(parse(text), {
    listeners: { default: { type: "tcp", bind: "0.0.0.0:1883" } },
    list: [1, 2.5, 16, null, ""],
    empty: null,
    text: "one\ntwo\n",
    base: { a: 1 },
    copy: { a: 1, b: 2 },
  });
  assertEquals(parse(""), null);
});

Deno.test("parse() throws a SyntaxError that names line and column", () => {
  const broken = [
    "a: 1\nb: [1, 2\nc: 3\n",
    "a: 1\na: 2\n",
    "a:\n\t- b\n",
    "a: *nothing\n",
    "a: !unknown x\n",
    "a: 1\n---\nb: 2\n",
    'a: "open\n',
  ];
  for (const text of broken) {
    const error = assertThrows(() => parse(text), SyntaxError, undefined, text);
    assertMatch(error.message, /at line \d+, column \d+/, text);
  }
  const error = assertThrows(() => parse("a: 1\na: 2\n"), SyntaxError);
  assertStringIncludes(error.message, "line 2");
});

Deno.test("stringify() writes what parse() reads back", () => {
  const value = { a: [1, "on", "1", null, true], b: { c: "x: y", d: "" } };
  assertEquals(parse(stringify(value)), value);
  assertThrows(() => stringify({ f: () => 1 }), TypeError);
});
