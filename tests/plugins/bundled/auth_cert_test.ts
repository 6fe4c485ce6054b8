import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import AuthCert, { type AuthCertOptions } from "../../../plugins/auth_cert.ts";
import type { Broker } from "../../../mod.ts";
import type { PeerCertificate } from "../../../plugins/mod.ts";
import { type CertificatePair, makeCertificates } from "../../_certificates.ts";
import {
  type ConnectOptions,
  connectPacket,
  startBroker,
  TestClient,
} from "../../_client.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  RecordingLogger,
} from "./_context.ts";

/** Asks a plugin about a client with such a certificate. */
async function ask(
  options: object,
  certificate: Partial<PeerCertificate> | undefined,
  client: { clientId?: string; username?: string },
): Promise<[answer: boolean, username: string | undefined]> {
  const config = await checkedOptions<AuthCertOptions>(AuthCert, options);
  const plugin = new AuthCert(fakeContext(config).context);
  const session = fakeSession({
    ...client,
    listener: "default",
    peerCertificate: certificate as PeerCertificate | undefined,
  }) as Parameters<AuthCert["authenticate"]>[0]["session"];
  return [plugin.authenticate({ session }), session.username];
}

const SPIFFE = { uriDomain: "test.amqtt.io" };

Deno.test("aMQTT 42: auth_cert: right, wrong id, wrong domain", async () => {
  const cases: Array<[uris: string[], clientId: string, expected: boolean]> = [
    [["spiffe://test.amqtt.io/device/dev-1"], "dev-1", true],
    [["spiffe://test.amqtt.io/device/dev-1"], "dev-2", false],
    [["spiffe://test.amqtt.io/device/dev-1"], "", false],
    [["spiffe://amqtt.io/device/dev-1"], "dev-1", false],
    [["spiffe://testXamqttXio/device/dev-1"], "dev-1", false],
    [["spiffe://test.amqtt.io.evil/device/dev-1"], "dev-1", false],
    [["x://spiffe://test.amqtt.io/device/dev-1"], "dev-1", false],
    [["spiffe://test.amqtt.io/device/dev-1/x"], "dev-1/x", false],
    [["spiffe://test.amqtt.io/device/"], "", false],
    [["spiffe://test.amqtt.io/user/dev-1"], "dev-1", false],
    // Only the first one counts.
    [["https://a", "spiffe://test.amqtt.io/device/dev-1"], "dev-1", false],
    [[], "dev-1", false],
  ];
  for (const [uris, clientId, expected] of cases) {
    const certificate = { uris, commonName: clientId };
    const [answer, username] = await ask(SPIFFE, certificate, { clientId });
    assertEquals([answer, username], [expected, undefined], uris.join());
  }
  assertEquals(await ask(SPIFFE, undefined, { clientId: "dev-1" }), [
    false,
    undefined,
  ]);
});

Deno.test("auth_cert: common name and user name", async () => {
  const byName = { identity: "common-name" };
  const certificate = { uris: [], commonName: "dev-1" };
  assertEquals(
    (await ask(byName, certificate, { clientId: "dev-1" }))[0],
    true,
  );
  assertEquals((await ask(byName, certificate, { clientId: "dev" }))[0], false);
  const toUser = { identity: "common-name", useAs: "username" };
  const cases: Array<[username: string | undefined, expected: boolean]> = [
    [undefined, true],
    ["dev-1", true],
    ["dev-2", false],
    ["", false],
  ];
  for (const [username, expected] of cases) {
    assertEquals(await ask(toUser, certificate, { username }), [
      expected,
      expected ? "dev-1" : username,
    ]);
  }
  const nameless = { uris: [], commonName: "" };
  assertEquals((await ask(toUser, nameless, {}))[0], false);
  const uris = ["spiffe://test.amqtt.io/device/dev-1"];
  assertEquals(await ask({ ...SPIFFE, useAs: "username" }, { uris }, {}), [
    true,
    "dev-1",
  ]);
});

Deno.test("auth_cert refuses wrong options", async () => {
  for (
    const options of [
      {},
      { uriDomain: "" },
      { uriDomain: "a/b" },
      { identity: "common-name", uriDomain: "a" },
      { identity: "dns" },
      { ...SPIFFE, useAs: "password" },
      { ...SPIFFE, a: 1 },
    ]
  ) await assertRejects(() => checkedOptions(AuthCert, options), TypeError);
});

