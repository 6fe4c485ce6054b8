import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fillLimits } from "../../broker/config/limit_schema.ts";
import type { ListenerConfig } from "../../broker/config/mod.ts";
import {
  type Listener,
  ListenError,
  openListener,
  type Transport,
  webSocketTransport,
} from "../../broker/transport/mod.ts";
import { makeCertificates } from "../_certificates.ts";
import {
  Acceptor,
  echo,
  makeBytes,
  makeConfig,
  makeLogger,
  readExactly,
  sameBytes,
  until,
  writeAll,
} from "./_helpers.ts";

const HELLO = new TextEncoder().encode("hello");

async function open(changes: Partial<ListenerConfig> = {}) {
  const acceptor = new Acceptor();
  const config = makeConfig({ type: "ws", ...changes });
  const listener = await openListener(config, acceptor.accept, makeLogger());
  return { acceptor, listener };
}

/** Connects; `closed` resolves with the code when the socket is closed. */
async function connect(
  listener: Pick<Listener, "port">,
  options: { path?: string; protocols?: string[] } = {},
) {
  const { path = "/mqtt", protocols = ["mqtt"] } = options;
  const socket = new WebSocket(
    `ws://127.0.0.1:${listener.port}${path}`,
    protocols,
  );
  socket.binaryType = "arraybuffer";
  const received: Uint8Array[] = [];
  socket.onmessage = (event) => void received.push(new Uint8Array(event.data));
  const closed = new Promise<number>((resolve) => {
    socket.onclose = (event) => resolve(event.code);
  });
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = (event) =>
      reject(new Error((event as ErrorEvent).message));
  });
  return { socket, received, closed };
}

