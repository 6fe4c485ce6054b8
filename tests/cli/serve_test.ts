import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "./_folder.ts";
import { deno, MOD, Process, run } from "./_process.ts";

const STOP_SIGNAL =
  new URL("../../broker/stop_signal.ts", import.meta.url).href;

const CONFIG = `
listeners: { default: { bind: "127.0.0.1:0" } }
plugins: { auth_anonymous: }
`;

function withConfig(
  content: string,
  test: (path: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const path = `${folder}/broker.yaml`;
    await Deno.writeTextFile(path, content);
    await test(path);
  });
}

Deno.test("the command line shows help and version", async () => {
  const help = await run("--help");
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "--check-config");
  const version = await run("--version");
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^DinoMQ \d+\.\d+\.\d+\n$/);
});

Deno.test({
  name:
    "SIGHUP reloads the configuration; a bad one is logged and changes nothing",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withConfig(CONFIG, async (path) => {
      const command = deno("run", "-A", MOD, "--config", path);
      await using process = new Process(command);
      await process.until("is ready");
      process.kill("SIGHUP");
      await process.until("Configuration reloaded");
      await Deno.writeTextFile(path, `${CONFIG}max-qos: 7\n`);
      process.kill("SIGHUP");
      await process.until("The configuration stays as it is: ");
      await process.until("max-qos");
      await Deno.writeTextFile(path, `${CONFIG}overlapping: each\n`);
      process.kill("SIGHUP");
      await process.until("A restart is needed");
      await process.until('restart=["overlapping"]');
      process.kill("SIGTERM");
      assertEquals(await process.code(), 0);
    }),
});

Deno.test("the command line refuses arguments that it does not know with code 2", async () => {
  const { code, stdout, stderr } = await run("--confg", "x");
  assertEquals([code, stdout], [2, ""]);
  assertEquals(
    stderr,
    'error: Cannot use "--confg": there is no such flag. Did you mean --config?\nTry --help.\n',
  );
});

Deno.test("a bad configuration ends with code 1 and never falls back", async () => {
  await withConfig(
    "listeners: {default: {bind: 127.0.0.1:0}\n",
    async (path) => {
      const { code, stderr } = await run("--config", path);
      assertEquals(code, 1);
      assertEquals(stderr.split("\n").length, 2);
      assertStringIncludes(
        stderr,
        `error: Cannot use configuration "${path}": line `,
      );
    },
  );
  const missing = await run("--config", "no/such/file.yaml");
  assertEquals(missing.code, 1);
  assertEquals(
    missing.stderr,
    'error: Cannot use configuration "no/such/file.yaml": it cannot be read: "no/such/file.yaml" does not exist: create it or correct the path, which starts at the working directory\n',
  );
});

Deno.test("an error has its stack with --log-level debug only", async () => {
  await withConfig("max-qos: 7\n", async (path) => {
    const { code, stderr } = await run("--config", path, "--log-level=debug");
    assertEquals(code, 1);
    assertMatch(stderr, /^error: .*max-qos must be 0, 1 or 2, not 7\n/);
    assertStringIncludes(stderr, "    at resolveConfig");
  });
});

