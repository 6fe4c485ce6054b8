/** Certificates that are exchanged while clients are connected. */

import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import {
  type BrokerConfig,
  ConfigError,
  webSocketTransport,
} from "../../mod.ts";
import { decode, encode } from "../../codec/mod.ts";
import { type CertificatePair, makeCertificates } from "../_certificates.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";

/** A folder with the files of a server, and what has been in them. */
class Files implements AsyncDisposable {
  readonly folder: string;
  readonly first: { ca: CertificatePair; server: CertificatePair };
  readonly second: { ca: CertificatePair; server: CertificatePair };

  private constructor(
    folder: string,
    first: Files["first"],
    second: Files["second"],
  ) {
    this.folder = folder;
    this.first = first;
    this.second = second;
  }

  static async make(): Promise<Files> {
    const folder = await Deno.makeTempDir();
    const first = await makeCertificates(folder);
    const second = await makeCertificates(folder);
    const files = new Files(folder, first, second);
    await files.write(first.server);
    return files;
  }

  get tls() {
    return {
      ssl: true,
      certfile: `${this.folder}/current.pem`,
      keyfile: `${this.folder}/current.key`,
    };
  }

  async write({ cert, key }: CertificatePair): Promise<void> {
    await Deno.writeTextFile(this.tls.certfile, cert);
    await Deno.writeTextFile(this.tls.keyfile, key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("new TLS connections get the new certificate, those that are open stay", async () => {
  await using files = await Files.make();
  const config: BrokerConfig = {
    listeners: { default: { bind: "127.0.0.1:0", ...files.tls } },
    plugins: { auth_anonymous: null },
  };
  await using broker = await startBroker(config);
  const connect = async (ca: CertificatePair) => {
    const conn = await Deno.connectTls({
      hostname: "localhost",
      port: broker.listeners[0].port,
      caCerts: [ca.cert],
    });
    try {
      return await TestClient.connect(conn);
    } catch (error) {
      conn.close();
      throw error;
    }
  };
  await using old = await connect(files.first.ca);
  await files.write(files.second.server);
  assertEquals(await broker.reload(config), { restart: [] });
  await old.ping();
  await using fresh = await connect(files.second.ca);
  await fresh.ping();
  await assertRejects(() => connect(files.first.ca));
  // Half of a pair is refused, and nothing changes.
  await Deno.writeTextFile(files.tls.keyfile, files.first.server.key);
  await assertRejects(() => broker.reload(config), ConfigError);
  await using still = await connect(files.second.ca);
  await still.ping();
});

Deno.test("WebSockets over TLS get the new certificate, too", async () => {
  await using files = await Files.make();
  const config: BrokerConfig = {
    listeners: { default: { type: "ws", bind: "127.0.0.1:0", ...files.tls } },
    plugins: { auth_anonymous: null },
  };
  await using broker = await startBroker(config);
  const visit = async ({ cert }: CertificatePair) => {
    using client = Deno.createHttpClient({ caCerts: [cert] });
    const socket = new WebSocket(
      `wss://localhost:${broker.listeners[0].port}/mqtt`,
      { protocols: ["mqtt"], client } as unknown as string[],
    );
    const transport = webSocketTransport(socket, { address: "", port: 0 });
    await transport.write(encode(connectPacket(), 4));
    const answer = Buffer.alloc(4);
    assertEquals(await transport.read(answer), 4);
    transport.close();
    await transport.read(answer).catch(() => {});
    return decode(answer, 4, { from: "server" }).cmd;
  };
  assertEquals(await visit(files.first.ca), "connack");
  await files.write(files.second.server);
  await broker.reload(config);
  assertEquals(await visit(files.second.ca), "connack");
  await assertRejects(() => visit(files.first.ca));
});
