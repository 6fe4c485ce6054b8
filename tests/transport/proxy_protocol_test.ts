/** The PROXY protocol: headers byte for byte, and listeners that ask for them. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fillLimits } from "../../broker/config/limit_schema.ts";
import type { ListenerConfig } from "../../broker/config/mod.ts";
import {
  openListener,
  webSocketTransport,
} from "../../broker/transport/mod.ts";
import {
  ProxyError,
  readProxyHeader,
} from "../../broker/transport/proxy_protocol.ts";
import { makeCertificates } from "../_certificates.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import { limitsOf } from "../limits/_helpers.ts";
import { Acceptor, makeConfig, makeLogger, readExactly } from "./_helpers.ts";
import { extension, TCP4, TCP6, version1, version2 } from "./_proxy_headers.ts";

const encoder = new TextEncoder();

/** Bytes that come in pieces of `size`, and what is left of them. */
class Pieces {
  rest: Uint8Array;
  readonly #size: number;

  constructor(bytes: Uint8Array, size: number) {
    this.rest = bytes;
    this.#size = size;
  }

  read(into: Uint8Array): Promise<number | null> {
    if (this.rest.length === 0) return Promise.resolve(null);
    const count = Math.min(this.#size, into.length, this.rest.length);
    into.set(this.rest.subarray(0, count));
    this.rest = this.rest.subarray(count);
    return Promise.resolve(count);
  }
}

type Row = [what: string, header: Uint8Array, peer: string | undefined];

const TLVS = [
  ...extension(0x02, [...encoder.encode("mqtt.example")]),
  ...extension(0x04, []),
  ...extension(0x20, [1, 0, 0, 0, 0]),
];
const UNIX = new Array<number>(216).fill(0);

const VALID: readonly Row[] = [
  ["v1 TCP4", version1("TCP4 192.0.2.7 10.0.0.1 4660 1883"), "192.0.2.7 4660"],
  ["v1 TCP6", version1("TCP6 2001:DB8:0::7 ::1 4660 1883"), "2001:db8::7 4660"],
  [
    "v1 TCP6 of an IPv4 client",
    version1("TCP6 ::ffff:192.0.2.7 ::1 1 2"),
    "192.0.2.7 1",
  ],
  [
    "v1, the longest",
    version1(
      `TCP6 ${new Array(8).fill("ffff").join(":")} ${
        new Array(8).fill("ffff").join(":")
      } 65535 65535`,
    ),
    `${new Array(8).fill("ffff").join(":")} 65535`,
  ],
  ["v1 UNKNOWN", version1("UNKNOWN"), undefined],
  ["v1 UNKNOWN with anything", version1("UNKNOWN ffff::1 x 1 2"), undefined],
  ["v2 TCP4", version2(0x21, 0x11, TCP4), "192.0.2.7 4660"],
  ["v2 TCP6", version2(0x21, 0x21, TCP6), "2001:db8::7 4660"],
  [
    "v2 TCP6 of an IPv4 client",
    version2(0x21, 0x21, [
      ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7],
      ...TCP6.slice(16),
    ]),
    "192.0.2.7 4660",
  ],
  [
    "v2 with extensions",
    version2(0x21, 0x11, [...TCP4, ...TLVS]),
    "192.0.2.7 4660",
  ],
  [
    "v2 with a long extension",
    version2(0x21, 0x21, [
      ...TCP6,
      ...extension(0xe0, new Array(4000).fill(7)),
    ]),
    "2001:db8::7 4660",
  ],
  ["v2 LOCAL", version2(0x20, 0x00), undefined],
  ["v2 LOCAL with anything", version2(0x20, 0x11, [1, 2, 3]), undefined],
  ["v2 UNSPEC", version2(0x21, 0x00, TLVS), undefined],
  ["v2 of a Unix socket", version2(0x21, 0x31, UNIX), undefined],
];

for (const [what, header, peer] of VALID) {
  Deno.test(`readProxyHeader() reads ${what}, however it is cut, and nothing behind it`, async () => {
    for (const size of [1, 2, 3, 7, 16, 10_000]) {
      const source = new Pieces(
        Uint8Array.from([...header, 0x10, 0x0d, 0x0a, 0]),
        size,
      );
      const found = await readProxyHeader(source);
      assertEquals(found && `${found.address} ${found.port}`, peer);
      assertEquals([...source.rest], [0x10, 0x0d, 0x0a, 0]);
    }
  });
}

