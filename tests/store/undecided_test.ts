// What a plugin has not decided yet is neither acknowledged nor forgotten.
import { assertEquals } from "@std/assert";
import type { IPublishPacket } from "mqtt-packet";
import { MemoryStore, silentLogger } from "../../mod.ts";
import type { BrokerContext, DeliverEvent } from "../../plugins/mod.ts";
import { startBroker, TestClient } from "../_client.ts";

const PERSISTENT = {
  version: 5,
  clean: false,
  properties: { sessionExpiryInterval: 1000 },
} as const;

function publication(
  topic: string,
  payload: string,
  qos: 0 | 1 | 2,
  messageId: number,
): IPublishPacket {
  const flags = { dup: false, retain: false };
  return { cmd: "publish", topic, payload, qos, messageId, ...flags };
}

Deno.test("a message that a plugin publishes while another is handed out takes no acknowledgement forward", async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  class Nesting {
    readonly #context: BrokerContext;
    constructor(context: BrokerContext) {
      this.#context = context;
    }
    interceptDeliver({ session, message }: DeliverEvent) {
      if (message.topic !== "t") return;
      if (session.clientId === "quick") this.#context.publish("other", "");
      if (session.clientId !== "slow") return;
      asked.resolve();
      return gate.promise;
    }
  }
  await using broker = await startBroker(
    { plugins: ["auth_anonymous", Nesting] },
    silentLogger,
    { store: new MemoryStore() },
  );
  for (const clientId of ["slow", "quick"]) {
    const client = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId,
    });
    await client.subscribe("t", 2);
    await client.disconnect();
  }
  await using publisher = await TestClient.connect(broker, { version: 5 });
  await publisher.send(
    publication("t", "1", 1, 1),
    publication("t", "2", 2, 2),
  );
  await asked.promise;
  await publisher.ping();
  gate.resolve();
  assertEquals((await publisher.expect("puback")).messageId, 1);
  assertEquals((await publisher.expect("pubrec")).messageId, 2);
  assertEquals(broker.context.getSession("slow")?.queuedCount, 2);
});

Deno.test("a member of a shared subscription that leaves while a message is handed out takes no acknowledgement forward", async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  class Ending {
    readonly #context: BrokerContext;
    constructor(context: BrokerContext) {
      this.#context = context;
    }
    interceptDeliver({ session, message }: DeliverEvent) {
      if (message.topic !== "t") return;
      if (session.clientId === "quick") this.#context.disconnect("member");
      if (session.clientId !== "slow") return;
      asked.resolve();
      return gate.promise;
    }
  }
  await using broker = await startBroker(
    { plugins: ["auth_anonymous", Ending] },
    silentLogger,
    { store: new MemoryStore() },
  );
  await using publisher = await TestClient.connect(broker, { version: 5 });
  await using member = await TestClient.connect(broker, {
    ...PERSISTENT,
    clientId: "member",
  });
  await member.subscribe("$share/g/s", 1);
  await publisher.publish("s", "", { qos: 1 });
  assertEquals(await member.message(), "s: ");
  await using other = await TestClient.connect(broker, { version: 5 });
  await other.subscribe("$share/g/s", 1);
  for (const clientId of ["slow", "quick"]) {
    const client = await TestClient.connect(broker, {
      ...PERSISTENT,
      clientId,
    });
    await client.subscribe("t", 1);
    await client.disconnect();
  }
  await publisher.send(publication("t", "1", 1, 7));
  await asked.promise;
  await publisher.ping();
  gate.resolve();
  assertEquals((await publisher.expect("puback")).messageId, 7);
  assertEquals(broker.context.getSession("slow")?.queuedCount, 1);
});
