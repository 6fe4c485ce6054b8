/** Class 35: certificates that one transport does not check, and proxies that anybody can be. */

import { assertEquals, assertRejects } from "@std/assert";
import { type CertificatePair, makeCertificates } from "../_certificates.ts";
import { webSocketTransport } from "../../broker/transport/mod.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import {
  extension,
  TCP4,
  version1,
  version2,
} from "../transport/_proxy_headers.ts";
import { assertServes, codeOf, leftOver, makeFolder } from "./_attack.ts";

const encoder = new TextEncoder();

/** Connects over TLS or secure WebSocket; `undefined` if the broker does not let it. */
async function connect(
  kind: "tls" | "wss",
  port: number,
  ca: string,
  pair: CertificatePair | undefined,
): Promise<number | undefined> {
  const caCerts = [ca];
  if (kind === "tls") {
    const conn = await Deno.connectTls({
      hostname: "localhost",
      port,
      caCerts,
      ...pair,
    });
    await using client = await TestClient.open(conn);
    await client.send(connectPacket({ clientId: "device-1" })).catch(() => {});
    return (await client.expect("connack").catch(() => undefined))?.returnCode;
  }
  using http = Deno.createHttpClient({ caCerts, ...pair });
  const socket = new WebSocket(
    `wss://localhost:${port}/mqtt`,
    { protocols: ["mqtt"], client: http } as unknown as string[],
  );
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = () => resolve(false);
  });
  if (!isOpen) return undefined;
  const peer = webSocketTransport(socket, { address: "", port: 0 });
  await using client = await TestClient.open(peer as unknown as Deno.Conn);
  await client.send(connectPacket({ clientId: "device-1" })).catch(() => {});
  return (await client.expect("connack").catch(() => undefined))?.returnCode;
}

Deno.test("TLS and secure WebSocket: no certificate, or one of an impostor, is none", async () => {
  await using folder = await makeFolder();
  const { ca, client, otherClient } = await makeCertificates(folder.path);
  const tls = {
    bind: "127.0.0.1:0",
    ssl: true,
    certfile: `${folder.path}/server.pem`,
    keyfile: `${folder.path}/server.key`,
    cafile: `${folder.path}/ca.pem`,
  };
  await using broker = await startBroker({
    listeners: {
      tls: { ...tls, clientCertificate: "required" },
      wss: { ...tls, type: "ws", clientCertificate: "required" },
      laxTls: { ...tls, clientCertificate: "optional" },
      laxWss: { ...tls, type: "ws", clientCertificate: "optional" },
    },
    plugins: [{ auth_cert: { identity: "common-name" } }],
  });
  for (const [i, kind] of (["tls", "wss", "tls", "wss"] as const).entries()) {
    const { port } = broker.listeners[i];
    const refused = i < 2 ? undefined : 5;
    assertEquals(await connect(kind, port, ca.cert, client), 0, kind);
    assertEquals(await connect(kind, port, ca.cert, undefined), refused, kind);
    assertEquals(
      await connect(kind, port, ca.cert, otherClient),
      refused,
      kind,
    );
  }
});

Deno.test("a PROXY header counts only from listed addresses, and only where it is asked for", async () => {
  const from = (...proxyFrom: string[]) => ({
    bind: "127.0.0.1:0",
    proxyProtocol: true,
    proxyFrom,
  });
  await using broker = await startBroker({
    listeners: {
      default: { bind: "127.0.0.1:0" },
      foreign: from("192.0.2.0/24", "::1"),
      ours: from("127.0.0.1"),
    },
  });
  const header = version1("TCP4 192.0.2.7 10.0.0.1 4660 1883");
  for (const port of broker.listeners.slice(0, 2).map(({ port }) => port)) {
    for (const bytes of [header, version2(0x21, 0x11, TCP4)]) {
      await using client = await TestClient.open(port);
      await client.raw(bytes).catch(() => {});
      await client.send(connectPacket()).catch(() => {});
      assertEquals(await leftOver(client), []);
    }
  }
  const { port } = broker.listeners[2];
  await using client = await TestClient.open(port);
  await client.raw(header);
  // What looks like a second header belongs to the client.
  await client.raw(version1("TCP4 198.51.100.1 10.0.0.1 1 1883"));
  assertEquals(await leftOver(client), []);
  // Without a header nobody is let in.
  await using bare = await TestClient.open(port);
  await bare.send(connectPacket()).catch(() => {});
  assertEquals(await leftOver(bare), []);
  await assertServes(broker);
});

Deno.test("a PROXY header is no certificate, whatever it says about one", async () => {
  await using broker = await startBroker({
    listeners: {
      default: {
        bind: "127.0.0.1:0",
        proxyProtocol: true,
        proxyFrom: ["127.0.0.1"],
      },
    },
    plugins: [{ auth_cert: { identity: "common-name" } }],
  });
  const verified = [
    ...[0x07, 0, 0, 0, 0],
    ...extension(0x22, [...encoder.encode("device-1")]),
  ];
  await using client = await TestClient.open(broker);
  await client.raw(
    version2(0x21, 0x11, [...TCP4, ...extension(0x20, verified)]),
  );
  await client.send(connectPacket({ clientId: "device-1" }));
  assertEquals((await client.expect("connack")).returnCode, 5);
});

Deno.test("auth_cert lets nobody in without TLS, and a listener cannot require a certificate without an authority", async () => {
  await using broker = await startBroker({
    plugins: [{ auth_cert: { identity: "common-name" } }],
  });
  assertEquals(await codeOf(broker, { clientId: "device-1" }), 5);
  await using folder = await makeFolder();
  await makeCertificates(folder.path);
  await assertRejects(() =>
    startBroker({
      listeners: {
        default: {
          bind: "127.0.0.1:0",
          ssl: true,
          certfile: `${folder.path}/server.pem`,
          keyfile: `${folder.path}/server.key`,
          clientCertificate: "required",
        },
      },
    })
  );
});