const INVALID: readonly [what: string, header: Uint8Array][] = [
  ["an MQTT CONNECT", Uint8Array.of(0x10, 12)],
  ["another word", encoder.encode("PROXI TCP4 1.2.3.4 1.2.3.4 1 2\r\n")],
  ["a wrong signature", version2(0x21, 0x11, TCP4).fill(9, 4, 5)],
  ["no line feed", encoder.encode(`PROXY UNKNOWN${" ".repeat(200)}`)],
  ["a line that is too long", version1(`UNKNOWN ${"x".repeat(100)}`)],
  ["a line feed alone", encoder.encode("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n\n\n")],
  ["UDP", version1("UDP4 1.2.3.4 1.2.3.4 1 2")],
  ["an IPv6 address in TCP4", version1("TCP4 ::1 1.2.3.4 1 2")],
  ["an IPv4 address in TCP6", version1("TCP6 1.2.3.4 ::1 1 2")],
  ["no address", version1("TCP4 1.2.3 1.2.3.4 1 2")],
  ["a zone", version1("TCP6 fe80::1%eth0 ::1 1 2")],
  ["a port above 65535", version1("TCP4 1.2.3.4 1.2.3.4 65536 2")],
  ["a negative port", version1("TCP4 1.2.3.4 1.2.3.4 -1 2")],
  ["too few fields", version1("TCP4 1.2.3.4 1.2.3.4 1")],
  ["too many fields", version1("TCP4 1.2.3.4 1.2.3.4 1 2 3")],
  ["two spaces", version1("TCP4  1.2.3.4 1.2.3.4 1 2")],
  ["version 1 in binary", version2(0x11, 0x11, TCP4)],
  ["an unknown command", version2(0x22, 0x11, TCP4)],
  ["datagrams", version2(0x21, 0x12, TCP4)],
  ["an unknown family", version2(0x21, 0x41, TCP4)],
  ["addresses that are cut off", version2(0x21, 0x21, TCP4)],
  ["a block that is too long", version2(0x21, 0x11, new Array(4097).fill(0))],
  ["an extension that is cut off", version2(0x21, 0x11, [...TCP4, 4, 0, 9, 1])],
  ["half an extension", version2(0x21, 0x11, [...TCP4, 4])],
  ["the end of the stream", version2(0x21, 0x11, TCP4).subarray(0, 20)],
  ["nothing at all", new Uint8Array(0)],
];

for (const [what, header] of INVALID) {
  Deno.test(`readProxyHeader() refuses ${what}`, async () => {
    for (const size of [1, 10_000]) {
      const source = new Pieces(header, size);
      await assertRejects(
        () => readProxyHeader(source),
        ProxyError,
        "Cannot read the PROXY header: ",
      );
    }
  });
}

async function open(changes: Partial<ListenerConfig> = {}) {
  const acceptor = new Acceptor();
  const warnings: string[] = [];
  const listener = await openListener(
    makeConfig({ proxyFrom: ["127.0.0.0/8"], ...changes }),
    acceptor.accept,
    makeLogger(warnings),
  );
  const connect = () =>
    Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  return { acceptor, listener, warnings, connect };
}

