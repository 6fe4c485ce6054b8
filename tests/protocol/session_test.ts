/** Sessions: what outlives a connection, for how long, and whose it is. */

import { assert, assertEquals } from "@std/assert";
import { type AuthenticateEvent, BaseAuthPlugin } from "../../plugins/mod.ts";
import {
  connectPacket,
  eventually,
  startBroker,
  TestClient,
} from "../_client.ts";
import {
  assertClosedSilently,
  assertDisconnected,
  frame,
  gone,
  text,
} from "./_helpers.ts";

/** Lets everybody in whose password is not "wrong". */
class Password extends BaseAuthPlugin {
  override authenticate({ session }: AuthenticateEvent): boolean {
    return new TextDecoder().decode(session.password) !== "wrong";
  }
}

for (const version of [3, 4, 5] as const) {
  const id = { version, clientId: "c" };
  const lasting = {
    ...id,
    clean: false,
    ...version === 5 && { properties: { sessionExpiryInterval: 60 } },
  };

  Deno.test(`MQTT ${version}: a session keeps subscriptions and messages [MQTT-3.1.2-5] [MQTT-3.2.2-3]`, async () => {
    await using broker = await startBroker();
    {
      await using client = await TestClient.connect(broker, lasting);
      assertEquals(client.connack?.sessionPresent, false);
      await client.subscribe("a/+", 1);
      await client.disconnect();
    }
    await gone(broker, "c");
    broker.context.publish("a/0", "lost", { qos: 0 });
    for (let i = 1; i <= 3; i++) {
      broker.context.publish("a/1", `${i}`, { qos: 1 });
    }
    await using client = await TestClient.connect(broker, lasting);
    // MQTT 3.1 has no such flag.
    assertEquals(client.connack?.sessionPresent, version !== 3);
    for (let i = 1; i <= 3; i++) {
      assertEquals(await client.message(), `a/1: ${i}`);
    }
    broker.context.publish("a/2", "live");
    assertEquals(await client.message(), "a/2: live");
  });

  Deno.test(`MQTT ${version}: a clean start discards the session [MQTT-3.1.2-4] [MQTT-3.2.2-2]`, async () => {
    await using broker = await startBroker();
    {
      await using client = await TestClient.connect(broker, lasting);
      await client.subscribe("a", 1);
    }
    await gone(broker, "c");
    broker.context.publish("a", "queued", { qos: 1 });
    await using client = await TestClient.connect(broker, {
      ...lasting,
      clean: true,
    });
    assertEquals(client.connack?.sessionPresent, false);
    broker.context.publish("a", "live", { qos: 1 });
    await client.ping();
    assertEquals([...broker.context.subscriptions()], []);
    assertEquals(broker.context.stats().queued, 0);
  });

  Deno.test(`MQTT ${version}: a clean session ends with its connection [MQTT-4.1.0-2]`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, id);
    await client.subscribe("a", 1);
    await client.close();
    await eventually(() => broker.context.getSession("c") === undefined);
    assertEquals(broker.context.stats().subscriptions, 0);
    assertEquals(broker.context.stats().clientsDisconnected, 0);
  });

  Deno.test(`MQTT ${version}: a second connection takes the session over [MQTT-3.1.4-3]`, async () => {
    await using broker = await startBroker();
    await using earlier = await TestClient.connect(broker, lasting);
    await earlier.subscribe("a", 1);
    broker.context.publish("a", "unacknowledged", { qos: 1 });
    await earlier.expect("publish");
    await using later = await TestClient.connect(broker, lasting);
    assertEquals(later.connack?.sessionPresent, version !== 3);
    if (version === 5) await assertDisconnected(earlier, 0x8e);
    else await assertClosedSilently(earlier);
    const repeated = await later.expect("publish");
    assertEquals(repeated.dup, true);
    broker.context.publish("a", "live");
    assertEquals(await later.message(), "a: live");
    assertEquals(broker.context.stats().clientsConnected, 1);
  });

  Deno.test(`MQTT ${version}: a takeover with a clean start gets a new session [MQTT-3.1.4-4]`, async () => {
    await using broker = await startBroker();
    await using earlier = await TestClient.connect(broker, lasting);
    await earlier.subscribe("a", 1);
    await using later = await TestClient.connect(broker, {
      ...lasting,
      clean: true,
    });
    assertEquals(later.connack?.sessionPresent, false);
    await earlier.closed();
    broker.context.publish("a", "to nobody");
    await later.ping();
  });

  Deno.test(`MQTT ${version}: a refused CONNECT changes nothing of the session [MQTT-3.1.4-2]`, async () => {
    await using broker = await startBroker({ plugins: [Password] });
    await using client = await TestClient.connect(broker, {
      ...lasting,
      username: "u",
      will: { topic: "will", payload: "w" as never, qos: 0, retain: true },
    });
    await client.subscribe("a", 1);
    broker.context.publish("a", "in flight", { qos: 1 });
    await client.expect("publish");
    for (const clean of [true, false]) {
      await using intruder = await TestClient.connect(broker, {
        ...id,
        clean,
        username: "u",
        password: "wrong" as never,
      });
      assertEquals(intruder.code, version === 5 ? 0x87 : 5);
      // [MQTT-3.2.2-6], [MQTT-3.2.2-7]; no DISCONNECT [MQTT-3.14.0-1].
      assertEquals(intruder.connack?.sessionPresent, false);
      await assertClosedSilently(intruder);
    }
    await client.ping();
    assertEquals(broker.context.getSession("c")?.inflightCount, 1);
    assertEquals(broker.context.getSession("c")?.expiryInterval !== 0, true);
    assertEquals(broker.context.retained.size, 0);
    broker.context.publish("a", "live");
    assertEquals(await client.message(), "a: live");
  });

  Deno.test(`MQTT ${version}: what follows a refused CONNECT is not processed [MQTT-3.1.4-6]`, async () => {
    await using broker = await startBroker({ plugins: [Password] });
    await using client = await TestClient.open(broker, version);
    await client.send(
      connectPacket({ ...id, username: "u", password: "wrong" as never }),
      {
        cmd: "publish",
        topic: "a",
        payload: "x",
        qos: 0,
        dup: false,
        retain: true,
      },
      { cmd: "pingreq" },
    );
    await client.expect("connack");
    await assertClosedSilently(client);
    assertEquals(broker.context.retained.size, 0);
  });

  Deno.test(`MQTT ${version}: a client need not wait for the CONNACK (section 3.1.4)`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.open(broker, version);
    await client.send(connectPacket(id), {
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "a", qos: 0 }],
    }, { cmd: "pingreq" });
    await client.expect("connack");
    await client.expect("suback");
    await client.expect("pingresp");
  });
}

