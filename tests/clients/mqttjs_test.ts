import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import mqtt, { type IClientOptions, type MqttClient, Store } from "mqtt";
import type { IPublishPacket } from "mqtt-packet";
import { Broker, type ListenerInput, silentLogger } from "../../mod.ts";
import { makeCertificates } from "../_certificates.ts";
import { eventually } from "../_client.ts";

const VERSIONS = [3, 4, 5] as const;
const QOS = [0, 1, 2] as const;

/** Runs `body` with a broker that listens in four ways. */
async function withBroker(
  body: (broker: Broker, urls: Record<string, string>, ca: string) => Promise<
    void
  >,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const { ca } = await makeCertificates(folder);
    const bind = "127.0.0.1:0";
    const tls: ListenerInput = {
      ssl: true,
      certfile: `${folder}/server.pem`,
      keyfile: `${folder}/server.key`,
    };
    await using broker = new Broker({
      listeners: {
        mqtt: { bind },
        mqtts: { bind, ...tls },
        ws: { bind, type: "ws" },
        wss: { bind, type: "ws", ...tls },
      },
      plugins: { auth_anonymous: null },
    }, { logger: silentLogger });
    await broker.start();
    const urls = Object.fromEntries(
      broker.listeners.map(({ name, port }) => [
        name,
        `${name}://localhost:${port}${name.startsWith("ws") ? "/mqtt" : ""}`,
      ]),
    );
    await body(broker, urls, ca.cert);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * A client's store that tells when its streams have ended. MQTT.js reads one at every
 * CONNACK and closes it by a timer that `end()` does not wait for: a client that is
 * quick enough would leave it behind.
 */
class WatchedStore extends Store {
  readonly #closed: Promise<void>[] = [];

  override createStream(): ReturnType<Store["createStream"]> {
    const stream = super.createStream();
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("close", resolve);
    this.#closed.push(promise);
    return stream;
  }

  async streamsClosed(): Promise<void> {
    await Promise.all(this.#closed);
  }
}

const stores = new WeakMap<MqttClient, WatchedStore>();

/** Connects without waiting, so that no message can come before a listener is set; never tries again. */
function connectNow(url: string, options: IClientOptions = {}): MqttClient {
  const { protocolVersion = 4 } = options;
  const store = new WatchedStore();
  const client = mqtt.connect(url, {
    protocolId: protocolVersion === 3 ? "MQIsdp" : "MQTT",
    reconnectPeriod: 0,
    outgoingStore: store,
    ...options,
    protocolVersion,
  });
  stores.set(client, store);
  return client;
}

/** Connects and waits for the CONNACK; rejects with the reason of a refusal. */
async function connect(
  url: string,
  options: IClientOptions = {},
): Promise<MqttClient> {
  const client = connectNow(url, options);
  const closed = new Promise<void>((resolve) => client.once("close", resolve));
  try {
    await new Promise<void>((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("The connection closed")));
    });
    return client;
  } catch (error) {
    client.end(true);
    await closed;
    throw error;
  }
}

/** Ends clients, and waits until they have left nothing behind. */
async function end(...clients: MqttClient[]): Promise<void> {
  await Promise.all(clients.map(async (client) => {
    await client.endAsync();
    await stores.get(client)!.streamsClosed();
  }));
}

/** Ends a client without a DISCONNECT, so that its will is published. */
async function cut(client: MqttClient): Promise<void> {
  client.stream.destroy();
  await client.endAsync(true);
  await stores.get(client)!.streamsClosed();
}

/** The next `count` messages. */
function messages(client: MqttClient, count: number): Promise<
  IPublishPacket[]
> {
  const { promise, resolve } = Promise.withResolvers<IPublishPacket[]>();
  const got: IPublishPacket[] = [];
  client.on("message", (_topic, _payload, packet) => {
    got.push(packet);
    if (got.length === count) resolve(got);
  });
  return promise;
}

