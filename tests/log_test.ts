import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import {
  createLogger,
  type LoggerOptions,
  silentLogger,
} from "../broker/log.ts";
import type { Logger } from "../plugins/mod.ts";

function record(
  options: LoggerOptions,
  log: (logger: Logger) => void,
): string[] {
  const lines: string[] = [];
  log(createLogger({ ...options, write: (line) => lines.push(line) }));
  return lines;
}

/** A line of the text format without its time. */
function text(log: (logger: Logger) => void): string {
  const [line] = record({}, log);
  return line.replace(/^\[.*?\] :: /, "");
}

Deno.test("createLogger() writes lines as aMQTT does", () => {
  const [line] = record(
    {},
    (log) =>
      log.child("plugin").child("x").info("Hello", { client: "a", n: 1 }),
  );
  assertMatch(
    line,
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}\] :: INFO :: dinomq\.plugin\.x :: Hello client=a n=1\n$/,
  );
});

Deno.test("createLogger() leaves out what is below its level", () => {
  const all = (log: Logger) => {
    log.debug("1");
    log.info("2");
    log.warn("3");
    log.child("x").error("4");
  };
  assertEquals(record({ level: "debug" }, all).length, 4);
  assertEquals(record({}, all).length, 3);
  const [warning, error, ...rest] = record({ level: "warn" }, all);
  assertMatch(warning, / :: WARN :: dinomq :: 3\n$/);
  assertMatch(error, / :: ERROR :: dinomq\.x :: 4\n$/);
  assertEquals(rest, []);
  const logger = createLogger({ level: "warn", write: () => {} });
  assert(!logger.isEnabled("info"));
  assert(logger.isEnabled("warn"));
  assert(!logger.child("x").isEnabled("debug"));
});

Deno.test("createLogger() writes values so that each can be told from the next", () => {
  const line = text((log) =>
    log.info("m", {
      plain: "a/b",
      empty: "",
      space: "a b=c",
      quote: 'a"b',
      none: undefined,
      nothing: null,
      big: 5n,
      bytes: new Uint8Array(3),
      error: new TypeError("no", { cause: new Error("why") }),
      map: { a: [1, "x"] },
      infinite: Infinity,
    })
  );
  assertEquals(
    line,
    'INFO :: dinomq :: m plain=a/b empty="" space="a b=c" quote="a\\"b" ' +
      'nothing=null big=5 bytes="[3 bytes]" ' +
      'error="TypeError: no (Error: why)" map={"a":[1,"x"]} infinite=Infinity\n',
  );
});

Deno.test("createLogger() lets nothing that a client chose start a line", () => {
  const evil =
    "a\n[2026-01-01 00:00:00,000] :: INFO\r\u001b[2J\u009b\u2028\u202e";
  for (const format of ["text", "json"] as const) {
    const lines = record({ format }, (log) => {
      log.child(evil).info(evil, { [evil]: evil, list: [{ [evil]: evil }] });
    });
    assertEquals(lines.length, 1);
    // deno-lint-ignore no-control-regex
    assertMatch(lines[0], /^[^\u0000-\u001f\u007f-\u009f\u2028\u202e]*\n$/);
  }
  assertEquals(
    text((log) => log.info("a\r\n\tb\u001b")),
    "INFO :: dinomq :: a\\r\\n\\tb\\u001b\n",
  );
});

Deno.test("createLogger() writes an object in JSON a line", () => {
  const [line] = record(
    { format: "json" },
    (log) =>
      log.child("x").warn("Hello", {
        level: "fake",
        time: 1,
        client: "a\u202eb",
        error: new Error("no"),
      }),
  );
  const { time, error, ...rest } = JSON.parse(line);
  assertEquals(rest, {
    level: "warn",
    logger: "dinomq.x",
    message: "Hello",
    level_: "fake",
    time_: 1,
    client: "a\u202eb",
  });
  assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals([error.name, error.message], ["Error", "no"]);
  assertEquals(typeof error.stack, "string");
});

Deno.test("createLogger() writes what holds itself", () => {
  const ring: Record<string, unknown> = { a: 1 };
  ring.self = ring;
  const error = new Error("no");
  error.cause = error;
  for (const format of ["text", "json"] as const) {
    const [line] = record(
      { format },
      (log) => log.info("m", { ring, error, f: () => 1, d: new Date(NaN) }),
    );
    assertMatch(line, /\[circular\]/);
  }
});

Deno.test("createLogger() writes to standard error and loses nothing at the end", async () => {
  const module = new URL("../broker/log.ts", import.meta.url).href;
  const program = `
    import { createLogger } from ${JSON.stringify(module)};
    const log = createLogger();
    for (let i = 0; i < 1000; i++) log.info("line", { i });
    Deno.exit(0);
  `;
  const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", program],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assertEquals(code, 0);
  assertEquals(stdout.length, 0);
  const lines = new TextDecoder().decode(stderr).split("\n")
    .filter((line) => line.includes(" :: dinomq :: line i="));
  assertEquals(lines.length, 1000);
});

Deno.test("silentLogger writes nothing and costs nothing", () => {
  assertStrictEquals(silentLogger.child("x"), silentLogger);
  assert(!silentLogger.isEnabled("error"));
});
