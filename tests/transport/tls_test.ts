import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { fillLimits } from "../../broker/config/limit_schema.ts";
import type { ListenerConfig } from "../../broker/config/mod.ts";
import { ListenError, openListener } from "../../broker/transport/mod.ts";
import { type CertificatePair, makeCertificates } from "../_certificates.ts";
import {
  Acceptor,
  checkEcho,
  makeConfig,
  makeLogger,
  readExactly,
  writeAll,
} from "./_helpers.ts";

const HELLO = new TextEncoder().encode("hello");
const folder = await Deno.makeTempDir();
const { ca, server, client, otherClient } = await makeCertificates(folder);
await Deno.remove(folder, { recursive: true });

type Tls = NonNullable<ListenerConfig["tls"]>;

function makeTls(changes: Partial<Tls> = {}): Tls {
  return { ...server, clientCertificate: "none", ...changes };
}

async function open(
  changes: Partial<Tls> = {},
  others: Partial<ListenerConfig> = {},
) {
  const acceptor = new Acceptor();
  const config = makeConfig({ tls: makeTls(changes), ...others });
  const listener = await openListener(config, acceptor.accept, makeLogger());
  const connect = (pair?: CertificatePair) => connectTls(listener.port, pair);
  return { acceptor, listener, connect };
}

function connectTls(
  port: number,
  pair: Partial<CertificatePair> = {},
): Promise<Deno.TlsConn> {
  return Deno.connectTls(
    {
      hostname: "127.0.0.1",
      port,
      caCerts: [ca.cert],
      ...pair,
    } as Deno.ConnectTlsOptions,
  );
}

