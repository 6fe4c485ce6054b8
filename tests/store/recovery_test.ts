// What a broker finds again when it starts with the store of an earlier one.
import { assert, assertEquals } from "@std/assert";
import type { IPublishPacket } from "mqtt-packet";
import { Broker, type BrokerConfig, silentLogger } from "../../mod.ts";
import { eventually, TestClient } from "../_client.ts";

const PERSISTENT = {
  version: 5,
  clean: false,
  properties: { sessionExpiryInterval: 1000 },
} as const;

/** A broker that can be stopped and started again with the same file. */
class Restartable implements AsyncDisposable {
  readonly #folder: string;
  readonly #config: BrokerConfig;
  broker: Broker;

  private constructor(folder: string, config: BrokerConfig) {
    this.#folder = folder;
    this.#config = config;
    this.broker = this.#create();
  }

  static async start(config: BrokerConfig = {}): Promise<Restartable> {
    const made = new Restartable(await Deno.makeTempDir(), config);
    await made.broker.start();
    return made;
  }

  get path(): string {
    return `${this.#folder}/store.db`;
  }

  async stop(): Promise<void> {
    await this.broker.shutdown();
  }

  /** Starts the next broker. */
  async again(): Promise<void> {
    this.broker = this.#create();
    await this.broker.start();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.again();
  }