/** Sends a request over plain TCP. */
async function connectRaw(
  port: number,
  headers: Record<string, string> = {},
  path = "/mqtt",
) {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const all: Record<string, string> = {
    host: "localhost",
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "mqtt",
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value).map((
    [name, value],
  ) => `${name}: ${value}\r\n`);
  await conn.write(
    new TextEncoder().encode(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`),
  );
  return conn;
}

/** The status line and what follows of the answer to a request. */
async function ask(
  port: number,
  headers: Record<string, string>,
  path?: string,
): Promise<string> {
  using conn = await connectRaw(port, headers, path);
  const buffer = new Uint8Array(4096);
  const count = await conn.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

function join(chunks: Uint8Array[]): Uint8Array {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

Deno.test("WebSocket: bytes pass both ways, split over and sharing messages", async () => {
  const { acceptor, listener } = await open();
  const { socket, received, closed } = await connect(listener);
  assertEquals(socket.protocol, "mqtt");
  const transport = await acceptor.next();
  assertEquals([transport.kind, transport.remoteAddress], ["ws", "127.0.0.1"]);
  assertEquals(transport.remotePort > 0, true);
  for (const part of [[1], [2, 3], [], [4, 5, 6, 7]]) {
    socket.send(new Uint8Array(part));
  }
  assertEquals(await readExactly(transport, 3), new Uint8Array([1, 2, 3]));
  assertEquals(await readExactly(transport, 2), new Uint8Array([4, 5]));
  assertEquals(await readExactly(transport, 2), new Uint8Array([6, 7]));
  const output = HELLO.slice();
  assertEquals(await transport.write(output), 5);
  output.fill(0);
  await until(() => received.length > 0);
  assertEquals(join(received), HELLO);
  transport.close();
  assertEquals(await closed, 1000);
  await listener.close();
});

Deno.test("WebSocket: 5 MB come back unchanged", async () => {
  const { acceptor, listener } = await open();
  const { socket, received, closed } = await connect(listener);
  const echoing = echo(await acceptor.next());
  const bytes = makeBytes(5_000_000);
  for (let at = 0; at < bytes.length; at += 100_001) {
    socket.send(bytes.subarray(at, at + 100_001));
    // The client waits for its answers, as one that keeps to a window does.
    await until(() =>
      at - received.reduce((sum, chunk) => sum + chunk.length, 0) < 500_000
    );
  }
  const count = () => received.reduce((sum, chunk) => sum + chunk.length, 0);
  await until(() => count() >= bytes.length);
  const all = new Uint8Array(count());
  let at = 0;
  for (const chunk of received) {
    all.set(chunk, at);
    at += chunk.length;
  }
  assertEquals(sameBytes(all, bytes), true);
  socket.close();
  await closed;
  await echoing;
  await listener.close();
});

Deno.test("WebSocket: the end of the peer's stream is null, after what it had sent", async () => {
  const { acceptor, listener } = await open();
  const { socket, closed } = await connect(listener);
  const transport = await acceptor.next();
  socket.send(HELLO);
  socket.close();
  assertEquals(await readExactly(transport, 6), HELLO);
  await closed;
  await assertRejects(() => transport.write(HELLO));
  transport.close();
  await listener.close();
});

Deno.test("WebSocket: an abrupt end rejects the pending read", async () => {
  const { acceptor, listener } = await open();
  const conn = await connectRaw(listener.port);
  const transport = await acceptor.next();
  await conn.read(new Uint8Array(4096));
  const reading = assertRejects(() => transport.read(new Uint8Array(1)));
  conn.close();
  await reading;
  transport.close();
  await listener.close();
});

Deno.test("WebSocket: close() settles a pending read and may be repeated", async () => {
  const { acceptor, listener } = await open();
  const { closed } = await connect(listener);
  const transport = await acceptor.next();
  const reading = assertRejects(() => transport.read(new Uint8Array(1)));
  transport.close();
  transport.close();
  await reading;
  await assertRejects(() => transport.read(new Uint8Array(1)));
  await assertRejects(() => transport.write(HELLO));
  await closed;
  await listener.close();
});

Deno.test("WebSocket: a writer waits for a peer that does not read; close() ends the wait", async () => {
  const { acceptor, listener } = await open();
  const conn = await connectRaw(listener.port);
  const transport = await acceptor.next();
  await conn.read(new Uint8Array(1));
  let written = 0;
  const writing = assertRejects(async () => {
    while (written < 100_000_000) {
      written += await transport.write(new Uint8Array(1_000_000));
    }
  });
  let before = -1;
  while (before < written) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertEquals(written < 50_000_000, true);
  transport.close();
  await writing;
  conn.close();
  await listener.close();
});

Deno.test("WebSocket: a peer whose bytes nobody reads is made to wait", async () => {
  const { acceptor, listener } = await open();
  const conn = await connectRaw(listener.port);
  const transport = await acceptor.next();
  await conn.read(new Uint8Array(4096));
  // 8 KiB of zeros, masked with zeros.
  const frame = new Uint8Array(8 + 8192);
  frame.set([0x82, 0xfe, 0x20, 0]);
  let sent = 0;
  const sending = (async () => {
    while (sent < 200_000_000) {
      await writeAll(conn, frame);
      sent += 8192;
    }
  })().catch(() => {});
  for (let before = -1; before < sent;) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assertEquals(sent < 50_000_000, true, `${sent} bytes were taken`);
  const first = sent;
  assertEquals((await readExactly(transport, 20_000_000)).length, 20_000_000);
  assertEquals(sent > first, true);
  transport.close();
  conn.close();
  await sending;
  await listener.close();
});

Deno.test("webSocketTransport() closes its socket with 1008 when more than 4 MiB wait unread", async () => {
  const accepted = Promise.withResolvers<Transport>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, {
        protocol: "mqtt",
      });
      accepted.resolve(webSocketTransport(socket, { address: "", port: 0 }));
      return response;
    },
  );
  const { socket, closed } = await connect(server.addr);
  const transport = await accepted.promise;
  for (let i = 0; i < 6; i++) socket.send(new Uint8Array(1024 * 1024));
  assertEquals(await closed, 1008);
  await assertRejects(
    () => transport.read(new Uint8Array(1)),
    Error,
    "wait unread",
  );
  transport.close();
});

Deno.test("WebSocket: a text message closes the socket with 1003 [MQTT-6.0.0-1]", async () => {
  const { acceptor, listener } = await open();
  const { socket, closed } = await connect(listener);
  const transport = await acceptor.next();
  const reading = assertRejects(
    () => transport.read(new Uint8Array(1)),
    Error,
    "text message",
  );
  socket.send("hello");
  assertEquals(await closed, 1003);
  await reading;
  transport.close();
  await listener.close();
});

Deno.test("WebSocket: requests that do not fit are refused with a clear status", async () => {
  const websocket = { path: "/mqtt", origins: ["https://app.example"] };
  const { acceptor, listener } = await open({ websocket });
  const { port } = listener;
  assertStringIncludes(await ask(port, {}, "/other"), "HTTP/1.1 404");
  assertStringIncludes(
    await ask(port, { upgrade: "", connection: "" }),
    "HTTP/1.1 426",
  );
  assertStringIncludes(
    await ask(port, { origin: "https://evil.example" }),
    "HTTP/1.1 403",
  );
  const noProtocol = await ask(port, { "sec-websocket-protocol": "" });
  assertStringIncludes(noProtocol, "HTTP/1.1 400");
  assertStringIncludes(noProtocol, 'subprotocol "mqtt"');
  assertStringIncludes(
    await ask(port, { "sec-websocket-protocol": "chat, mqttv5" }),
    "HTTP/1.1 400",
  );
  assertStringIncludes(
    await ask(port, { "sec-websocket-key": "" }),
    "HTTP/1.1 400",
  );
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("WebSocket: an allowed origin, no origin, the old subprotocol and any path are taken", async () => {
  const websocket = { path: "*", origins: ["https://app.example"] };
  const { acceptor, listener } = await open({ websocket });
  const { port } = listener;
  assertStringIncludes(
    await ask(port, { origin: "https://app.example" }),
    "HTTP/1.1 101",
  );
  assertStringIncludes(
    await ask(port, { "sec-websocket-protocol": "mqttv3.1" }, "/any"),
    "sec-websocket-protocol: mqttv3.1",
  );
  for (let i = 0; i < 2; i++) {
    const transport = await acceptor.next();
    await transport.read(new Uint8Array(1)).catch(() => {});
    transport.close();
  }
  await listener.close();
});

Deno.test("WebSocket: connections beyond maxConnections are closed, and a place becomes free again", async () => {
  const { acceptor, listener } = await open({ maxConnections: 1 });
  const first = await connect(listener);
  const transport = await acceptor.next();
  {
    using refused = await Deno.connect({
      hostname: "127.0.0.1",
      port: listener.port,
    });
    const read = refused.read(new Uint8Array(1)).catch(() => null);
    assertEquals(await read, null);
  }
  transport.close();
  await first.closed;
  let second: { socket: WebSocket; closed: Promise<number> } | undefined;
  while (second === undefined) {
    second = await connect(listener).catch(() => undefined);
  }
  (await acceptor.next()).close();
  assertEquals(await second.closed, 1000);
  await listener.close();
});

Deno.test("WebSocket: clients that leave during the handshake cost no place", async () => {
  const { acceptor, listener } = await open({ maxConnections: 3 });
  const { port } = listener;
  for (let i = 0; i < 20; i++) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await writeAll(conn, new TextEncoder().encode("GET /mqtt HTTP/1.1\r\nh"))
      .catch(() => {});
    conn.close();
  }
  let answer = "";
  while (!answer.includes("101")) {
    answer = await ask(port, {}).catch(() => "");
  }
  (await acceptor.next()).close();
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("WebSocket: a client that never completes its handshake is dropped and holds up nobody", async () => {
  const { acceptor, listener } = await open({
    limits: fillLimits({ connectTimeout: 0.2 }),
  });
  using silent = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  await writeAll(silent, new TextEncoder().encode("GET /mqtt HTTP/1.1\r\n"));
  const { socket, closed } = await connect(listener);
  assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
  socket.close();
  const transport = await acceptor.next();
  assertEquals(await transport.read(new Uint8Array(1)), null);
  await closed;
  transport.close();
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("WebSocket: closing the listener drops unfinished handshakes", async () => {
  const { acceptor, listener } = await open();
  using silent = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  // A later connection is through, so the earlier one has been accepted.
  const { closed } = await connect(listener);
  (await acceptor.next()).close();
  await closed;
  await listener.close();
  assertEquals(await silent.read(new Uint8Array(1)).catch(() => null), null);
});

Deno.test("WebSocket: a request that is endless or no request is refused", async () => {
  const { acceptor, listener } = await open();
  for (
    const request of [
      `GET /mqtt HTTP/1.1\r\n${"x: y\r\n".repeat(10_000)}`,
      "\x16\x03\x01\x02\r\n\r\n",
      "GET /mqtt HTTP/1.1\r\nno colon\r\n\r\n",
      "GET /mqtt HTTP/1.0\r\n\r\n",
    ]
  ) {
    using conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: listener.port,
    });
    await writeAll(conn, new TextEncoder().encode(request)).catch(() => {});
    // What the broker did not read may take its answer away.
    const answer = await readExactly(conn, 12).catch(() => new Uint8Array(0));
    if (answer.length > 0) {
      assertEquals(new TextDecoder().decode(answer), "HTTP/1.1 400");
    }
  }
  assertEquals(acceptor.count, 0);
  await listener.close();
});

Deno.test("WebSocket: closing the listener keeps the connections and frees the port", async () => {
  const { acceptor, listener } = await open();
  const { socket, closed } = await connect(listener);
  const transport = await acceptor.next();
  await listener.close();
  socket.send(HELLO);
  assertEquals(await readExactly(transport, 5), HELLO);
  await assertRejects(() =>
    Deno.connect({ hostname: "127.0.0.1", port: listener.port })
  );
  transport.close();
  await listener.close();
  assertEquals(await closed, 1000);
});

Deno.test("WebSocket: a peer that does not answer the closing handshake does not hold up close()", async () => {
  const { acceptor, listener } = await open();
  using _conn = await connectRaw(listener.port);
  const transport = await acceptor.next();
  const writing = transport.write(HELLO);
  await writing;
  transport.close();
  await listener.close();
});

Deno.test("webSocketTransport() takes a socket that is still connecting", async () => {
  const { acceptor, listener } = await open();
  const socket = new WebSocket(`ws://127.0.0.1:${listener.port}/mqtt`, [
    "mqtt",
  ]);
  const client = webSocketTransport(socket, {
    address: "192.0.2.1",
    port: 7,
    secure: true,
  });
  assertEquals([client.kind, client.remoteAddress, client.remotePort], [
    "wss",
    "192.0.2.1",
    7,
  ]);
  const reading = readExactly(client, 5);
  await writeAll(client, HELLO);
  const transport = await acceptor.next();
  assertEquals(await readExactly(transport, 5), HELLO);
  await writeAll(transport, HELLO);
  assertEquals(await reading, HELLO);
  client.close();
  assertEquals(await transport.read(new Uint8Array(1)), null);
  transport.close();
  await listener.close();
});