/** Waits until a number that grows has stopped growing. */
async function untilStuck(count: () => number): Promise<void> {
  for (let before = -1; before < count();) {
    before = count();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

Deno.test("TLS: bytes pass both ways, and the peer is known", async () => {
  const { acceptor, listener, connect } = await open();
  using conn = await connect();
  const transport = await acceptor.next();
  assertEquals(
    [transport.kind, transport.remoteAddress, transport.remotePort],
    [
      "tls",
      "127.0.0.1",
      (conn.localAddr as Deno.NetAddr).port,
    ],
  );
  assertEquals(transport.peerCertificate, undefined);
  await conn.write(HELLO);
  assertEquals(await readExactly(transport, 5), HELLO);
  assertEquals(await transport.write(HELLO), 5);
  transport.close();
  assertEquals(await readExactly(conn, 6), HELLO);
  await listener.close();
});

Deno.test("TLS: 5 MB come back unchanged", async () => {
  const { acceptor, listener, connect } = await open();
  await checkEcho(await connect(), await acceptor.next());
  await listener.close();
});

Deno.test("TLS: what was written before close() arrives", async () => {
  const { acceptor, listener, connect } = await open();
  using conn = await connect();
  const transport = await acceptor.next();
  const reading = readExactly(conn, 3_000_001);
  await writeAll(transport, new Uint8Array(3_000_000));
  transport.close();
  assertEquals((await reading).length, 3_000_000);
  await listener.close();
});

Deno.test("TLS: the end of the peer's stream is null", async () => {
  const { acceptor, listener, connect } = await open();
  const conn = await connect();
  const transport = await acceptor.next();
  conn.close();
  assertEquals(await transport.read(new Uint8Array(1)), null);
  transport.close();
  await listener.close();
});

Deno.test("TLS: close() settles a pending read", async () => {
  const { acceptor, listener, connect } = await open();
  using conn = await connect();
  const transport = await acceptor.next();
  const reading = assertRejects(() => transport.read(new Uint8Array(1)));
  transport.close();
  transport.close();
  await reading;
  await assertRejects(() => transport.read(new Uint8Array(1)));
  await assertRejects(() => transport.write(HELLO));
  assertEquals(await conn.read(new Uint8Array(1)), null);
  await listener.close();
});

Deno.test("TLS: a writer waits for a peer that does not read; close() ends the wait", async () => {
  const { acceptor, listener, connect } = await open();
  using _conn = await connect();
  const transport = await acceptor.next();
  let written = 0;
  const writing = assertRejects(async () => {
    const bytes = new Uint8Array(100_000);
    while (written < 100_000_000) written += await transport.write(bytes);
  });
  await untilStuck(() => written);
  assertEquals(written < 50_000_000, true, `${written} bytes were taken`);
  transport.close();
  await writing;
  await listener.close();
});

Deno.test("TLS: a peer whose bytes nobody reads is made to wait", async () => {
  const { acceptor, listener, connect } = await open();
  const conn = await connect();
  const transport = await acceptor.next();
  let sent = 0;
  const sending = (async () => {
    const bytes = new Uint8Array(100_000);
    while (sent < 200_000_000) sent += await conn.write(bytes);
  })().catch(() => {});
  await untilStuck(() => sent);
  assertEquals(sent < 50_000_000, true, `${sent} bytes were taken`);
  const first = sent;
  await readExactly(transport, 20_000_000);
  assertEquals(sent > first, true);
  transport.close();
  conn.close();
  await sending;
  await listener.close();
});

Deno.test("TLS: a client that never completes its handshake is dropped and holds up nobody", async () => {
  const acceptor = new Acceptor();
  const config = makeConfig({
    tls: makeTls(),
    limits: fillLimits({ connectTimeout: 0.3 }),
  });
  const listener = await openListener(config, acceptor.accept, makeLogger());
  using silent = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  using _conn = await connectTls(listener.port);
  (await acceptor.next()).close();
  assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("TLS: clients that leave during the handshake cost no place", async () => {
  const { acceptor, listener, connect } = await open({}, { maxConnections: 1 });
  for (let i = 0; i < 10; i++) {
    (await Deno.connect({ hostname: "127.0.0.1", port: listener.port }))
      .close();
  }
  let isRefused = true;
  while (isRefused) {
    using conn = await connect();
    isRefused = await conn.handshake().then(() => false, () => true);
  }
  (await acceptor.next()).close();
  await listener.close();
});

Deno.test("TLS: an abrupt reset ends reading with an error or null, and writing with an error", async () => {
  const { acceptor, listener } = await open();
  const raw = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  const conn = await Deno.startTls(raw, {
    hostname: "localhost",
    caCerts: [ca.cert],
  });
  await conn.handshake();
  const transport = await acceptor.next();
  await transport.write(new Uint8Array(100_000));
  // Closing with unread bytes makes the system send a reset.
  conn.close();
  const result = await transport.read(new Uint8Array(1)).catch((error) =>
    error
  );
  assertEquals(result === null || result instanceof Error, true);
  await assertRejects(async () => {
    while (true) await transport.write(new Uint8Array(100_000));
  });
  transport.close();
  await listener.close();
});

Deno.test("TLS: closing the listener drops unfinished handshakes", async () => {
  const { acceptor, listener, connect } = await open();
  using silent = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  // A later connection is through, so the earlier one has been accepted.
  using _conn = await connect();
  (await acceptor.next()).close();
  await listener.close();
  assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
});

Deno.test("TLS: a client that does not speak TLS is dropped", async () => {
  const { acceptor, listener } = await open();
  using plain = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  await plain.readable.pipeTo(new WritableStream()).catch(() => {});
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("TLS: connections beyond maxConnections are closed", async () => {
  const { acceptor, listener, connect } = await open({}, { maxConnections: 1 });
  using _first = await connect();
  const transport = await acceptor.next();
  using second = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  assertEquals(await second.read(new Uint8Array(1)).catch(() => null), null);
  transport.close();
  await listener.close();
});

Deno.test("TLS: closing the listener keeps the connections", async () => {
  const { acceptor, listener, connect } = await open();
  using conn = await connect();
  const transport = await acceptor.next();
  await listener.close();
  await listener.close();
  await conn.write(HELLO);
  assertEquals(await readExactly(transport, 5), HELLO);
  await assertRejects(() => connect());
  transport.close();
});

Deno.test("mTLS required: a verified certificate is shown to the broker", async () => {
  const { acceptor, listener, connect } = await open({
    ca: ca.cert,
    clientCertificate: "required",
  });
  const conn = await connect(client);
  const transport = await acceptor.next();
  const certificate = transport.peerCertificate;
  assertEquals(certificate?.commonName, "device-1");
  assertStringIncludes(
    certificate?.subjectAltName ?? "",
    "URI:spiffe://example.org/device/1",
  );
  assertEquals(certificate?.uris, ["spiffe://example.org/device/1"]);
  assertMatch(
    certificate?.fingerprint256 ?? "",
    /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/,
  );
  await checkEcho(conn, transport);
  await listener.close();
});

for (
  const [who, pair] of [["no certificate", undefined], [
    "one of another CA of the same name",
    otherClient,
  ]] as const
) {
  Deno.test(`mTLS required: a client with ${who} is refused`, async () => {
    const { acceptor, listener, connect } = await open({
      ca: ca.cert,
      clientCertificate: "required",
    });
    await assertRejects(async () => {
      // In TLS 1.3 the client learns of the refusal with its first read.
      using conn = await connect(pair);
      await conn.write(HELLO);
      if (await conn.read(new Uint8Array(1)) === null) {
        throw new Error("closed");
      }
    });
    assertEquals(acceptor.count, 0);
    await listener.close();
  });

  Deno.test(`mTLS optional: a client with ${who} has no certificate for the broker`, async () => {
    const { acceptor, listener, connect } = await open({
      ca: ca.cert,
      clientCertificate: "optional",
    });
    using conn = await connect(pair);
    const transport = await acceptor.next();
    assertEquals(transport.peerCertificate, undefined);
    await conn.write(HELLO);
    assertEquals(await readExactly(transport, 5), HELLO);
    transport.close();
    await listener.close();
  });
}

Deno.test("mTLS optional: a verified certificate is shown to the broker", async () => {
  const { acceptor, listener, connect } = await open({
    ca: ca.cert,
    clientCertificate: "optional",
  });
  using _conn = await connect(client);
  const transport = await acceptor.next();
  assertEquals(transport.peerCertificate?.commonName, "device-1");
  transport.close();
  await listener.close();
});

Deno.test("TLS: a port in use and an unknown host are explained", async () => {
  const { listener } = await open();
  const inUse = await assertRejects(
    () => open({}, { port: listener.port }),
    ListenError,
  );
  assertStringIncludes(
    inUse.message,
    `Cannot listen on 127.0.0.1:${listener.port} (listeners.test.bind): the port is in use`,
  );
  await listener.close();
  const unknown = await assertRejects(
    () => open({}, { hostname: "nowhere.invalid" }),
    ListenError,
  );
  assertStringIncludes(
    unknown.message,
    'the host "nowhere.invalid" is unknown',
  );
});
