/** aMQTT's sample plugins and sample hosts, written for this broker. */

import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import * as v from "valibot";
import { webSocketTransport } from "../../../mod.ts";
import {
  BasePlugin,
  type ClientEvent,
  type MessageEvent,
  type StandardSchema,
} from "../../../plugins/mod.ts";
import { decode, encode, type Packet } from "../../../codec/mod.ts";
import { connectPacket, startBroker, TestClient } from "../../_client.ts";
import { Recorder } from "./recorder.ts";

/** Tells where each client comes from. */
class RemoteInfo extends BasePlugin<{ topic: string; withPort: boolean }> {
  static override config: StandardSchema = v.strictObject({
    topic: v.optional(v.string(), "remote"),
    withPort: v.boolean(),
  });

  override onBrokerClientConnected(
    { clientId, clientSession }: ClientEvent,
  ): void {
    const { remoteAddress, remotePort } = clientSession;
    const { topic, withPort } = this.config;
    const port = withPort ? `:${remotePort}` : "";
    this.context.publish(`${topic}/${clientId}`, `${remoteAddress}${port}`, {
      retain: true,
    });
  }
}

/** Lets clients publish to `$shout/...`, which the broker itself delivers to nobody. */
class Shout extends BasePlugin {
  override onBrokerMessageReceived({ message, clientId }: MessageEvent): void {
    if (!message.topic.startsWith("$shout/")) return;
    const { payload, qos } = message;
    this.context.publish(message.topic, payload, { qos });
    this.context.publish(`heard/${clientId}`, payload, { qos });
  }
}

Deno.test("aMQTT 39: the remote info plugin, with its options", async () => {
  for (const withPort of [true, false]) {
    await using broker = await startBroker({
      plugins: ["auth_anonymous", {
        plugin: RemoteInfo,
        options: { "with-port": withPort },
      }],
    });
    const conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: broker.listeners[0].port,
    });
    const { port } = conn.localAddr as Deno.NetAddr;
    await using client = await TestClient.connect(conn, { clientId: "me" });
    await client.subscribe("remote/#");
    assertEquals(
      await client.message(),
      `remote/me: 127.0.0.1${withPort ? `:${port}` : ""}`,
    );
  }
});

Deno.test("aMQTT 39: a plugin publishes what clients send to a $-topic", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", Shout],
  });
  await using receiver = await TestClient.connect(broker);
  await receiver.subscribe(["$shout/#", "#"], 2);
  for (const version of [3, 4, 5] as const) {
    await using sender = await TestClient.connect(broker, {
      version,
      clientId: `v${version}`,
    });
    for (const qos of [0, 1, 2] as const) {
      await sender.send({
        cmd: "publish",
        topic: "$shout/loud",
        payload: `${version}/${qos}`,
        qos,
        ...(qos > 0 && { messageId: 1 }),
        dup: false,
        retain: false,
      });
      if (qos > 0) {
        const ack = await sender.expect(qos === 1 ? "puback" : "pubrec");
        // The client itself may not publish there.
        if (version === 5) assertEquals(ack.reasonCode, 0x87);
      }
      const one = await receiver.message();
      const other = await receiver.message();
      assertEquals(
        [one, other],
        [
          `$shout/loud: ${version}/${qos}`,
          `heard/v${version}: ${version}/${qos}`,
        ],
      );
    }
    // It is still served.
    await sender.ping();
  }
  await receiver.ping();
});

Deno.test("aMQTT 39: a host program brings the connections of its own web server", async () => {
  const recorder = new Recorder();
  await using broker = await startBroker({
    listeners: { external: { type: "external" } },
    plugins: ["auth_anonymous", recorder],
  });
  const ended: Promise<void>[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => {
      if (new URL(request.url).pathname !== "/mqtt") {
        return new Response("a web page");
      }
      const { hostname: address, port } = info.remoteAddr;
      const { socket, response } = Deno.upgradeWebSocket(request, {
        protocol: "mqtt",
        idleTimeout: 0,
      });
      ended.push(
        broker.handleTransport(webSocketTransport(socket, { address, port }), {
          listener: "external",
        }),
      );
      return response;
    },
  );
  const host = `127.0.0.1:${server.addr.port}`;
  assertEquals(await (await fetch(`http://${host}/`)).text(), "a web page");

  const socket = new WebSocket(`ws://${host}/mqtt`, "mqtt");
  socket.binaryType = "arraybuffer";
  const packets: Packet[] = [];
  const wake = new EventTarget();
  socket.onmessage = ({ data }) => {
    packets.push(decode(new Uint8Array(data), 4, { from: "server" }));
    wake.dispatchEvent(new Event("packet"));
  };
  const next = async (): Promise<Packet> => {
    if (packets.length === 0) await once(wake, "packet");
    return packets.shift()!;
  };
  const send = (packet: Packet): void =>
    socket.send(Uint8Array.from(encode(packet, 4)));
  await once(socket, "open");
  send(connectPacket({ clientId: "web" }));
  assertEquals((await next()).cmd, "connack");
  send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: "a", qos: 0 }],
  });
  assertEquals((await next()).cmd, "suback");
  broker.context.publish("a", "hello");
  const message = await next();
  assert(message.cmd === "publish");
  assertEquals([message.topic, message.payload], ["a", Buffer.from("hello")]);
  const [{ clientId, clientSession }] = recorder.all("onBrokerClientConnected");
  assertEquals(
    [clientId, clientSession.listener, clientSession.remoteAddress],
    ["web", "external", "127.0.0.1"],
  );
  const closed = once(socket, "close");
  send({ cmd: "disconnect" } as Packet);
  await closed;
  const [gone] = await recorder.wait("onBrokerClientDisconnected");
  assertEquals(gone.clientId, "web");
  await Promise.all(ended);
});

Deno.test({
  name:
    "aMQTT 39: a Unix socket fires the events of connecting and disconnecting",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/mqtt.sock`;
      const recorder = new Recorder();
      await using _broker = await startBroker({
        listeners: { local: { type: "unix", path } },
        plugins: ["auth_anonymous", recorder],
      });
      const conn = await Deno.connect({ transport: "unix", path });
      const client = await TestClient.connect(conn, { clientId: "local" });
      assertEquals(client.code, 0);
      await client.subscribe("a");
      await client.publish("b", "x", { qos: 2 });
      const [connected] = recorder.all("onBrokerClientConnected");
      const { listener, remoteAddress, remotePort } = connected.clientSession;
      assertEquals([connected.clientId, listener], ["local", "local"]);
      assertEquals([remoteAddress, remotePort], ["", 0]);
      assertEquals(recorder.all("onBrokerClientDisconnected"), []);
      await client.disconnect();
      const [gone] = await recorder.wait("onBrokerClientDisconnected");
      assertEquals(gone.clientId, "local");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function once(target: EventTarget, type: string): Promise<void> {
  await new Promise((resolve) =>
    target.addEventListener(type, resolve, { once: true })
  );
}