Deno.test("WebSocket over TLS: bytes pass both ways", async () => {
  const folder = await Deno.makeTempDir();
  const { ca, server } = await makeCertificates(folder);
  await Deno.remove(folder, { recursive: true });
  const tls = { ...server, clientCertificate: "none" as const };
  const { acceptor, listener } = await open({ tls });
  using client = Deno.createHttpClient({ caCerts: [ca.cert] });
  const socket = new WebSocket(
    `wss://localhost:${listener.port}/mqtt`,
    { protocols: ["mqtt"], client } as unknown as string[],
  );
  const peer = webSocketTransport(socket, { address: "", port: 0 });
  await writeAll(peer, HELLO);
  const transport = await acceptor.next();
  assertEquals(transport.kind, "wss");
  assertEquals(await readExactly(transport, 5), HELLO);
  peer.close();
  assertEquals(await transport.read(new Uint8Array(1)), null);
  transport.close();
  await listener.close();
});

Deno.test("WebSocket: a port in use is explained", async () => {
  const { listener } = await open();
  const error = await assertRejects(
    () => open({ port: listener.port }),
    ListenError,
  );
  assertStringIncludes(
    error.message,
    `Cannot listen on 127.0.0.1:${listener.port} (listeners.test.bind): the port is in use`,
  );
  await listener.close();
});