Deno.test("MQTT 5: a session expires after its interval, not before [MQTT-3.1.2-23] [MQTT-4.1.0-2]", async () => {
  await using broker = await startBroker();
  const short = {
    version: 5,
    clientId: "c",
    clean: false,
    properties: { sessionExpiryInterval: 1 },
  } as const;
  {
    await using client = await TestClient.connect(broker, short);
    await client.subscribe("a", 1);
  }
  await gone(broker, "c");
  {
    await using client = await TestClient.connect(broker, short);
    assertEquals(client.connack?.sessionPresent, true);
  }
  await gone(broker, "c");
  const since = broker.context.getSession("c")!.disconnectedAt;
  await eventually(() => broker.context.getSession("c") === undefined);
  assert(Date.now() - since >= 1000);
  assertEquals(broker.context.stats().subscriptions, 0);
  await using client = await TestClient.connect(broker, short);
  assertEquals(client.connack?.sessionPresent, false);
});

Deno.test("MQTT 5: DISCONNECT may change the session expiry interval (section 3.14.2.2.2)", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
    properties: { sessionExpiryInterval: 60 },
  });
  await client.send({
    cmd: "disconnect",
    reasonCode: 0,
    properties: { sessionExpiryInterval: 0 },
  });
  await client.closed();
  assertEquals(broker.context.getSession("c"), undefined);
  for (const interval of [5, 0xffffffff]) {
    await using again = await TestClient.connect(broker, {
      version: 5,
      clientId: "c",
      properties: { sessionExpiryInterval: 60 },
    });
    await again.send({
      cmd: "disconnect",
      reasonCode: 0,
      properties: { sessionExpiryInterval: interval },
    });
    await again.closed();
    assertEquals(
      broker.context.getSession("c")?.expiryInterval,
      interval === 5 ? 5 : Infinity,
    );
  }
});

Deno.test("MQTT 5: DISCONNECT cannot prolong a session that ends with its connection (section 3.14.2.2.2)", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
  });
  await client.send({
    cmd: "disconnect",
    reasonCode: 0,
    properties: { sessionExpiryInterval: 5 },
  });
  await assertDisconnected(client, 0x82);
  assertEquals(broker.context.getSession("c"), undefined);
});

