/** Wills: when they are sent, and when not (MQTT 5, section 3.1.2.5). */

import { assert, assertEquals } from "@std/assert";
import type { IConnectPacket } from "mqtt-packet";
import type { Broker } from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { assertDisconnected, gone } from "./_helpers.ts";

type Will = NonNullable<IConnectPacket["will"]>;

function will(options: Partial<Will> = {}): Will {
  return {
    topic: "will",
    payload: "w" as never,
    qos: 0,
    retain: false,
    ...options,
  };
}

const delayed = (seconds: number) =>
  will({ properties: { willDelayInterval: seconds } });

async function watch(broker: Broker): Promise<TestClient> {
  const watcher = await TestClient.connect(broker, { version: 5 });
  await watcher.subscribe("will", 2);
  return watcher;
}

for (const version of [3, 4, 5] as const) {
  Deno.test(`MQTT ${version}: a will is sent when the connection breaks [MQTT-3.1.2-8] [MQTT-3.1.2-14]`, async () => {
    await using broker = await startBroker();
    await using watcher = await watch(broker);
    for (const qos of [0, 1, 2] as const) {
      await using client = await TestClient.connect(broker, {
        version,
        will: will({ qos }),
      });
      await client.close();
      const packet = await watcher.expect("publish");
      assertEquals([`${packet.payload}`, packet.qos], ["w", qos]);
    }
    assertEquals(broker.context.retained.size, 0);
  });

  Deno.test(`MQTT ${version}: a will is sent when the client breaks a rule [MQTT-3.1.2-8]`, async () => {
    await using broker = await startBroker();
    await using watcher = await watch(broker);
    await using client = await TestClient.connect(broker, {
      version,
      will: will(),
    });
    await client.raw([0xf7, 0]);
    assertEquals(await watcher.message(), "will: w");
  });

  Deno.test(`MQTT ${version}: a will may be retained [MQTT-3.1.2-15]`, async () => {
    await using broker = await startBroker();
    await using client = await TestClient.connect(broker, {
      version,
      will: will({ retain: true, qos: 1 }),
    });
    await client.close();
    await eventually(() => broker.context.retained.size === 1);
    await using watcher = await TestClient.connect(broker);
    await watcher.subscribe("will", 1);
    const packet = await watcher.expect("publish");
    assertEquals([`${packet.payload}`, packet.retain], ["w", true]);
  });

  Deno.test(`MQTT ${version}: DISCONNECT deletes the will [MQTT-3.14.4-3] [MQTT-3.1.2-10]`, async () => {
    await using broker = await startBroker();
    await using watcher = await watch(broker);
    await using client = await TestClient.connect(broker, {
      version,
      will: will(),
    });
    await client.disconnect();
    await watcher.ping();
  });

  Deno.test(`MQTT ${version}: a takeover sends the will of the earlier connection (section 3.1.4)`, async () => {
    await using broker = await startBroker();
    await using watcher = await watch(broker);
    const options = { version, clientId: "c" };
    await using _earlier = await TestClient.connect(broker, {
      ...options,
      will: will(),
    });
    await using _later = await TestClient.connect(broker, options);
    assertEquals(await watcher.message(), "will: w");
  });
}

const lasting = {
  version: 5,
  clientId: "c",
  clean: false,
  properties: { sessionExpiryInterval: 60 },
} as const;

Deno.test("MQTT 5: DISCONNECT 0x04 sends the will (section 3.14.2.1)", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  await using client = await TestClient.connect(broker, {
    version: 5,
    will: will(),
  });
  await client.send({ cmd: "disconnect", reasonCode: 4 });
  await client.closed();
  assertEquals(await watcher.message(), "will: w");
});

Deno.test("MQTT 5: a delayed will waits for its interval [MQTT-3.1.2-8]", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  await using client = await TestClient.connect(broker, {
    ...lasting,
    will: delayed(1),
  });
  await client.close();
  await gone(broker, "c");
  const since = broker.context.getSession("c")!.disconnectedAt;
  await watcher.ping();
  assertEquals(await watcher.message(), "will: w");
  assert(Date.now() - since >= 1000);
  // Once only [MQTT-3.1.2-10].
  assertEquals(broker.context.getSession("c")?.will, undefined);
});

Deno.test("MQTT 5: a delayed will is sent at the end of the session, if that comes first [MQTT-3.1.2-8]", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  await using ending = await TestClient.connect(broker, {
    version: 5,
    clientId: "ending",
    will: delayed(60),
  });
  await ending.close();
  assertEquals(await watcher.message(), "will: w");
  await using client = await TestClient.connect(broker, {
    ...lasting,
    properties: { sessionExpiryInterval: 1 },
    will: delayed(60),
  });
  await client.close();
  assertEquals(await watcher.message(), "will: w");
  assertEquals(broker.context.getSession("c"), undefined);
});

Deno.test("MQTT 5: a delayed will is not sent if the client returns to its session [MQTT-3.1.3-9]", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  {
    await using _client = await TestClient.connect(broker, {
      ...lasting,
      will: delayed(1),
    });
  }
  await gone(broker, "c");
  const since = broker.context.getSession("c")!.disconnectedAt;
  await using back = await TestClient.connect(broker, lasting);
  assertEquals(back.connack?.sessionPresent, true);
  await eventually(() => Date.now() - since > 1200);
  await watcher.ping();
  // The new connection left no will.
  await back.close();
  await gone(broker, "c");
  await watcher.ping();
});

Deno.test("MQTT 5: a takeover that goes on with the session deletes a delayed will [MQTT-3.1.3-9]", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  await using earlier = await TestClient.connect(broker, {
    ...lasting,
    will: delayed(1),
  });
  await using later = await TestClient.connect(broker, {
    ...lasting,
    will: will({ payload: "new" as never }),
  });
  await assertDisconnected(earlier, 0x8e);
  await watcher.ping();
  await later.close();
  assertEquals(await watcher.message(), "will: new");
});

Deno.test("MQTT 5: a clean start ends the session, which sends its delayed will [MQTT-3.1.2-8]", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  {
    await using _client = await TestClient.connect(broker, {
      ...lasting,
      will: delayed(60),
    });
  }
  await gone(broker, "c");
  await watcher.ping();
  await using _clean = await TestClient.connect(broker, {
    ...lasting,
    clean: true,
  });
  assertEquals(await watcher.message(), "will: w");
});

Deno.test("MQTT 5: DISCONNECT that ends the session with 0x04 sends a delayed will at once [MQTT-3.1.2-8]", async () => {
  await using broker = await startBroker();
  await using watcher = await watch(broker);
  await using client = await TestClient.connect(broker, {
    ...lasting,
    will: delayed(60),
  });
  await client.send({
    cmd: "disconnect",
    reasonCode: 4,
    properties: { sessionExpiryInterval: 0 },
  });
  assertEquals(await watcher.message(), "will: w");
});

Deno.test("a will that the broker cannot keep refuses the client [MQTT-3.2.2-12] [MQTT-3.2.2-13]", async () => {
  await using broker = await startBroker({ maxQos: 1, retainAvailable: false });
  const code = async (options: Partial<Will>) => {
    await using client = await TestClient.connect(broker, {
      version: 5,
      will: will(options),
    });
    return client.code;
  };
  assertEquals(await code({ qos: 2 }), 0x9b);
  assertEquals(await code({ retain: true }), 0x9a);
  assertEquals(await code({ topic: "$SYS/x" }), 0x87);
  assertEquals(await code({ qos: 1 }), 0);
});
