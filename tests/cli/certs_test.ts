import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import certs from "../../broker/cli/certs/command.ts";
import { keyKindOf } from "../../broker/cli/certs/flags.ts";
import sub from "../../broker/cli/mqtt/sub.ts";
import { Broker, silentLogger } from "../../mod.ts";
import { run } from "./_context.ts";
import { withFolder } from "./_folder.ts";

const isUnix = Deno.build.os !== "windows";

/** Runs `certs` and expects that it works. */
async function make(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(certs, args);
  assertEquals([code, stderr], [0, ""], args.join(" "));
  return stdout;
}

async function openssl(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("openssl", {
    args,
  })
    .output();
  const text = new TextDecoder();
  assert(success, `openssl ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

/** An extension as openssl writes it, without its heading. */
async function extension(file: string, name: string): Promise<string> {
  const text = await openssl("x509", "-in", file, "-noout", "-ext", name);
  return text.trim().split("\n").slice(1).map((line) => line.trim()).join("\n");
}

Deno.test("aMQTT 42: certs makes an authority, a server and a device with the exact names", async () => {
  await withFolder(async (folder) => {
    const out = ["--output-dir", `${folder}/new`];
    assertEquals(
      await make(
        ...["ca", "--country", "de", "--state", "Ö", "--locality", "L"],
        ...["--org-name", 'Dino, "Ltd" + Co', "--cn", "Our CA", ...out],
      ),
      `Created "${folder}/new/ca.key" and "${folder}/new/ca.crt"\n`,
    );
    await make("server", "--cn", "localhost", "--host", "::1", ...out);
    await make(
      ...["device", "--device-id", "dev-1", "--uri", "example.org"],
      ...["--rsa", ...out],
    );
    const names = [...Deno.readDirSync(`${folder}/new`)]
      .map(({ name }) => name).sort();
    assertEquals(names, [
      ...["ca.crt", "ca.key", "dev-1.crt", "dev-1.key"],
      ...["server.crt", "server.key"],
    ]);
    if (isUnix) {
      for (const name of names.filter((name) => name.endsWith(".key"))) {
        const { mode } = await Deno.stat(`${folder}/new/${name}`);
        assertEquals(mode! & 0o777, 0o600, name);
      }
    }
    const [ca, server, device] = ["ca", "server", "dev-1"]
      .map((name) => `${folder}/new/${name}.crt`);
    assertEquals(
      await openssl(
        ...[
          "x509",
          "-in",
          ca,
          "-noout",
          "-subject",
          "-nameopt",
          "RFC2253,-esc_msb,utf8",
        ],
      ),
      'subject=CN=Our CA,O=Dino\\, \\"Ltd\\" \\+ Co,L=L,ST=Ö,C=DE\n',
    );
    assertEquals(
      await extension(device, "subjectAltName"),
      "URI:spiffe://example.org/device/dev-1, DNS:dev-1.local",
    );
    assertEquals(
      await extension(server, "subjectAltName"),
      "DNS:localhost, IP Address:0:0:0:0:0:0:0:1, IP Address:127.0.0.1",
    );
    assertEquals(await extension(ca, "basicConstraints"), "CA:TRUE, pathlen:0");
    assertEquals(await extension(device, "basicConstraints"), "CA:FALSE");
    assertEquals(
      await extension(ca, "keyUsage"),
      "Certificate Sign, CRL Sign",
    );
    assertEquals(
      await extension(device, "keyUsage"),
      "Digital Signature, Key Encipherment",
    );
    assertEquals(await extension(server, "keyUsage"), "Digital Signature");
    const verify = ["verify", "-x509_strict", "-CAfile", ca];
    await openssl(...verify, "-purpose", "sslserver", server);
    await openssl(...verify, "-purpose", "sslclient", device);
    // Ten years for the authority, one for the others.
    const in1000Days = `${1000 * 86400}`;
    const enddate = (file: string) =>
      new Deno.Command("openssl", {
        args: ["x509", "-in", file, "-noout", "-checkend", in1000Days],
      }).output();
    assertEquals((await enddate(ca)).code, 0);
    assertEquals((await enddate(device)).code, 1);
  });
});

Deno.test("aMQTT 42: the broker and a device know each other by certs", async () => {
  await withFolder(async (folder) => {
    const out = ["--output-dir", folder];
    await make("ca", ...out);
    await make("server", "--cn", "localhost", ...out);
    await make("device", "--device-id", "dev1", "--uri", "example.org", ...out);
    await make("ca", "--output-dir", `${folder}/other`);
    await make(
      ...["device", "--device-id", "dev1", "--uri", "example.org"],
      ...["--output-dir", `${folder}/other`],
    );
    await using broker = new Broker({
      listeners: {
        default: {
          bind: "127.0.0.1:0",
          ssl: true,
          certfile: `${folder}/server.crt`,
          keyfile: `${folder}/server.key`,
          cafile: `${folder}/ca.crt`,
          clientCertificate: "required",
        },
      },
      plugins: { auth_anonymous: null },
    }, { logger: silentLogger });
    await broker.start();
    const { port } = broker.listeners[0];
    const subscribe = (device: string, ca = folder) =>
      run(sub, [
        ...["-p", `${port}`, "-t", "t", "-E", "--cafile", `${ca}/ca.crt`],
        ...["--cert", `${device}.crt`, "--key", `${device}.key`],
      ]);
    const known = await subscribe(`${folder}/dev1`);
    assertEquals(known, { code: 0, stdout: "", stderr: "" });
    // Signed by somebody else, on either side.
    assertEquals((await subscribe(`${folder}/other/dev1`)).code, 1);
    const stranger = await subscribe(`${folder}/dev1`, `${folder}/other`);
    assertStringIncludes(stranger.stderr, "nobody who is trusted signed");
    // A server's certificate is not that of a client.
    assertEquals((await subscribe(`${folder}/server`)).code, 1);
  });
});

Deno.test("certs replaces nothing without --force", async () => {
  await withFolder(async (folder) => {
    const out = ["--output-dir", folder];
    await make("ca", ...out);
    const key = await Deno.readTextFile(`${folder}/ca.key`);
    const again = await run(certs, ["ca", ...out]);
    assertEquals(again, {
      code: 1,
      stdout: "",
      stderr:
        `error: Cannot write "${folder}/ca.key": it exists already; --force replaces it\n`,
    });
    // The certificate alone is in the way too; no key is left behind.
    await Deno.writeTextFile(`${folder}/server.crt`, "mine");
    const server = await run(certs, ["server", "--cn", "x", ...out]);
    assertStringIncludes(server.stderr, `"${folder}/server.crt": it exists`);
    assertEquals([...Deno.readDirSync(folder)].length, 3);
    await make("server", "--cn", "x", "--force", ...out);
    assertEquals(await Deno.readTextFile(`${folder}/ca.key`), key);
    await make("ca", "--force", ...out);
    assert(await Deno.readTextFile(`${folder}/ca.key`) !== key);
    if (isUnix) {
      const { mode } = await Deno.stat(`${folder}/ca.key`);
      assertEquals(mode! & 0o777, 0o600);
    }
  });
});

Deno.test("certs signs with the keys of other programs", async () => {
  await withFolder(async (folder) => {
    const kinds: Record<string, string[]> = {
      // What aMQTT's ca_creds writes.
      rsa: ["genrsa", "-traditional", "2048"],
      ec: ["ecparam", "-name", "secp384r1", "-genkey", "-noout"],
      ed25519: ["genpkey", "-algorithm", "ed25519"],
    };
    for (const [kind, args] of Object.entries(kinds)) {
      const [key, crt] = [`${folder}/${kind}.key`, `${folder}/${kind}.crt`];
      await Deno.writeTextFile(key, await openssl(...args));
      await openssl(
        ...["req", "-x509", "-key", key, "-out", crt, "-days", "9"],
        ...["-subj", "/C=DE/O=Old & Co/CN=Old CA"],
      );
      await make(
        ...["server", "--cn", "localhost", "--ca-key", key, "--ca-crt", crt],
        ...["--output-dir", `${folder}/${kind}`],
      );
      const server = `${folder}/${kind}/server.crt`;
      await openssl("verify", "-CAfile", crt, server);
      // It does not outlive its authority.
      assertEquals(
        await openssl("x509", "-in", server, "-noout", "-enddate"),
        await openssl("x509", "-in", crt, "-noout", "-enddate"),
      );
    }
  });
});

Deno.test("certs refuses an authority that cannot sign", async () => {
  await withFolder(async (folder) => {
    const out = ["--output-dir", folder];
    await make("ca", ...out);
    await make("server", "--cn", "x", ...out);
    const locked = await openssl(
      ...[
        "genpkey",
        "-algorithm",
        "ed25519",
        "-aes-256-cbc",
        "-pass",
        "pass:x",
      ],
    );
    await Deno.writeTextFile(`${folder}/locked.key`, locked);
    await Deno.writeTextFile(`${folder}/text`, "nothing");
    const rows: [key: string, crt: string, why: string][] = [
      [
        "none.key",
        "ca.crt",
        'there is no such file; "certs ca" makes an authority, --ca-key names',
      ],
      ["ca.key", "none.crt", "--ca-crt names another"],
      ["server.key", "ca.crt", "it does not belong to the certificate"],
      ["server.key", "server.crt", "it is not that of an authority"],
      ["ca.key", "text", "there is none in PEM form in it"],
      ["text", "ca.crt", "there is no private key in PEM form in it"],
      ["locked.key", "ca.crt", 'it is encrypted; "openssl pkey -in '],
    ];
    for (const [key, crt, why] of rows) {
      const { code, stderr } = await run(certs, [
        ...["device", "--device-id", "d", "--uri", "u", ...out],
        ...["--ca-key", `${folder}/${key}`, "--ca-crt", `${folder}/${crt}`],
      ]);
      assertEquals(code, 1);
      assertStringIncludes(stderr, why);
    }
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names.includes("d.key"), false);
  });
});

const USAGE: [args: string[], message: string][] = [
  [["ca", "x"], 'Cannot use "x": a name is given with --cn'],
  [["ca", "--country", "Germany"], "it must have two letters, such as DE"],
  [["ca", "--cn", "x".repeat(65)], "it must have 1 to 64 characters"],
  [["ca", "--org-name", ""], "it must have 1 to 64 characters"],
  [["ca", "--days", "0"], 'Cannot use --days "0"'],
  [["server"], "give --cn HOST"],
  [["server", "--cn", "a b"], 'Cannot use the host "a b"'],
  [["server", "--cn", "a", "--host", "http://b"], "it must be a name such as"],
  [["device", "--device-id", "x"], "give --device-id ID and --uri DOMAIN"],
  [
    ["device", "--device-id", "a/b", "--uri", "u"],
    'Cannot use --device-id "a/b"',
  ],
  [
    ["device", "--device-id", "..", "--uri", "u"],
    'Cannot use --device-id ".."',
  ],
  [["device", "--device-id", "a", "--uri", "u/v"], 'Cannot use --uri "u/v"'],
  [["device", "--device-id", "CA", "--uri", "u"], "choose another"],
  [["devise"], "Did you mean device?"],
];

for (const [args, message] of USAGE) {
  Deno.test(`certs refuses ${args.join(" ").slice(0, 50)}`, async () => {
    const { code, stdout, stderr } = await run(certs, args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
  });
}

Deno.test("certs makes RSA keys as long as aMQTT's", async () => {
  assertEquals(keyKindOf(true, 4096), "RSA-4096");
  assertEquals(keyKindOf(false, 4096), "P-256");
  await withFolder(async (folder) => {
    await make("ca", "--output-dir", folder);
    await make("server", "--cn", "x", "--rsa", "--output-dir", folder);
    const text = await openssl(
      ...["x509", "-in", `${folder}/server.crt`, "-noout", "-text"],
    );
    assertStringIncludes(text, "Public-Key: (2048 bit)");
  });
});