for (const transport of ["mqtt", "mqtts", "ws", "wss"]) {
  Deno.test(`aMQTT 24: MQTT.js over ${transport} publishes and receives at every level and QoS`, async () => {
    await withBroker(async (_broker, urls, ca) => {
      for (const protocolVersion of VERSIONS) {
        const options = { protocolVersion, ca };
        const subscriber = await connect(urls[transport], options);
        const publisher = await connect(urls[transport], options);
        const granted = await subscriber.subscribeAsync("a/+", { qos: 2 });
        assertEquals(granted.map(({ qos }) => qos), [2]);
        const received = messages(subscriber, 3);
        for (const qos of QOS) {
          await publisher.publishAsync(`a/${qos}`, `payload ${qos}`, { qos });
        }
        assertEquals(
          (await received).map(({ topic, payload, qos }) => [
            topic,
            payload.toString(),
            qos,
          ]),
          QOS.map((qos) => [`a/${qos}`, `payload ${qos}`, qos]),
        );
        await subscriber.unsubscribeAsync("a/+");
        await end(subscriber, publisher);
      }
    });
  });

  Deno.test(`aMQTT 24: MQTT.js over ${transport} sends and receives 200 messages of up to 256 KiB in order`, async () => {
    await withBroker(async (_broker, urls, ca) => {
      const subscriber = await connect(urls[transport], { ca });
      const publisher = await connect(urls[transport], { ca });
      await subscriber.subscribeAsync("t", { qos: 1 });
      const received = messages(subscriber, 200);
      const payloads = Array.from(
        { length: 200 },
        (_, i) => Buffer.alloc(i === 100 ? 1 << 18 : i * 10, i),
      );
      await Promise.all(
        payloads.map((payload) =>
          publisher.publishAsync("t", payload, { qos: 1 })
        ),
      );
      for (const [i, { payload }] of (await received).entries()) {
        assert(payloads[i].equals(payload as Buffer), `message ${i}`);
      }
      await end(subscriber, publisher);
    });
  });
}

for (const protocolVersion of VERSIONS) {
  Deno.test(`aMQTT 24: MQTT.js, level ${protocolVersion}: will, retained message, offline queue`, async () => {
    await withBroker(async (broker, { mqtt: url }) => {
      const persistent: IClientOptions = {
        protocolVersion,
        clientId: "keeper",
        clean: false,
        ...(protocolVersion === 5 &&
          { properties: { sessionExpiryInterval: 100 } }),
      };
      const first = await connect(url, persistent);
      await first.subscribeAsync("#", { qos: 1 });
      await end(first);

      const dying = await connect(url, {
        protocolVersion,
        will: {
          topic: "gone",
          payload: Buffer.from("bye"),
          qos: 1,
          retain: true,
        },
      });
      const queued = broker.context.getSession("keeper")!;
      await cut(dying);
      await eventually(() => queued.queuedCount === 1, "queued will");
      const late = await connect(url, { protocolVersion });
      const replayed = messages(late, 1);
      await late.subscribeAsync("gone", { qos: 1 });
      assertEquals((await replayed)[0].retain, true);
      await end(late);

      const back = connectNow(url, persistent);
      const [packet] = await messages(back, 1);
      assertEquals(
        [packet.topic, packet.payload.toString(), packet.retain],
        ["gone", "bye", false],
      );
      await end(back);
    });
  });
}

Deno.test("aMQTT 24: MQTT.js, level 5: properties pass, and a shared subscription is served", async () => {
  await withBroker(async (_broker, { mqtt: url }) => {
    const options: IClientOptions = { protocolVersion: 5 };
    const subscriber = await connect(url, options);
    const publisher = await connect(url, {
      ...options,
      properties: { topicAliasMaximum: 10 },
      autoAssignTopicAlias: true,
    });
    await subscriber.subscribeAsync("$share/group/t/#", {
      qos: 1,
      properties: { subscriptionIdentifier: 42 },
    });
    const received = messages(subscriber, 2);
    const properties = {
      payloadFormatIndicator: true,
      contentType: "text/plain",
      responseTopic: "answers",
      correlationData: Buffer.from([1, 2, 3]),
      userProperties: { a: ["1", "2"], b: "3" },
      messageExpiryInterval: 60,
    };
    for (const payload of ["1", "2"]) {
      await publisher.publishAsync("t/x", payload, { qos: 1, properties });
    }
    for (const [i, packet] of (await received).entries()) {
      assertEquals([packet.topic, packet.payload.toString()], [
        "t/x",
        `${i + 1}`,
      ]);
      const { userProperties, ...got } = packet.properties!;
      assertEquals({ ...userProperties }, { ...properties.userProperties });
      assertEquals(got.contentType, "text/plain");
      assertEquals(got.responseTopic, "answers");
      assertEquals(got.payloadFormatIndicator, true);
      assertEquals([...got.correlationData!], [1, 2, 3]);
      assertEquals(got.subscriptionIdentifier, 42);
    }
    await end(subscriber, publisher);
  });
});

Deno.test("aMQTT 24: MQTT.js is told why it is refused", async () => {
  await using broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: { auth_anonymous: { allowAnonymous: false } },
  }, { logger: silentLogger });
  await broker.start();
  const url = `mqtt://127.0.0.1:${broker.listeners[0].port}`;
  for (const protocolVersion of VERSIONS) {
    await assertRejects(
      () => connect(url, { protocolVersion }),
      Error,
      "Not authorized",
    );
  }
});
