import { assertEquals, assertThrows } from "@std/assert";
import {
  describeFlags,
  type Flags,
  parseFlags,
  wholeNumber,
} from "../../broker/cli/flags.ts";
import { UsageError } from "../../broker/cli/usage_error.ts";

const FLAGS = {
  message: { short: "m", value: "TEXT", help: "The payload" },
  topic: { short: "t", value: "TOPIC", many: true, help: "Repeatable" },
  count: { short: "Cn", also: ["number"], value: "N", help: "How many" },
  verbose: { short: "v", help: "Say more" },
  retain: { short: "r", help: "Retained", heading: "More" },
  property: {
    short: "D",
    value: "NAME VALUE",
    words: (following: readonly string[]) => following[0] === "pair" ? 3 : 2,
    help: "A property",
  },
} as const satisfies Flags;

function parse(...args: string[]) {
  const { flags, operands } = parseFlags(args, FLAGS);
  const given = Object.entries(flags).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value
  );
  return { ...Object.fromEntries(given), _: operands };
}

Deno.test("parseFlags() fills in what is not given", () => {
  assertEquals(parseFlags([], FLAGS), {
    flags: {
      message: undefined,
      topic: [],
      count: undefined,
      verbose: false,
      retain: false,
      property: [],
    },
    operands: [],
  });
});

const GOOD: [args: string[], result: Record<string, unknown>][] = [
  [["-m", "hello"], { message: "hello", _: [] }],
  [["-mhello"], { message: "hello", _: [] }],
  [["--message", "hello"], { message: "hello", _: [] }],
  [["--message=a=b"], { message: "a=b", _: [] }],
  [["--message="], { _: [] }],
  [["-m", "-5"], { message: "-5", _: [] }],
  [["-m", "--verbose"], { message: "--verbose", _: [] }],
  [["-m", "--"], { message: "--", _: [] }],
  [["-m", "a", "-m", "b"], { message: "b", _: [] }],
  [["-t", "a", "--topic=b"], { topic: ["a", "b"], _: [] }],
  [["-vr"], { verbose: true, retain: true, _: [] }],
  [["-vt", "a"], { verbose: true, topic: ["a"], _: [] }],
  [["-vC3"], { verbose: true, count: "3", _: [] }],
  [["-n", "3"], { count: "3", _: [] }],
  [["--number", "3"], { count: "3", _: [] }],
  [["-D", "a", "b"], { property: [["a", "b"]], _: [] }],
  [["-D", "pair", "k", "-v", "-v"], {
    property: [["pair", "k", "-v"]],
    verbose: true,
    _: [],
  }],
  [["a", "-v", "-", "--", "-v"], { verbose: true, _: ["a", "-", "-v"] }],
];

for (const [args, result] of GOOD) {
  Deno.test(`parseFlags() reads ${args.join(" ")}`, () => {
    assertEquals(parse(...args), result as ReturnType<typeof parse>);
  });
}

Deno.test("parseFlags() keeps an empty value apart from none", () => {
  assertEquals(parseFlags(["--message="], FLAGS).flags.message, "");
  assertEquals(parseFlags(["-m", ""], FLAGS).flags.message, "");
});

const BAD: [args: string[], message: string][] = [
  [
    ["--mesage", "x"],
    'Cannot use "--mesage": there is no such flag. Did you mean --message?',
  ],
  [["--xyzzy=1"], 'Cannot use "--xyzzy": there is no such flag'],
  [["-vx"], 'Cannot use "-x": there is no such flag'],
  [["-m"], "Cannot use -m: it needs a value, TEXT"],
  [["--message"], "Cannot use --message: it needs a value, TEXT"],
  [["-D", "pair", "k"], "Cannot use -D: it needs NAME VALUE"],
  [["--verbose=yes"], "Cannot use --verbose: it takes no value"],
];

for (const [args, message] of BAD) {
  Deno.test(`parseFlags() refuses ${args.join(" ")}`, () => {
    const error = assertThrows(() => parseFlags(args, FLAGS), UsageError);
    assertEquals(error.message, message);
  });
}

Deno.test("wholeNumber() takes whole numbers in range only", () => {
  assertEquals(wholeNumber("-p", "1", 1, 65535), 1);
  assertEquals(wholeNumber("-p", "65535", 1, 65535), 65535);
  for (const text of ["0", "65536", "-1", "1.5", "0x10", "1e3", "", " 1"]) {
    const error = assertThrows(
      () => wholeNumber("-p", text, 1, 65535),
      UsageError,
    );
    assertEquals(
      error.message,
      `Cannot use -p "${text}": it must be a whole number, 1 to 65535`,
    );
  }
});

Deno.test("describeFlags() aligns flags under their headings", () => {
  const text = describeFlags({
    message: FLAGS.message,
    "a-flag-with-a-long-name": { value: "VALUE", help: "word ".repeat(14) },
    ...{ retain: FLAGS.retain, count: FLAGS.count },
  });
  assertEquals(
    text.split("\n").map((line) => line.trimEnd()),
    [
      "  -m, --message TEXT           The payload",
      "      --a-flag-with-a-long-name VALUE",
      "                               word word word word word word word word word word",
      "                               word word word word",
      "",
      "More:",
      "  -r, --retain                 Retained",
      "  -C, -n, --count N            How many (also --number)",
    ],
  );
});