Deno.test("MQTT 5: CONNACK tells a session expiry interval that the broker lowers (section 3.2.2.3.2)", async () => {
  await using broker = await startBroker({ sessionExpiryInterval: 30 });
  const interval = async (asked?: number) => {
    await using client = await TestClient.connect(broker, {
      version: 5,
      properties: { sessionExpiryInterval: asked },
    });
    return client.connack?.properties?.sessionExpiryInterval;
  };
  assertEquals(await interval(60), 30);
  assertEquals(await interval(0xffffffff), 30);
  assertEquals(await interval(20), undefined);
  assertEquals(await interval(), undefined);
});

Deno.test("MQTT 5: CONNACK tells whole seconds, and no more than there are", async () => {
  for (const [configured, told] of [[0.5, 1], [1e12, 0xffffffff]]) {
    await using broker = await startBroker({
      sessionExpiryInterval: configured,
    });
    await using client = await TestClient.connect(broker, {
      version: 5,
      properties: { sessionExpiryInterval: 0xffffffff },
    });
    const { sessionExpiryInterval } = client.connack?.properties ?? {};
    // What the client asked for is not told.
    const expected = told === 0xffffffff ? undefined : told;
    assertEquals(sessionExpiryInterval, expected);
    await client.ping();
  }
});

Deno.test("MQTT 5: the broker assigns a client identifier [MQTT-3.1.3-6] [MQTT-3.1.3-7] [MQTT-3.2.2-16]", async () => {
  await using broker = await startBroker();
  const options = { version: 5, clientId: "", clean: true } as const;
  await using one = await TestClient.connect(broker, options);
  await using two = await TestClient.connect(broker, options);
  const first = one.connack?.properties?.assignedClientIdentifier;
  const second = two.connack?.properties?.assignedClientIdentifier;
  assert(first && second && first !== second);
  assertEquals(broker.context.getSession(first)?.connected, true);
  await using named = await TestClient.connect(broker, {
    ...options,
    clientId: "n",
  });
  const { properties } = named.connack!;
  assertEquals(properties?.assignedClientIdentifier, undefined);
});

Deno.test("MQTT 3.1.1: an empty client identifier needs a clean session [MQTT-3.1.3-8]", async () => {
  await using broker = await startBroker();
  await using clean = await TestClient.connect(broker, { clientId: "" });
  assertEquals(clean.code, 0);
  await using lasting = await TestClient.open(broker);
  await lasting.raw(frame(0x10, [...text("MQTT"), 4, 0, 0, 60, ...text("")]));
  assertEquals((await lasting.expect("connack")).returnCode, 2);
  await assertClosedSilently(lasting);
  await using old = await TestClient.open(broker, 3);
  await old.raw(frame(0x10, [...text("MQIsdp"), 3, 2, 0, 60, ...text("")]));
  assertEquals((await old.expect("connack")).returnCode, 2);
});

Deno.test("a session keeps its queue within its limits, and counts what it drops", async () => {
  await using broker = await startBroker({ maxQueuedMessages: 3 });
  const lasting = { clientId: "c", clean: false } as const;
  {
    await using client = await TestClient.connect(broker, lasting);
    await client.subscribe("a", 1);
  }
  await gone(broker, "c");
  for (let i = 0; i < 5; i++) {
    broker.context.publish("a", `${i}`, { qos: 1 });
  }
  assertEquals(broker.context.stats().dropped.queue_full, 2);
  await using client = await TestClient.connect(broker, lasting);
  for (let i = 0; i < 3; i++) {
    assertEquals(await client.message(), `a: ${i}`);
  }
  await client.ping();
});

Deno.test("takeover, expiry and clean start leave every counter at its true value", async () => {
  await using broker = await startBroker();
  const lasting = { clientId: "c", clean: false } as const;
  await using one = await TestClient.connect(broker, lasting);
  await one.subscribe("a", 2);
  broker.context.publish("a", "x", { qos: 2 });
  await using two = await TestClient.connect(broker, lasting);
  await two.expect("publish");
  await using three = await TestClient.connect(broker, { clientId: "c" });
  await three.ping();
  const stats = broker.context.stats();
  assertEquals(
    [stats.clientsConnected, stats.clientsDisconnected, stats.inflightOut],
    [1, 0, 0],
  );
  await three.disconnect();
  assertEquals([...broker.context.sessions], []);
});
