import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { FLAGS_HELP, parseOptions } from "../../broker/cli/serve_options.ts";
import { UsageError } from "../../broker/cli/usage_error.ts";

Deno.test("parseOptions() without arguments runs the broker", () => {
  assertEquals(parseOptions([]), {
    action: "run",
    logLevel: "info",
    logFormat: "text",
  });
});

Deno.test("parseOptions() reads every flag", () => {
  assertEquals(
    parseOptions([
      "--config=broker.yaml",
      "--listen",
      "0.0.0.0:1884",
      "--listen=ws://[::]:8083/live",
      "--listen",
      "unix:/run/a.sock",
      "--plugin-namespace",
      "mypackage.mymodule.plugins",
      "--import-map",
      "deno.json",
      "--check-config",
      "--log-level",
      "warn",
      "--log-format",
      "json",
    ]),
    {
      action: "check",
      config: "broker.yaml",
      listeners: {
        default: { type: "tcp", bind: "0.0.0.0:1884" },
        listen2: { type: "ws", bind: "[::]:8083", wsPath: "/live" },
        listen3: { type: "unix", path: "/run/a.sock" },
      },
      pluginNamespace: "mypackage.mymodule.plugins",
      importMap: "deno.json",
      logLevel: "warn",
      logFormat: "json",
    },
  );
});

Deno.test("parseOptions() knows aMQTT's short flags", () => {
  const options = parseOptions(["-c", "broker.yaml", "-d"]);
  assertEquals([options.config, options.logLevel], ["broker.yaml", "debug"]);
  assertEquals(parseOptions(["-h"]).action, "help");
  assertEquals(parseOptions(["--version"]).action, "version");
});

Deno.test("parseOptions() takes numbers as they were written", () => {
  assertEquals(parseOptions(["--config", "007"]).config, "007");
  assertEquals(parseOptions(["--listen", "1883"]).listeners, {
    default: { type: "tcp", bind: "1883" },
  });
});

const ADDRESS_FORMS =
  "it must be an address such as 1883, host:1883, [::]:1883, ws://host:8083/mqtt or unix:/run/dinomq.sock";

const BAD: [args: string[], message: string][] = [
  [
    ["--confg", "x"],
    'Cannot use "--confg": there is no such flag. Did you mean --config?',
  ],
  [["--xyzzy=1"], 'Cannot use "--xyzzy": there is no such flag'],
  [["-x"], 'Cannot use "-x": there is no such flag'],
  [
    ["broker.yaml"],
    'Cannot use argument "broker.yaml": the broker takes flags only, and a command comes before all flags',
  ],
  [
    ["--", "x"],
    'Cannot use argument "x": the broker takes flags only, and a command comes before all flags',
  ],
  [["--config"], "Cannot use --config: it needs a value"],
  [["--config", "--debug"], "Cannot use --config: it needs a value"],
  [["--listen="], "Cannot use --listen: it needs a value"],
  [
    ["--log-level", "loud"],
    'Cannot use --log-level "loud": it must be debug, info, warn, error',
  ],
  [
    ["--log-format", "xml"],
    'Cannot use --log-format "xml": it must be text, json',
  ],
  [
    ["--listen", "host:99999"],
    `Cannot use --listen "host:99999": ${ADDRESS_FORMS}`,
  ],
  [
    ["--listen", "tcp://host:1/path"],
    `Cannot use --listen "tcp://host:1/path": ${ADDRESS_FORMS}`,
  ],
];

for (const [args, message] of BAD) {
  Deno.test(`parseOptions() refuses ${args.join(" ")}`, () => {
    const error = assertThrows(() => parseOptions(args), UsageError);
    assertEquals(error.message, message);
  });
}

Deno.test("FLAGS_HELP names every flag", () => {
  for (
    const flag of [
      "--config",
      "--listen",
      "--plugin-namespace",
      "--import-map",
      "--check-config",
      "--log-level",
      "--log-format",
      "--debug",
      "--version",
      "--help",
    ]
  ) assertStringIncludes(FLAGS_HELP, flag);
});
