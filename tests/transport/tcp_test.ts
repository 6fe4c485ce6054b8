import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  AcceptLoop,
  type Incoming,
} from "../../broker/transport/accept_loop.ts";
import { ConnTransport } from "../../broker/transport/conn_transport.ts";
import { ListenError, openListener } from "../../broker/transport/mod.ts";
import {
  Acceptor,
  checkEcho,
  makeConfig,
  makeGate,
  makeLogger,
  readExactly,
  until,
} from "./_helpers.ts";

const HELLO = new TextEncoder().encode("hello");

async function open(changes = {}, warnings: string[] = []) {
  const acceptor = new Acceptor();
  const listener = await openListener(
    makeConfig(changes),
    acceptor.accept,
    makeLogger(warnings),
  );
  const connect = () =>
    Deno.connect({ hostname: "127.0.0.1", port: listener.port });
  return { acceptor, listener, connect };
}

Deno.test("openListener() opens TCP: bytes pass both ways and the peer is known", async () => {
  const { acceptor, listener, connect } = await open();
  using client = await connect();
  const transport = await acceptor.next();
  const address = client.localAddr as Deno.NetAddr;
  assertEquals(listener.address, `127.0.0.1:${listener.port}`);
  assertEquals(
    [transport.kind, transport.remoteAddress, transport.remotePort],
    ["tcp", "127.0.0.1", address.port],
  );
  await client.write(HELLO);
  assertEquals(await readExactly(transport, 5), HELLO);
  assertEquals(await transport.write(HELLO), 5);
  assertEquals(await readExactly(client, 5), HELLO);
  transport.close();
  assertEquals(await client.read(new Uint8Array(1)), null);
  await listener.close();
});

Deno.test("TCP: 5 MB come back unchanged", async () => {
  const { acceptor, listener, connect } = await open();
  await checkEcho(await connect(), await acceptor.next());
  await listener.close();
});

Deno.test("TCP: a half close is the end of reading, not of writing", async () => {
  const { acceptor, listener, connect } = await open();
  using client = await connect();
  const transport = await acceptor.next();
  await client.closeWrite();
  assertEquals(await transport.read(new Uint8Array(1)), null);
  await transport.write(HELLO);
  assertEquals(await readExactly(client, 5), HELLO);
  transport.close();
  await listener.close();
});

Deno.test("TCP: close() settles a pending read and may be repeated", async () => {
  const { acceptor, listener, connect } = await open();
  using _client = await connect();
  const transport = await acceptor.next();
  const rejected = assertRejects(() => transport.read(new Uint8Array(1)));
  transport.close();
  transport.close();
  await rejected;
  await assertRejects(() => transport.read(new Uint8Array(1)));
  await assertRejects(() => transport.write(HELLO));
  await listener.close();
});

Deno.test("TCP: close() settles a write that a peer does not take", async () => {
  const { acceptor, listener, connect } = await open();
  using _client = await connect();
  const transport = await acceptor.next();
  const filling = assertRejects(async () => {
    while (true) await transport.write(new Uint8Array(1_000_000));
  });
  transport.close();
  await filling;
  await listener.close();
});

Deno.test("TCP: an abrupt reset ends reading with an error or null", async () => {
  const { acceptor, listener, connect } = await open();
  const client = await connect();
  const transport = await acceptor.next();
  await transport.write(HELLO);
  // Closing with unread bytes makes the system send a reset.
  client.close();
  const result = await transport.read(new Uint8Array(1)).catch((error) =>
    error
  );
  assertEquals(result === null || result instanceof Error, true);
  transport.close();
  await listener.close();
});

Deno.test("TCP: closing the listener keeps the connections and frees the port", async () => {
  const { acceptor, listener, connect } = await open();
  using client = await connect();
  const transport = await acceptor.next();
  await listener.close();
  await listener.close();
  await client.write(HELLO);
  assertEquals(await readExactly(transport, 5), HELLO);
  await assertRejects(connect, Deno.errors.ConnectionRefused);
  transport.close();
});

Deno.test("TCP: connections beyond maxConnections are closed, and a place becomes free again", async () => {
  const warnings: string[] = [];
  const { acceptor, listener, connect } = await open(
    { maxConnections: 1 },
    warnings,
  );
  using _first = await connect();
  const transport = await acceptor.next();
  using second = await connect();
  assertEquals(await second.read(new Uint8Array(1)).catch(() => null), null);
  assertEquals(warnings.length, 1);
  transport.close();
  using _third = await connect();
  (await acceptor.next()).close();
  await listener.close();
});

Deno.test("openListener() says which listener finds its port in use", async () => {
  const { listener } = await open();
  const error = await assertRejects(
    () => open({ port: listener.port }),
    ListenError,
  );
  assertStringIncludes(
    error.message,
    `Cannot listen on 127.0.0.1:${listener.port} (listeners.test.bind): the port is in use.`,
  );
  assertEquals(error.listener, "test");
  assertEquals(error.cause instanceof Deno.errors.AddrInUse, true);
  await listener.close();
});

Deno.test("openListener() explains an unknown host and an address of another machine", async () => {
  const unknown = await assertRejects(
    () => open({ hostname: "nowhere.invalid" }),
    ListenError,
  );
  assertMatch(unknown.message, /the host "nowhere.invalid" is unknown/);
  const foreign = await assertRejects(
    () => open({ hostname: "192.0.2.1" }),
    ListenError,
  );
  assertMatch(foreign.message, /this machine does not have that address/);
});

Deno.test("openListener() opens nothing for an external listener", async () => {
  const { listener } = await open({ type: "external" });
  assertEquals([listener.address, listener.port], ["external", 0]);
  await listener.close();
});

Deno.test("AcceptLoop survives failing accepts, warns once and goes on", async () => {
  const warnings: string[] = [];
  const logger = makeLogger(warnings);
  const acceptor = new Acceptor();
  const real = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let failures = 3;
  const listener = {
    accept: () =>
      failures-- > 0
        ? Promise.reject(new Error("Too many open files"))
        : real.accept(),
    close: () => real.close(),
  };
  const handle = (conn: Deno.TcpConn, incoming: Incoming) =>
    acceptor.accept(new ConnTransport(conn, "tcp", incoming));
  const config = makeConfig();
  const gate = makeGate(logger);
  const loop = new AcceptLoop({ listener, config, gate, handle, logger });
  using _client = await Deno.connect({
    hostname: "127.0.0.1",
    port: real.addr.port,
  });
  (await acceptor.next()).close();
  assertEquals(warnings, ["Cannot accept a connection: Too many open files"]);
  assertEquals([loop.open, gate.open, gate.pending], [0, 0, 0]);
  await loop.close();
});

Deno.test("AcceptLoop.close() does not wait for the pause after a failure", async () => {
  const warnings: string[] = [];
  const logger = makeLogger(warnings);
  const listener = {
    accept: () => Promise.reject(new Error("no")),
    close() {},
  };
  const config = makeConfig();
  const gate = makeGate(logger);
  const handle = () => {};
  const loop = new AcceptLoop({ listener, config, gate, handle, logger });
  await until(() => warnings.length > 0);
  await loop.close();
  assertEquals([loop.open, gate.open, gate.pending], [0, 0, 0]);
});
