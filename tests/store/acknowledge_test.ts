// Nothing is acknowledged before the store has it.
import { assertEquals } from "@std/assert";
import type { IPublishPacket } from "mqtt-packet";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import { silentLogger } from "../../mod.ts";
import { GatedStore } from "./_stores.ts";

const PERSISTENT = {
  version: 5,
  clean: false,
  properties: { sessionExpiryInterval: 1000 },
} as const;

function publish(
  topic: string,
  payload: string,
  qos: 1 | 2,
  messageId: number,
): IPublishPacket {
  const flags = { dup: false, retain: false };
  return { cmd: "publish", topic, payload, qos, messageId, ...flags };
}

/** Runs `body` with a broker whose store can be shut. */
async function withGate(
  body: (
    store: GatedStore,
    connect: (
      options?: Parameters<typeof TestClient.connect>[1],
    ) => Promise<TestClient>,
    open: () => Promise<TestClient>,
  ) => Promise<void>,
): Promise<void> {
  const store = new GatedStore();
  const broker = await startBroker({}, silentLogger, { store });
  const clients: TestClient[] = [];
  const keep = async (client: Promise<TestClient>): Promise<TestClient> => {
    clients.push(await client);
    return client;
  };
  try {
    await body(
      store,
      (options) => keep(TestClient.connect(broker, options)),
      () => keep(TestClient.open(broker, 5)),
    );
  } finally {
    store.pass();
    for (const client of clients) await client.close();
    await broker.shutdown();
  }
}

/** A client that is away and gets everything on `t`. */
async function makeReceiver(
  connect: (
    options?: Parameters<typeof TestClient.connect>[1],
  ) => Promise<TestClient>,
): Promise<void> {
  const receiver = await connect({ ...PERSISTENT, clientId: "receiver" });
  await receiver.subscribe("t", 2);
  await receiver.disconnect();
}

Deno.test("PUBACK, PUBREC and PUBCOMP wait for the store", async () => {
  await withGate(async (store, connect) => {
    await makeReceiver(connect);
    for (const version of [4, 5] as const) {
      const publisher = await connect({ ...PERSISTENT, version });
      store.shut();
      await publisher.send(
        publish("t", "1", 1, 1),
        publish("t", "2", 2, 2),
      );
      await store.waiting;
      // Others are not held up, and the client itself is not either.
      await publisher.ping();
      store.pass();
      assertEquals((await publisher.expect("puback")).messageId, 1);
      assertEquals((await publisher.expect("pubrec")).messageId, 2);
      store.shut();
      await publisher.send({ cmd: "pubrel", messageId: 2 });
      await store.waiting;
      await publisher.ping();
      store.pass();
      assertEquals((await publisher.expect("pubcomp")).messageId, 2);
      await publisher.close();
    }
  });
});

Deno.test("acknowledgements stay in the order of what they answer [MQTT-4.6.0-2]", async () => {
  await withGate(async (store, connect) => {
    await makeReceiver(connect);
    const publisher = await connect({ version: 5 });
    store.shut();
    await publisher.send(
      publish("t", "", 1, 1),
      publish("nobody", "", 1, 2),
      publish("t", "", 1, 3),
    );
    await store.waiting;
    await publisher.ping();
    store.pass();
    for (const id of [1, 2, 3]) {
      assertEquals((await publisher.expect("puback")).messageId, id);
    }
  });
});

Deno.test("what nobody keeps waits for no store", async () => {
  await withGate(async (store, connect) => {
    const subscriber = await connect({ version: 5 });
    const persistent = await connect({ ...PERSISTENT, clientId: "p" });
    await persistent.subscribe("zero", 0);
    store.shut();
    await subscriber.subscribe("t", 2);
    const publisher = await connect({ version: 5 });
    await publisher.publish("t", "1", { qos: 1 });
    await publisher.publish("t", "2", { qos: 2 });
    await publisher.publish("zero", "3", { qos: 1 });
    assertEquals(await subscriber.message(), "t: 1");
    assertEquals(await persistent.message(), "zero: 3");
    store.pass();
  });
});

