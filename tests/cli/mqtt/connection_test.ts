import { assertEquals, assertStringIncludes } from "@std/assert";
import sub from "../../../broker/cli/mqtt/sub.ts";
import { Broker, type ListenerInput, silentLogger } from "../../../mod.ts";
import { makeCertificates } from "../../_certificates.ts";
import { type CommandResult, run } from "../_context.ts";
import { withFolder } from "../_folder.ts";
import { FakeBroker } from "./_fake_broker.ts";

/** Runs a test with a broker that listens in every way. */
async function withBroker(
  test: (broker: {
    /** Subscribes and ends. `PORT` in an argument is the port of the listener. */
    connect(listener: string, ...args: string[]): Promise<CommandResult>;
    folder: string;
  }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await makeCertificates(folder);
    const bind = "127.0.0.1:0";
    const tls: ListenerInput = {
      ssl: true,
      certfile: `${folder}/server.pem`,
      keyfile: `${folder}/server.key`,
    };
    const mutual: ListenerInput = {
      cafile: `${folder}/ca.pem`,
      clientCertificate: "required",
    };
    await using broker = new Broker({
      listeners: {
        tcp: { bind },
        tls: { bind, ...tls },
        mutual: { bind, ...tls, ...mutual },
        ws: { bind, type: "ws", origins: ["https://example.com"] },
        wss: { bind, type: "ws", ...tls },
        // For a name that the certificate does not have.
        other: { bind: "127.0.0.2:0", ...tls },
        otherWss: { bind: "127.0.0.2:0", type: "ws", ...tls },
        unix: { type: "unix", path: `${folder}/socket` },
      },
      plugins: { auth_anonymous: null },
    }, { logger: silentLogger });
    await broker.start();
    const connect = (listener: string, ...args: string[]) => {
      const found = broker.listeners.find(({ name }) => name === listener)!;
      return run(sub, [
        ...["-t", "t", "-E"],
        ...args.map((arg) => arg.replace("PORT", `${found.port}`)),
      ]);
    };
    await test({ connect, folder });
  });
}

const OK: CommandResult = { code: 0, stdout: "", stderr: "" };

Deno.test("sub connects through TCP, TLS, WebSocket and Unix sockets", async () => {
  await withBroker(async ({ connect, folder }) => {
    const ca = ["--cafile", `${folder}/ca.pem`];
    const cert = [
      ...["--cert", `${folder}/client.pem`, "--key", `${folder}/client.key`],
    ];
    const origin = ["--extra-headers", '{"Origin": "https://example.com"}'];
    const rows: [listener: string, args: string[]][] = [
      ["tcp", ["-p", "PORT"]],
      ["tcp", ["-h", "localhost", "-p", "PORT"]],
      ["tcp", ["-L", "mqtt://127.0.0.1:PORT"]],
      ["tls", ["-p", "PORT", ...ca]],
      ["tls", ["-h", "127.0.0.1", "-p", "PORT", ...ca]],
      ["tls", ["-L", "mqtts://localhost:PORT", ...ca]],
      ["tls", ["-p", "PORT", "--cadata", await Deno.readTextFile(ca[1])]],
      ["mutual", ["-p", "PORT", ...ca, ...cert]],
      ["ws", ["-p", "PORT", "--ws", "/mqtt", ...origin]],
      ["ws", ["-L", "ws://localhost:PORT/mqtt", ...origin]],
      ["wss", ["-p", "PORT", "--ws", "mqtt", ...ca]],
      ["wss", ["-L", "wss://localhost:PORT/mqtt", ...ca]],
      ["unix", ["--unix", `${folder}/socket`]],
      ["other", ["-h", "127.0.0.2", "-p", "PORT", ...ca, "--insecure"]],
      ["otherWss", ["-L", "wss://127.0.0.2:PORT/mqtt", ...ca, "--insecure"]],
    ];
    for (const [listener, args] of rows) {
      assertEquals(await connect(listener, ...args), OK, args.join(" "));
    }
  });
});

Deno.test("sub says what is wrong with a connection", async () => {
  await withBroker(async ({ connect, folder }) => {
    const ca = ["--cafile", `${folder}/ca.pem`];
    const rows: [listener: string, args: string[], why: string][] = [
      ["tls", ["--tls"], "nobody who is trusted signed its certificate"],
      [
        "tls",
        ["--cafile", `${folder}/other_ca.pem`],
        "nobody who is trusted signed its certificate; name the authority with --cafile",
      ],
      [
        "tls",
        ["--cafile", `${folder}/other_ca.pem`, "--insecure"],
        "nobody who is trusted signed its certificate",
      ],
      [
        "other",
        ["-h", "127.0.0.2", ...ca],
        "its certificate is for another host; --insecure accepts that",
      ],
      ["mutual", ca, "does it want a client certificate (--cert, --key)?"],
      ["tls", [], "does it want TLS (--cafile)"],
      ["tcp", ca, "it reset the connection; does it speak TLS?"],
      ["ws", ["--ws", "/nowhere"], "Unexpected server response: 404"],
      [
        "ws",
        ["--ws", "/mqtt", "--extra-headers", '{"Origin": "http://x"}'],
        "",
      ],
    ];
    for (const [listener, args, why] of rows) {
      const result = await connect(listener, "-p", "PORT", ...args);
      assertEquals([result.code, result.stdout], [1, ""], args.join(" "));
      assertStringIncludes(result.stderr, "error: Connection failed: cannot");
      assertStringIncludes(result.stderr, why);
    }
    const unix = await connect("unix", "--unix", `${folder}/nothing`);
    assertEquals(
      unix.stderr,
      `error: Connection failed: cannot connect to unix:${folder}/nothing: there is no such socket\n`,
    );
  });
});

Deno.test("sub does not wait for ever for a broker that does not answer", async () => {
  await using broker = new FakeBroker(() => {});
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/c.yaml`, "connection_timeout: 0.2\n");
    const { code, stderr } = await run(sub, [
      ...["-h", "127.0.0.1", "-p", `${broker.port}`, "-t", "t"],
      ...["--config-file", `${folder}/c.yaml`],
    ]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "it did not answer in 0.2 seconds\n");
  });
});