  connect(
    clientId: string,
    options: Parameters<typeof TestClient.connect>[1] = {},
  ): Promise<TestClient> {
    return TestClient.connect(this.broker, {
      ...PERSISTENT,
      clientId,
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #create(): Broker {
    return new Broker({
      listeners: { default: { bind: "127.0.0.1:0" } },
      plugins: { auth_anonymous: null },
      store: { type: "sqlite", path: this.path },
      ...this.#config,
    }, { logger: silentLogger });
  }
}

/** Receives messages and does the handshake of each. */
async function receiveAll(
  client: TestClient,
  count: number,
): Promise<IPublishPacket[]> {
  const got: IPublishPacket[] = [];
  let open = 0;
  while (got.length < count || open > 0) {
    const packet = await client.next();
    if (packet.cmd === "publish") {
      got.push(packet);
      const { messageId, qos } = packet;
      if (qos === 1) await client.send({ cmd: "puback", messageId });
      if (qos !== 2) continue;
      open++;
      await client.send({ cmd: "pubrec", messageId });
    } else if (packet.cmd === "pubrel") {
      open--;
      await client.send({ cmd: "pubcomp", messageId: packet.messageId });
    } else throw new Error(`Cannot use ${packet.cmd}`);
  }
  return got;
}

function flags(packet: IPublishPacket) {
  const { topic, payload, qos, retain, dup, messageId } = packet;
  return [topic, String(payload), qos, retain, dup, messageId];
}

Deno.test("a restart keeps subscriptions and messages that wait, in their order", async () => {
  await using host = await Restartable.start();
  const receiver = await host.connect("receiver");
  await receiver.subscribe("a/+", 2);
  await receiver.subscribe("a/gone", 1);
  await receiver.unsubscribe("a/gone");
  await receiver.disconnect();
  const publisher = await host.connect("publisher");
  const properties = {
    contentType: "text/plain",
    userProperties: { a: ["1", "2"] },
    responseTopic: "r",
    messageExpiryInterval: 100,
  };
  for (let i = 0; i < 600; i++) {
    await publisher.publish("a/b", `${i}`, {
      qos: i % 2 === 0 ? 1 : 2,
      properties: i === 0 ? properties : undefined,
    });
  }
  await publisher.disconnect();
  await host.restart();
  assertEquals(
    [...host.broker.context.subscriptions()],
    [{ clientId: "receiver", filter: "a/+", qos: 2 }],
  );
  assertEquals(host.broker.context.getSession("receiver")?.queuedCount, 600);
  await using back = await host.connect("receiver");
  assertEquals(back.connack?.sessionPresent, true);
  const got = await receiveAll(back, 600);
  assertEquals(
    got.map(({ payload }) => String(payload)),
    got.map((_, i) => `${i}`),
  );
  assert(got.every(({ dup, retain }) => !dup && !retain));
  const { userProperties, contentType, messageExpiryInterval } = got[0]
    .properties!;
  assertEquals(contentType, "text/plain");
  assertEquals({ ...userProperties }, { a: ["1", "2"] });
  assert(messageExpiryInterval! <= 100);
  await back.ping();
  assertEquals(host.broker.context.stats().queued, 0);
  await back.disconnect();
  await host.restart();
  assertEquals(host.broker.context.stats().queued, 0);
  assertEquals(host.broker.context.stats().inflightOut, 0);
});

Deno.test("a restart repeats what was sent and not acknowledged, under its identifier [MQTT-4.4.0-1]", async () => {
  await using host = await Restartable.start();
  const receiver = await host.connect("receiver");
  await receiver.subscribe("t", 2);
  await using publisher = await host.connect("publisher");
  for (const [payload, qos] of [["1", 1], ["2", 2], ["3", 2]] as const) {
    await publisher.publish("t", payload, { qos });
  }
  const sent = [];
  for (let i = 0; i < 3; i++) {
    sent.push(flags(await receiver.expect("publish")));
  }
  // The client has the last one, but did not complete it.
  const third = sent[2][5] as number;
  await receiver.send({ cmd: "pubrec", messageId: third });
  await receiver.expect("pubrel");
  await receiver.close();
  await host.restart();
  assertEquals(host.broker.context.stats().inflightOut, 3);
  await using back = await host.connect("receiver");
  assertEquals((await back.expect("pubrel")).messageId, third);
  for (const [topic, payload, qos, retain, , id] of sent.slice(0, 2)) {
    assertEquals(
      flags(await back.expect("publish")),
      [topic, payload, qos, retain, true, id],
    );
  }
  await back.ping();
});

Deno.test("a restart remembers the QoS 2 messages that a client has not released", async () => {
  await using host = await Restartable.start();
  await using subscriber = await host.connect("subscriber");
  await subscriber.subscribe("t", 0);
  const publisher = await host.connect("publisher");
  const packet = {
    cmd: "publish",
    topic: "t",
    payload: "once",
    qos: 2,
    messageId: 7,
    retain: false,
  } as const;
  await publisher.send({ ...packet, dup: false });
  await publisher.expect("pubrec");
  assertEquals(await subscriber.message(), "t: once");
  await publisher.close();
  await host.restart();
  await using again = await host.connect("subscriber");
  await using back = await host.connect("publisher");
  await back.send({ ...packet, dup: true });
  await back.expect("pubrec");
  await back.send({ cmd: "pubrel", messageId: 7 });
  assertEquals((await back.expect("pubcomp")).reasonCode ?? 0, 0);
  await again.ping();
  await back.publish("t", "twice", { qos: 2 });
  assertEquals(await again.message(), "t: twice");
});

Deno.test("a restart keeps retained messages", async () => {
  await using host = await Restartable.start();
  const publisher = await host.connect("publisher");
  await publisher.publish("a", "old", { retain: true, qos: 1 });
  await publisher.publish("a", "new", { retain: true, qos: 1 });
  await publisher.publish("b", "1", { retain: true, qos: 1 });
  await publisher.publish("b", "", { retain: true, qos: 1 });
  await publisher.publish("c", "short", {
    retain: true,
    qos: 1,
    properties: { messageExpiryInterval: 1 },
  });
  await publisher.publish("d", "zero", { retain: true, qos: 0 });
  await publisher.disconnect();
  await host.stop();
  // What expires while no broker runs is gone too.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await host.again();
  assertEquals(host.broker.context.retained.size, 2);
  await using back = await host.connect("back");
  await back.subscribe("#", 1);
  const got = [await back.message(), await back.message()];
  assertEquals(got.sort(), ["a: new", "d: zero"]);
});

Deno.test("a restart ends sessions whose time is over, and no others", async () => {
  await using host = await Restartable.start();
  for (const [clientId, expiry] of [["short", 1], ["long", 1000]] as const) {
    const client = await host.connect(clientId, {
      properties: { sessionExpiryInterval: expiry },
    });
    await client.subscribe("t", 1);
    await client.disconnect();
  }
  const clean = await host.connect("clean", { clean: true, properties: {} });
  await clean.disconnect();
  await host.stop();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await host.again();
  await eventually(
    () => host.broker.context.getSession("short") === undefined,
    "end of the session",
  );
  const left = [...host.broker.context.sessions].map(({ clientId }) =>
    clientId
  );
  assertEquals(left, ["long"]);
  assertEquals(host.broker.context.stats().subscriptions, 1);
});

Deno.test("a restart sends wills whose time has come, once", async () => {
  await using host = await Restartable.start();
  const receiver = await host.connect("receiver");
  await receiver.subscribe("will/#", 1);
  await receiver.disconnect();
  const dying = await host.connect("dying", {
    will: {
      topic: "will/delayed",
      payload: "bye" as never,
      qos: 1,
      retain: false,
      properties: { willDelayInterval: 1 },
    },
  });
  await dying.close();
  await eventually(
    () => host.broker.context.getSession("dying")?.connected === false,
  );
  await host.stop();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await host.again();
  const queued = () => host.broker.context.getSession("receiver")!.queuedCount;
  await eventually(() => queued() === 1, "will");
  await host.restart();
  assertEquals(queued(), 1);
  await using back = await host.connect("receiver");
  assertEquals(await back.message(), "will/delayed: bye");
});

Deno.test("a session belongs to the user who made it, after a restart too", async () => {
  await using host = await Restartable.start();
  const first = await host.connect("shared", { username: "alice" });
  await first.subscribe("t", 1);
  await first.disconnect();
  await host.restart();
  await using other = await host.connect("shared", { username: "bob" });
  assertEquals(other.code, 0x85);
  await using again = await host.connect("shared", { username: "alice" });
  assertEquals(again.connack?.sessionPresent, true);
  assertEquals([...host.broker.context.subscriptions()].length, 1);
});

Deno.test("a subscription that a plugin made needs no right, after a restart neither", async () => {
  const rights = {
    topicFiltering: ({ action }: { action: string }) => action !== "subscribe",
  };
  await using host = await Restartable.start({
    plugins: [{ auth_anonymous: null }, rights],
  });
  host.broker.context.addSubscription("c", "t", 1);
  await host.restart();
  await using client = await host.connect("c");
  assertEquals(client.connack?.sessionPresent, true);
  assertEquals([...host.broker.context.subscriptions()].length, 1);
});

Deno.test("a restart keeps what waits in the totals", async () => {
  await using host = await Restartable.start();
  const client = await host.connect("c");
  await client.subscribe("t", 1);
  await client.disconnect();
  const totals = () => {
    const { queued, queuedBytes } = host.broker.context.stats();
    return [queued, queuedBytes];
  };
  for (let i = 0; i < 600; i++) {
    host.broker.context.publish("t", "123456789", { qos: 1 });
  }
  assertEquals(totals(), [600, 6000]);
  await host.restart();
  assertEquals(totals(), [600, 6000]);
  await using back = await host.connect("c");
  for (let i = 0; i < 600; i++) {
    const { messageId } = await back.expect("publish");
    await back.send({ cmd: "puback", messageId });
  }
  await back.ping();
  assertEquals(totals(), [0, 0]);
});

Deno.test("a restart keeps shared subscriptions, and gives what one member has left to another", async () => {
  await using host = await Restartable.start();
  for (const id of ["one", "two"]) {
    const member = await host.connect(id, {
      properties: { sessionExpiryInterval: id === "one" ? 1 : 1000 },
    });
    await member.subscribe("$share/g/t", 1);
    await member.disconnect();
  }
  const publisher = await host.connect("publisher");
  for (let i = 0; i < 4; i++) await publisher.publish("t", `${i}`, { qos: 1 });
  await publisher.disconnect();
  await host.restart();
  await eventually(
    () => host.broker.context.getSession("one") === undefined,
    "end of the session",
  );
  await using back = await host.connect("two");
  const got = [];
  for (let i = 0; i < 4; i++) got.push(await back.message());
  assertEquals(got.sort(), ["t: 0", "t: 1", "t: 2", "t: 3"]);
});

Deno.test("what plugins set is kept: retained messages, subscriptions, messages to one client", async () => {
  await using host = await Restartable.start();
  const { context } = host.broker;
  context.retained.set("r", "1");
  context.addSubscription("made", "t", 1);
  context.publish("t", "2", { qos: 1 });
  assertEquals(context.publishTo("made", "x", "3", { qos: 1 }), true);
  await host.restart();
  assertEquals(host.broker.context.retained.size, 1);
  await using back = await host.connect("made");
  assertEquals(await back.message(), "t: 2");
  assertEquals(await back.message(), "x: 3");
});

Deno.test("a long queue is read from the store a page at a time, while messages still come", async () => {
  await using host = await Restartable.start({ maxQueuedMessages: 100_000 });
  const receiver = await host.connect("receiver");
  await receiver.subscribe("t", 1);
  await receiver.disconnect();
  await using publisher = await host.connect("publisher");
  const send = async (from: number, to: number): Promise<void> => {
    const packets = [];
    for (let i = from; i < to; i++) {
      packets.push(
        {
          cmd: "publish",
          topic: "t",
          payload: `${i}`,
          qos: 1,
          messageId: 1 + i % 60000,
          dup: false,
          retain: false,
        } as const,
      );
    }
    await publisher.send(...packets);
    for (let i = from; i < to; i++) await publisher.expect("puback");
  };
  await send(0, 3000);
  await using back = await host.connect("receiver");
  const later = send(3000, 4000);
  for (let i = 0; i < 4000; i++) {
    const { payload, messageId } = await back.expect("publish");
    assertEquals(String(payload), `${i}`);
    await back.send({ cmd: "puback", messageId });
  }
  await later;
  await back.ping();
  assertEquals(host.broker.context.stats().queued, 0);
  await host.restart();
  assertEquals(host.broker.context.stats().queued, 0);
});