Deno.test("a retained message is acknowledged when it is kept", async () => {
  await withGate(async (store, connect) => {
    const publisher = await connect({ version: 5 });
    store.shut();
    await publisher.send({ ...publish("r", "1", 1, 1), retain: true });
    await store.waiting;
    await publisher.ping();
    store.pass();
    await publisher.expect("puback");
  });
});

Deno.test("CONNACK of a session that is kept, SUBACK and UNSUBACK wait for the store", async () => {
  await withGate(async (store, connect, open) => {
    store.shut();
    const client = await open();
    await client.send(connectPacket({ ...PERSISTENT, clientId: "c" }));
    await store.waiting;
    const other = await connect({ version: 5 });
    await other.ping();
    assertEquals(client.unread, 0);
    store.pass();
    await client.expect("connack");

    store.shut();
    await client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "t", qos: 1 }],
    });
    await store.waiting;
    await other.ping();
    assertEquals(client.unread, 0);
    store.pass();
    await client.expect("suback");

    store.shut();
    await client.send({
      cmd: "unsubscribe",
      messageId: 2,
      unsubscriptions: ["t"],
    });
    await store.waiting;
    await other.ping();
    assertEquals(client.unread, 0);
    store.pass();
    await client.expect("unsuback");
  });
});

Deno.test("a QoS 2 PUBLISH goes out when the store has its identifier, PUBREL when it has PUBREC", async () => {
  await withGate(async (store, connect) => {
    const receiver = await connect({ ...PERSISTENT, clientId: "receiver" });
    await receiver.subscribe("t", 2);
    const publisher = await connect({ version: 5 });
    store.shut();
    await publisher.send(
      publish("t", "1", 2, 1),
    );
    await store.waiting;
    await receiver.ping();
    store.pass();
    const { messageId, dup } = await receiver.expect("publish");
    assertEquals(dup, false);
    store.shut();
    await receiver.send({ cmd: "pubrec", messageId });
    await store.waiting;
    await receiver.ping();
    store.pass();
    await receiver.expect("pubrel");
    await receiver.send({ cmd: "pubcomp", messageId });
    await publisher.expect("pubrec");
  });
});

Deno.test("a message that arrives before it is written never is", async () => {
  const store = new GatedStore();
  await using broker = await startBroker({}, silentLogger, { store });
  await using receiver = await TestClient.connect(broker, {
    ...PERSISTENT,
    clientId: "receiver",
  });
  await receiver.subscribe("t", 1);
  await using publisher = await TestClient.connect(broker, { version: 5 });
  store.shut();
  // The first one holds the store up.
  await publisher.send(
    publish("t", "1", 1, 1),
  );
  await store.waiting;
  await publisher.send(
    publish("t", "2", 1, 2),
  );
  for (const _ of [1, 2]) {
    const { messageId } = await receiver.expect("publish");
    await receiver.send({ cmd: "puback", messageId });
  }
  await receiver.ping();
  let added = 0;
  const { addFlight } = store;
  store.addFlight = (...args) => {
    added++;
    addFlight.apply(store, args);
  };
  store.pass();
  await publisher.expect("puback");
  await publisher.expect("puback");
  assertEquals(added, 1);
  assertEquals([...store.deliveries()].length, 0);
});

Deno.test("a message that goes to another member of a shared subscription is acknowledged when that one's is kept", async () => {
  await withGate(async (store, connect) => {
    await makeReceiver(connect);
    const members = [];
    for (const clientId of ["one", "two"]) {
      const member = await connect({ ...PERSISTENT, clientId });
      await member.subscribe("$share/g/s", 1);
      members.push(member);
    }
    const publisher = await connect({ version: 5 });
    const other = await connect({ version: 5 });
    store.shut();
    // The first one holds the store up; the next batch stays open.
    await other.send(publish("t", "first", 1, 1));
    await store.waiting;
    await publisher.send(publish("s", "moved", 1, 7));
    await publisher.ping();
    const [from, to] = members[0].unread > 0 ? members : members.toReversed();
    assertEquals(await from.message(), "s: moved");
    await other.send(publish("t", "between", 1, 2));
    await other.ping();
    await from.close();
    assertEquals(await to.message(), "s: moved");
    // Nobody has acknowledged it, and nothing has it.
    await publisher.ping();
    store.pass();
    assertEquals((await publisher.expect("puback")).messageId, 7);
  });
});
