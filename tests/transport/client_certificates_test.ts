/**
 * Client certificates over WebSocket, and TLS sessions that are resumed: a client
 * may not get with a ticket what it could not get with its certificate.
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { ListenerConfig } from "../../broker/config/mod.ts";
import {
  openListener,
  type RunningListener,
  type Transport,
  webSocketTransport,
} from "../../broker/transport/mod.ts";
import { makeCertificates } from "../_certificates.ts";
import {
  Acceptor,
  makeConfig,
  makeLogger,
  readExactly,
  writeAll,
} from "./_helpers.ts";

const HELLO = new TextEncoder().encode("hello");
const folder = await Deno.makeTempDir();
const { ca, server, client: device } = await makeCertificates(folder);
const others = await makeCertificates(folder);
await Deno.remove(folder, { recursive: true });

type Tls = NonNullable<ListenerConfig["tls"]>;

async function open(tls: Pick<Tls, "clientCertificate" | "ca">) {
  const acceptor = new Acceptor();
  const config = makeConfig({ type: "ws", tls: { ...server, ...tls } });
  const listener = await openListener(config, acceptor.accept, makeLogger());
  return { acceptor, listener, config };
}

/** Connects; all connections of one `client` share their TLS tickets. */
function connect(
  listener: RunningListener,
  client: Deno.HttpClient,
): Transport {
  const socket = new WebSocket(
    `wss://localhost:${listener.port}/mqtt`,
    { protocols: ["mqtt"], client } as unknown as string[],
  );
  return webSocketTransport(socket, { address: "", port: 0 });
}

/** Sends and closes; says what the broker knows of the client. */
async function visit(
  { listener, acceptor }: { listener: RunningListener; acceptor: Acceptor },
  client: Deno.HttpClient,
): Promise<string | undefined> {
  const peer = connect(listener, client);
  await writeAll(peer, HELLO);
  const transport = await acceptor.next();
  assertEquals(await readExactly(transport, 5), HELLO);
  transport.close();
  assertEquals(await peer.read(new Uint8Array(1)), null);
  peer.close();
  return transport.peerCertificate?.commonName;
}

Deno.test("WebSocket over mTLS: a verified certificate is shown, also when the session is resumed; who has none is refused", async () => {
  const strict = await open({ ca: ca.cert, clientCertificate: "required" });
  using known = Deno.createHttpClient({ caCerts: [ca.cert], ...device });
  for (let i = 0; i < 3; i++) {
    assertEquals(await visit(strict, known), "device-1");
  }
  using stranger = Deno.createHttpClient({ caCerts: [ca.cert] });
  await assertRejects(() => connect(strict.listener, stranger).write(HELLO));
  assertEquals(strict.acceptor.count, 0);
  await strict.listener.close();
});

Deno.test("mTLS: a session of a listener that asks for no certificate opens no other listener", async () => {
  const free = await open({ clientCertificate: "none" });
  const strict = await open({ ca: ca.cert, clientCertificate: "required" });
  const lax = await open({ ca: ca.cert, clientCertificate: "optional" });
  using client = Deno.createHttpClient({ caCerts: [ca.cert] });
  for (let i = 0; i < 2; i++) {
    assertEquals(await visit(free, client), undefined);
  }
  await assertRejects(() => connect(strict.listener, client).write(HELLO));
  assertEquals(await visit(lax, client), undefined);
  assertEquals(strict.acceptor.count, 0);
  for (const { listener } of [free, strict, lax]) await listener.close();
});

Deno.test("mTLS: a session of a listener that trusts other authorities opens no other listener", async () => {
  const first = await open({ ca: ca.cert, clientCertificate: "required" });
  const second = await open({
    ca: others.ca.cert,
    clientCertificate: "required",
  });
  const third = await open({
    ca: others.ca.cert,
    clientCertificate: "optional",
  });
  using client = Deno.createHttpClient({ caCerts: [ca.cert], ...device });
  for (let i = 0; i < 2; i++) {
    assertEquals(await visit(first, client), "device-1");
  }
  await assertRejects(() => connect(second.listener, client).write(HELLO));
  assertEquals(await visit(third, client), undefined);
  assertEquals(second.acceptor.count, 0);
  // Nor does it survive that the authorities of its own listener change.
  first.listener.update({
    ...first.config,
    tls: { ...server, ca: others.ca.cert, clientCertificate: "required" },
  });
  await assertRejects(() => connect(first.listener, client).write(HELLO));
  for (const { listener } of [first, second, third]) await listener.close();
});