/** Sends byte by byte, each on its own. */
async function drip(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  conn.setNoDelay(true);
  for (let i = 0; i < bytes.length; i++) {
    await conn.write(bytes.subarray(i, i + 1));
    if (i % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

Deno.test("TCP behind a proxy: the announced address counts, and what follows the header is the client's", async () => {
  const { acceptor, listener, connect } = await open();
  for (
    const [header, address, port] of [
      [version1("TCP4 192.0.2.7 10.0.0.1 4660 1883"), "192.0.2.7", 4660],
      [version2(0x21, 0x21, [...TCP6, ...TLVS]), "2001:db8::7", 4660],
      [version1("UNKNOWN"), "127.0.0.1", undefined],
      [version2(0x20, 0), "127.0.0.1", undefined],
    ] as const
  ) {
    using conn = await connect();
    await drip(conn, Uint8Array.from([...header, 1, 2, 3]));
    const transport = await acceptor.next();
    assertEquals(transport.remoteAddress, address);
    assertEquals(
      transport.remotePort,
      port ?? (conn.localAddr as Deno.NetAddr).port,
    );
    assertEquals(await readExactly(transport, 3), Uint8Array.of(1, 2, 3));
    transport.close();
  }
  await listener.close();
});

Deno.test("TLS behind a proxy: the header comes before the handshake", async () => {
  const folder = await Deno.makeTempDir();
  const { ca, server } = await makeCertificates(folder);
  await Deno.remove(folder, { recursive: true });
  const { acceptor, listener, connect } = await open({
    tls: { ...server, clientCertificate: "none" },
  });
  const raw = await connect();
  await raw.write(version2(0x21, 0x11, TCP4));
  using conn = await Deno.startTls(raw, {
    hostname: "localhost",
    caCerts: [ca.cert],
  });
  await conn.write(Uint8Array.of(1));
  const transport = await acceptor.next();
  assertEquals([transport.kind, transport.remoteAddress], ["tls", "192.0.2.7"]);
  assertEquals(await readExactly(transport, 1), Uint8Array.of(1));
  transport.close();
  await listener.close();
});

Deno.test("WebSocket behind a proxy: the header comes before the request", async () => {
  const { acceptor, listener, connect } = await open({ type: "ws" });
  // A proxy that passes on what a WebSocket client sends.
  const proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const passing = (async () => {
    const client = await proxy.accept();
    const server = await connect();
    await server.write(version1("TCP4 192.0.2.7 10.0.0.1 4660 1883"));
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  })();
  const socket = new WebSocket(`ws://127.0.0.1:${proxy.addr.port}/mqtt`, [
    "mqtt",
  ]);
  const peer = webSocketTransport(socket, { address: "", port: 0 });
  await peer.write(Uint8Array.of(1, 2));
  const transport = await acceptor.next();
  assertEquals([transport.kind, transport.remoteAddress], ["ws", "192.0.2.7"]);
  assertEquals(await readExactly(transport, 2), Uint8Array.of(1, 2));
  transport.close();
  await peer.read(new Uint8Array(1));
  peer.close();
  proxy.close();
  await passing;
  await listener.close();
});

Deno.test("a malformed header closes the connection and is reported; so does no header in time", async () => {
  const { acceptor, listener, warnings, connect } = await open({
    limits: fillLimits({ connectTimeout: 0.2 }),
  });
  for (const bytes of [Uint8Array.of(0x10, 12, 0, 4), version1("TCP5 x")]) {
    using conn = await connect();
    await conn.write(bytes);
    assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
  }
  {
    using conn = await connect();
    await conn.write(version2(0x21, 0x11, TCP4).subarray(0, 20));
    assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
  }
  assertEquals(warnings, [
    "Cannot read the PROXY header: it begins with the byte 16; closed",
    "Connection closed: its PROXY header was not complete in time",
  ]);
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("an address that is not in proxy-from is refused, whatever it sends", async () => {
  const { acceptor, listener, warnings, connect } = await open({
    proxyFrom: ["192.0.2.0/24", "::1"],
  });
  using conn = await connect();
  await conn.write(version2(0x21, 0x11, TCP4)).catch(() => {});
  assertEquals(await conn.read(new Uint8Array(1)).catch(() => null), null);
  assertEquals(acceptor.count, 0);
  assertStringIncludes(warnings[0], "is not in proxy-from");
  await listener.close();
});

Deno.test("closing the listener drops connections whose header is not complete; leaving costs no place", async () => {
  const { acceptor, listener, connect } = await open({ maxConnections: 2 });
  for (let i = 0; i < 10; i++) {
    const conn = await connect();
    await conn.write(encoder.encode("PROXY ")).catch(() => {});
    conn.close();
  }
  let transport;
  while (transport === undefined) {
    const conn = await connect();
    await conn.write(version1("UNKNOWN")).catch(() => {});
    transport = await Promise.race([
      acceptor.next(),
      conn.read(new Uint8Array(1)).then(() => undefined, () => undefined),
    ]);
    conn.close();
  }
  transport.close();
  using silent = await connect();
  using late = await connect();
  await late.write(version1("UNKNOWN"));
  (await acceptor.next()).close();
  await listener.close();
  assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
});

Deno.test("limits hold for the address that a proxy announces, of IPv6 for its network", async () => {
  await using broker = await startBroker({
    listeners: {
      default: {
        bind: "127.0.0.1:0",
        proxyProtocol: true,
        proxyFrom: ["127.0.0.1"],
        maxConnectionsPerAddress: 1,
      },
    },
  });
  const connect = async (address: string, clientId: string) => {
    const conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: broker.listeners[0].port,
    });
    const family = address.includes(":") ? 6 : 4;
    const to = family === 6 ? "::1" : "127.0.0.1";
    await conn.write(version1(`TCP${family} ${address} ${to} 4660 1883`));
    const client = await TestClient.open(conn);
    await client.send(connectPacket({ clientId })).catch(() => {});
    return client;
  };
  await using one = await connect("192.0.2.1", "one");
  await one.expect("connack");
  assertEquals(broker.context.getSession("one")?.remoteAddress, "192.0.2.1");
  assertEquals(broker.context.getSession("one")?.remotePort, 4660);
  await using two = await connect("192.0.2.1", "two");
  await two.closed();
  await using three = await connect("2001:db8:0:1::1", "three");
  await three.expect("connack");
  await using four = await connect("2001:db8:0:1:ffff::2", "four");
  await four.closed();
  await using five = await connect("2001:db8:0:2::1", "five");
  await five.expect("connack");
  assertEquals(limitsOf(broker), { maxConnectionsPerAddress: 2 });
});
