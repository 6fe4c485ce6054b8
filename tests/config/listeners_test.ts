import { assertEquals, assertThrows } from "@std/assert";
import {
  ConfigError,
  type ListenerConfig,
  type ListenerInput,
  resolveConfig,
} from "../../broker/config/mod.ts";
import { makeCertificates } from "../_certificates.ts";

const folder = await Deno.makeTempDir();
const { ca, server, client } = await makeCertificates(folder);
await Deno.remove(folder, { recursive: true });
const { cert: CERTIFICATE, key: KEY } = server;
const AUTHORITY = ca.cert;

function listeners(
  input: Record<string, Record<string, unknown>>,
): Record<string, ListenerConfig> {
  const config = resolveConfig({ listeners: input });
  return Object.fromEntries(config.listeners.map((one) => [one.name, one]));
}

function problem(input: Record<string, Record<string, unknown>>): string {
  const error = assertThrows(() => listeners(input), ConfigError);
  return error.problems.map(({ path, message }) => `${path} ${message}`)
    .join("\n");
}

function withFiles(
  test: (files: Record<"cert" | "key" | "ca" | "folder", string>) => void,
): void {
  const folder = Deno.makeTempDirSync();
  try {
    const files = {
      cert: `${folder}/server.crt`,
      key: `${folder}/server.key`,
      ca: `${folder}/ca.crt`,
      folder,
    };
    Deno.writeTextFileSync(files.cert, CERTIFICATE);
    Deno.writeTextFileSync(files.key, KEY);
    Deno.writeTextFileSync(files.ca, AUTHORITY);
    test(files);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("resolveConfig() gives a listener aMQTT's defaults", () => {
  const { limits: _, ...listener } = listeners({ default: {} }).default;
  assertEquals(listener, {
    name: "default",
    type: "tcp",
    hostname: "0.0.0.0",
    port: 1883,
    path: "",
    maxConnections: 0,
    websocket: { path: "/mqtt", origins: [] },
  });
});

Deno.test("resolveConfig() gives WebSocket listeners port 8883 and their path", () => {
  const { a, b } = listeners({
    a: { type: "ws", bind: "localhost", "ws-path": "*" },
    b: { type: "ws", path: "/b", origins: ["https://x.example", "null"] },
  });
  assertEquals([a.hostname, a.port], ["localhost", 8883]);
  assertEquals(a.websocket, { path: "*", origins: [] });
  assertEquals(b.port, 8883);
  assertEquals(b.path, "");
  assertEquals(b.websocket, {
    path: "/b",
    origins: ["https://x.example", "null"],
  });
});

Deno.test("resolveConfig() lets listeners inherit from default, but keeps what they say", () => {
  const { a, b } = listeners({
    default: { type: "ws", bind: 1, "max-connections": 50, "ws-path": "/x" },
    a: { bind: 2 },
    // aMQTT takes a value that equals its own default for one that is not there.
    b: { type: "tcp", bind: 3, "max-connections": -1 },
  });
  assertEquals([a.type, a.port, a.maxConnections], ["ws", 2, 50]);
  assertEquals(a.websocket.path, "/x");
  assertEquals([b.type, b.port, b.maxConnections], ["tcp", 3, 0]);
});

Deno.test("resolveConfig() needs no default listener", () => {
  const { a, b } = listeners({ a: { bind: 1 }, b: { bind: 2 } });
  assertEquals([a.port, b.port], [1, 2]);
});

Deno.test("resolveConfig() does not take two listeners on port 0 for a clash", () => {
  const { a, b } = listeners({
    a: { bind: "[::1]:0" },
    b: { bind: "[::1]:0" },
  });
  assertEquals([a.hostname, a.port, b.port], ["::1", 0, 0]);
});

Deno.test("resolveConfig() lets Unix sockets and external listeners inherit no address", () => {
  const { a, b, c } = listeners({
    default: { bind: 1883, "max-connections": 5 },
    a: { type: "unix", path: "/run/a.sock" },
    b: { type: "unix", bind: "/run/b.sock" },
    c: { type: "external" },
  });
  assertEquals([a.path, a.hostname, a.port], ["/run/a.sock", "", 0]);
  assertEquals([a.maxConnections, b.path], [5, "/run/b.sock"]);
  assertEquals([c.type, c.hostname, c.port, c.path], ["external", "", 0, ""]);
});

Deno.test("resolveConfig() accepts aMQTT's reader and writer with a warning", () => {
  const config = resolveConfig({
    listeners: { a: { reader: "x", writer: "y" } },
    plugins: ["auth_anonymous"],
  });
  assertEquals(config.warnings, [
    "listeners.a.reader has no effect",
    "listeners.a.writer has no effect",
  ]);
});

Deno.test("resolveConfig() reads the files of a TLS listener", () => {
  withFiles(({ cert, key, ca }) => {
    const { plain, asking, strict } = listeners({
      plain: { bind: 1, ssl: "on", certfile: cert, keyfile: key },
      asking: { bind: 2, ssl: true, certfile: cert, keyfile: key, cafile: ca },
      strict: {
        bind: 3,
        ssl: true,
        certfile: cert,
        keyfile: key,
        cadata: AUTHORITY,
        "client-certificate": "required",
      },
    });
    assertEquals(plain.tls, {
      cert: CERTIFICATE,
      key: KEY,
      clientCertificate: "none",
    });
    assertEquals(asking.tls?.ca, AUTHORITY);
    assertEquals(asking.tls?.clientCertificate, "optional");
    assertEquals(strict.tls?.ca, AUTHORITY);
    assertEquals(strict.tls?.clientCertificate, "required");
  });
});

Deno.test("resolveConfig() takes authorities from a folder", () => {
  withFiles(({ cert, key, folder }) => {
    const { a } = listeners({
      a: { ssl: true, certfile: cert, keyfile: key, capath: folder },
    });
    assertEquals(a.tls?.ca, `${AUTHORITY}\n${CERTIFICATE}`);
  });
});

Deno.test("resolveConfig() lets certificates be inherited, and ssl be switched off", () => {
  withFiles(({ cert, key }) => {
    const { a, b, c } = listeners({
      default: { bind: 1, ssl: true, certfile: cert, keyfile: key },
      a: { bind: 2 },
      b: { bind: 3, ssl: false },
      c: { type: "unix", path: "/c" },
    });
    assertEquals(a.tls?.cert, CERTIFICATE);
    assertEquals(b.tls, undefined);
    assertEquals(c.tls, undefined);
  });
});

Deno.test("resolveConfig() lets default hold certificates for others only", () => {
  withFiles(({ cert, key }) => {
    const { default: own, a } = listeners({
      default: { bind: 1, certfile: cert, keyfile: key },
      a: { bind: 2, ssl: true },
    });
    assertEquals(own.tls, undefined);
    assertEquals(a.tls?.key, KEY);
  });
});

Deno.test("resolveConfig() never takes a TLS listener for one without", () => {
  withFiles(({ cert, key, folder }) => {
    const bad: [listener: ListenerInput, message: string][] = [
      [{ ssl: true }, "listeners.a.ssl is on: add certfile and keyfile"],
      [
        { ssl: true, certfile: cert },
        "listeners.a.certfile is of no use alone: add keyfile",
      ],
      [
        { ssl: true, keyfile: key },
        "listeners.a.keyfile is of no use alone: add certfile",
      ],
      [
        { certfile: cert, keyfile: key },
        "listeners.a.certfile needs ssl: on. With ssl: off the listener works without encryption",
      ],
      [
        { ssl: true, certfile: `${folder}/none.crt`, keyfile: key },
        `listeners.a.certfile cannot be read: "${folder}/none.crt" does not exist: create it or correct the path`,
      ],
      [
        { ssl: true, certfile: folder, keyfile: "none.key" },
        `listeners.a.certfile cannot be read: "${folder}" is a folder: name a file\n` +
        'listeners.a.keyfile cannot be read: "none.key" does not exist: create it or correct the path, which starts at the working directory',
      ],
      [
        { ssl: true, certfile: key, keyfile: cert },
        `listeners.a.certfile cannot be used: "${key}" holds no certificate in PEM form, which begins with "-----BEGIN"\n` +
        `listeners.a.keyfile cannot be used: "${cert}" holds no private key in PEM form, which begins with "-----BEGIN"`,
      ],
      [
        { ssl: true, certfile: cert, keyfile: key, cadata: "hello" },
        'listeners.a.cadata cannot be used: The text holds no certificate in PEM form, which begins with "-----BEGIN"',
      ],
      [
        {
          ssl: true,
          certfile: cert,
          keyfile: key,
          clientCertificate: "required",
        },
        'listeners.a.clientCertificate is "required", but nobody is named who issues such certificates: add cafile, capath or cadata',
      ],
    ];
    for (const [listener, message] of bad) {
      assertEquals(problem({ a: { ...listener } }), message);
    }
  });
});

Deno.test("resolveConfig() finds certificates and keys that cannot work before a client does", () => {
  // Without its first line.
  const damage = (pem: string) => pem.split("\n").toSpliced(1, 1).join("\n");
  const damaged = damage(CERTIFICATE);
  const encrypted =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n";
  withFiles(({ cert, key, ca, folder }) => {
    const listener = { ssl: true, certfile: cert, keyfile: key };
    const bad: [file: string, content: string, message: string][] = [
      [
        cert,
        damaged,
        `certfile cannot be used: the certificate in "${cert}" is damaged: make the file anew`,
      ],
      [
        key,
        damage(KEY),
        `keyfile cannot be used: the private key in "${key}" is damaged: make the file anew`,
      ],
      [
        key,
        encrypted,
        `keyfile cannot be used: the private key in "${key}" is encrypted: decrypt it with "openssl pkey"`,
      ],
      [
        key,
        client.key,
        "keyfile is not the key of the certificate: name the one that certfile was made with",
      ],
    ];
    for (const [file, content, message] of bad) {
      const before = Deno.readTextFileSync(file);
      Deno.writeTextFileSync(file, content);
      assertEquals(problem({ a: { ...listener } }), `listeners.a.${message}`);
      Deno.writeTextFileSync(file, before);
    }
    Deno.writeTextFileSync(ca, damaged);
    const why =
      `cannot be used: the certificate in "${ca}" is damaged: make the file anew`;
    assertEquals(
      problem({ a: { ...listener, cafile: ca } }),
      `listeners.a.cafile ${why}`,
    );
    assertEquals(
      problem({ a: { ...listener, capath: folder } }),
      `listeners.a.capath ${why}`,
    );
  });
});

Deno.test("resolveConfig() lets a WebSocket listener ask for certificates", () => {
  withFiles(({ cert, key, ca }) => {
    const tls = { ssl: true, certfile: cert, keyfile: key, cafile: ca };
    const { web } = listeners({
      default: { bind: 1, ...tls },
      web: { bind: 2, type: "ws" },
    });
    assertEquals(web.tls?.clientCertificate, "optional");
  });
});

Deno.test("resolveConfig() warns when ssl: off makes certificates idle", () => {
  const config = resolveConfig({
    listeners: { a: { ssl: "off", certfile: "x", keyfile: "y" } },
    plugins: ["auth_anonymous"],
  });
  assertEquals(config.listeners[0].tls, undefined);
  assertEquals(config.warnings, [
    "listeners.a.certfile has no effect, because ssl is off",
  ]);
});

Deno.test("resolveConfig() takes the addresses of proxies, and asks for them", () => {
  const proxyFrom = ["192.0.2.1", "10.0.0.0/8", "fd00::/8"];
  const all = listeners({
    default: { bind: 1, "proxy-from": proxyFrom },
    proxied: { bind: 2, "proxy-protocol": true },
    file: { type: "unix", path: "/x" },
  });
  assertEquals(all.default.proxyFrom, undefined);
  assertEquals(all.proxied.proxyFrom, proxyFrom);
  const why =
    "is on: add proxy-from with the addresses of the proxies, such as [192.0.2.1, 10.0.0.0/8]";
  assertEquals(
    problem({ a: { bind: 1, "proxy-protocol": "on" } }),
    `listeners.a.proxy-protocol ${why}`,
  );
  assertEquals(
    problem({ a: { bind: 1, "proxy-protocol": true, "proxy-from": [] } }),
    `listeners.a.proxy-protocol ${why}`,
  );
  assertEquals(
    problem({ a: { bind: 1, "proxy-from": ["10.0.0.0/33", "localhost"] } }),
    [
      'listeners.a.proxy-from[0] must be an address such as 192.0.2.1 or a network such as 10.0.0.0/8, not the text "10.0.0.0/33"',
      'listeners.a.proxy-from[1] must be an address such as 192.0.2.1 or a network such as 10.0.0.0/8, not the text "localhost"',
    ].join("\n"),
  );
  assertEquals(
    problem({ a: { type: "unix", path: "/x", "proxy-protocol": true } }),
    'listeners.a.proxy-protocol is not possible with type "unix"',
  );
  const { warnings } = resolveConfig({
    listeners: { a: { bind: 1, "proxy-from": ["::1"] } },
    plugins: ["auth_anonymous"],
  });
  assertEquals(warnings, [
    "listeners.a.proxy-from has no effect without proxy-protocol",
  ]);
});