/** A broker with a TLS listener, and one without. */
async function withBroker(
  options: object,
  body: (
    broker: Broker,
    connect: (
      pair: CertificatePair | undefined,
      options: ConnectOptions,
    ) => Promise<TestClient>,
    pairs: Awaited<ReturnType<typeof makeCertificates>>,
    logger: RecordingLogger,
  ) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const pairs = await makeCertificates(dir);
    const logger = new RecordingLogger("info");
    await using broker = await startBroker({
      listeners: {
        default: {
          bind: "127.0.0.1:0",
          ssl: true,
          certfile: `${dir}/server.pem`,
          keyfile: `${dir}/server.key`,
          cafile: `${dir}/ca.pem`,
        },
        plain: { bind: "127.0.0.1:0", ssl: false },
      },
      ...options,
    }, logger);
    const connect = async (
      pair: CertificatePair | undefined,
      options: ConnectOptions,
    ) =>
      await TestClient.connect(
        await Deno.connectTls({
          hostname: "localhost",
          port: broker.listeners[0].port,
          caCerts: [pairs.ca.cert],
          ...pair,
        }),
        options,
      );
    await body(broker, connect, pairs, logger);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("aMQTT 42: clients with certificates connect to a broker", async () => {
  const plugins = {
    "amqtt.contrib.cert.UserAuthCertPlugin": { "uri_domain": "example.org" },
  };
  await withBroker({ plugins }, async (broker, connect, pairs, logger) => {
    await using client = await connect(pairs.client, { clientId: "1" });
    assertEquals(client.code, 0);
    await client.subscribe("a");
    await client.send({
      cmd: "publish",
      topic: "a",
      payload: "over TLS",
      qos: 0,
      dup: false,
      retain: false,
    });
    assertEquals(await client.message(), "a: over TLS");
    await using other = await connect(pairs.client, { clientId: "2" });
    assertEquals(other.code, 5);
    // Signed by an authority that is not trusted, but has the same name.
    await using impostor = await connect(pairs.otherClient, { clientId: "1" });
    assertEquals(impostor.code, 5);
    await using stranger = await connect(undefined, { clientId: "1" });
    assertEquals(stranger.code, 5);
    await using plain = await TestClient.connect(broker.listeners[1].port, {
      clientId: "1",
    });
    assertEquals(plain.code, 5);
    await client.ping();
    const warnings = logger.lines.filter((line) => line.startsWith("warn"));
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0], "it has shown no certificate");
  });
});

Deno.test("aMQTT 42: a listener that requires certificates ends the handshake without one", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const pairs = await makeCertificates(dir);
    await using broker = await startBroker({
      listeners: {
        default: {
          bind: "127.0.0.1:0",
          ssl: true,
          certfile: `${dir}/server.pem`,
          keyfile: `${dir}/server.key`,
          cafile: `${dir}/ca.pem`,
          clientCertificate: "required",
        },
      },
      plugins: { auth_cert: { uriDomain: "example.org" } },
    });
    const open = (pair?: CertificatePair) =>
      Deno.connectTls({
        hostname: "localhost",
        port: broker.listeners[0].port,
        caCerts: [pairs.ca.cert],
        ...pair,
      });
    for (const pair of [undefined, pairs.otherClient]) {
      await assertRejects(async () => {
        await using client = await TestClient.open(await open(pair));
        await client.send(connectPacket({ clientId: "1" }));
        await client.expect("connack");
      });
    }
    const conn = await open(pairs.client);
    await using client = await TestClient.connect(conn, { clientId: "1" });
    assertEquals(client.code, 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("auth_cert: the common name is the user name that other plugins see", async () => {
  const plugins = {
    "auth_cert": { identity: "common-name", "use-as": "username" },
    "topic_acl": {
      "subscribe-acl": { "device-1": ["inbox/#"] },
      "publish-acl": { "device-1": ["last/words"] },
    },
  };
  await withBroker({ plugins }, async (broker, connect, { client: pair }) => {
    await using client = await connect(pair, {
      clientId: "c",
      will: { topic: "last/words", payload: "bye", qos: 0, retain: false },
    });
    assertEquals(client.code, 0);
    assertEquals(broker.context.getSession("c")?.username, "device-1");
    assertEquals(await client.subscribe(["inbox/1", "other"]), [0, 128]);
    await using named = await connect(pair, {
      clientId: "d",
      username: "device-1",
    });
    assertEquals(named.code, 0);
    await using wrong = await connect(pair, {
      clientId: "e",
      username: "root",
    });
    assertEquals(wrong.code, 5);
  });
});