Deno.test("--check-config lists listeners and plugins and opens no port", async () => {
  // The port is taken, so that opening it would fail.
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const yaml = `
listeners: {default: {bind: "127.0.0.1:${port}"}}
plugins: [event_logger, auth_anonymous]
`;
  await withConfig(yaml, async (path) => {
    const { code, stdout, stderr } = await run(
      "--config",
      path,
      "--check-config",
    );
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, `Configuration "${path}" is valid\n`);
    assertStringIncludes(stdout, `Listener default: tcp 127.0.0.1:${port}\n`);
    assertMatch(stdout, /\nPlugin auth_anonymous: .*: authenticate\n/);
    assertMatch(stdout, /\nPlugin event_logger: .*onBrokerClientConnected/);
    const failed = await run("--config", path);
    assertEquals(failed.code, 1);
    assertMatch(
      failed.stderr,
      /^error: Cannot listen on 127\.0\.0\.1:\d+ \(listeners\.default\.bind\): the port is in use\./,
    );
  });
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test({
    name:
      `aMQTT 49: the broker starts with a YAML file and stops in order at ${signal}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const yaml = `
listeners:
  default: {bind: "127.0.0.1:0", max-connections: 7}
plugins: [auth_anonymous]
`;
      await withConfig(yaml, async (path) => {
        await using broker = new Process(
          deno("run", "-A", MOD, "--config", path),
        );
        await broker.until("is ready\n");
        assertMatch(
          broker.text,
          / :: INFO :: dinomq :: Listener 'default' bind to 127\.0\.0\.1:\d+ \(max_connections=7\)\n.* :: DinoMQ \d+\.\d+\.\d+ is ready\n/,
        );
        broker.kill(signal);
        assertEquals(await broker.code(), 0);
        assertStringIncludes(broker.text, `because of ${signal}\n`);
        assertStringIncludes(broker.text, "DinoMQ is stopped\n");
      });
    },
  });
}

Deno.test("--check-config names the admin listener", async () => {
  const yaml = 'plugins: [auth_anonymous]\nadmin: {bind: "[::1]:8080"}\n';
  await withConfig(yaml, async (path) => {
    const { code, stdout } = await run("--config", path, "--check-config");
    assertEquals(code, 0);
    assertStringIncludes(stdout, "Admin: [::1]:8080\n");
  });
});

Deno.test("--listen replaces the listeners of the configuration", async () => {
  const yaml = `
listeners: {a: {bind: "127.0.0.1:0"}, b: {bind: "127.0.0.1:0"}}
plugins: [auth_anonymous]
`;
  await withConfig(yaml, async (path) => {
    await using broker = new Process(
      deno(
        ...["run", "-A", MOD, "--config", path, "--listen", "[::1]:0"],
        ...["--log-format", "json"],
      ),
    );
    await broker.until("is ready");
    const messages = broker.text.split("\n").filter(Boolean)
      .map((line) => JSON.parse(line).message);
    assertEquals(messages.length, 2);
    assertMatch(messages[0], /^Listener 'default' bind to \[::1\]:\d+ /);
  });
});

Deno.test("--listen without --config warns that it lets the world in", async () => {
  await using broker = new Process(
    deno("run", "-A", MOD, "--listen", "0.0.0.0:0"),
  );
  await broker.until("is ready");
  assertMatch(broker.text, / :: WARN :: dinomq :: .* lets everybody in/);
});

Deno.test("a promise or a timer that a plugin leaves behind does not end the broker", async () => {
  const plugin = `data:text/javascript,${
    encodeURIComponent(`export default class {
      onBrokerPostStart() {
        Promise.reject(new Error("nobody waits for me"));
      }
      onBrokerPreShutdown() {
        return new Promise((resolve) => setTimeout(() => {
          setTimeout(resolve);
          throw new Error("nobody catches me");
        }));
      }
    }`)
  }`;
  const yaml = `
listeners: {default: {bind: "127.0.0.1:0"}}
plugins: [auth_anonymous, "${plugin}"]
`;
  await withConfig(yaml, async (path) => {
    await using broker = new Process(deno("run", "-A", MOD, "--config", path));
    await broker.until("nobody waits for me");
    await broker.until("is ready");
    broker.kill("SIGTERM");
    assertEquals(await broker.code(), 0);
    assertStringIncludes(broker.text, "DinoMQ is stopped\n");
  });
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `a second ${signal} ends the process at once with code ${code}`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      const program = `
        import { StopSignal } from ${JSON.stringify(STOP_SIGNAL)};
        const signal = new StopSignal();
        console.error("waiting");
        console.error("got " + await signal.received);
        await new Promise(() => setInterval(() => {}, 1000));
      `;
      await using process = new Process(deno("eval", "--no-lock", program));
      await process.until("waiting\n");
      process.kill(signal);
      await process.until(`got ${signal}\n`);
      process.kill(signal);
      assertEquals(await process.code(), code);
    },
  });
}
