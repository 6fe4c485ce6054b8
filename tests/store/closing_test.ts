// What plugins have not decided when the broker ends is neither lost nor let through.
import { assertEquals, assertRejects } from "@std/assert";
import { MemoryStore, silentLogger } from "../../mod.ts";
import type { BrokerContext, TopicFilteringEvent } from "../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";

const RECEIVER = {
  version: 5,
  clean: false,
  clientId: "receiver",
  properties: { sessionExpiryInterval: 1000 },
} as const;

/** A plugin that answers nothing before it is closed. */
class Undecided {
  asked = 0;
  readonly #context: BrokerContext;

  constructor(context: BrokerContext) {
    this.#context = context;
  }

  protected untilClosed(answer: () => boolean): Promise<boolean> {
    this.asked++;
    return new Promise((resolve, reject) => {
      this.#context.signal.addEventListener("abort", () => {
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  // What was deferred behind the answer gets its turn before the end.
  async close(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
}

/** What the receiver gets of a store, after the broker that had it has ended. */
async function received(store: MemoryStore): Promise<string[]> {
  await using broker = await startBroker({}, silentLogger, { store });
  await using receiver = await TestClient.connect(broker, RECEIVER);
  await receiver.send({ cmd: "pingreq" });
  const messages: string[] = [];
  for (;;) {
    const packet = await receiver.next();
    if (packet.cmd !== "publish") return messages;
    messages.push(`${packet.topic}: ${packet.payload}`);
  }
}

for (const sent of [false, true]) {
  const which = sent ? "were sent before" : "wait";
  Deno.test(`messages that ${which}, and whose right is asked for when the broker ends, stay in the store`, async () => {
    const store = new MemoryStore();
    let hangs = false;
    let plugin: Rights | undefined;
    class Rights extends Undecided {
      constructor(context: BrokerContext) {
        super(context);
        plugin = this;
      }
      topicFiltering({ action }: TopicFilteringEvent) {
        if (action !== "receive" || !hangs) return true;
        return this.untilClosed(() => {
          throw new Error("closed");
        });
      }
    }
    await using broker = await startBroker(
      { plugins: ["auth_anonymous", Rights] },
      silentLogger,
      { store },
    );
    const first = await TestClient.connect(broker, RECEIVER);
    await first.subscribe("t", 1);
    await using publisher = await TestClient.connect(broker, { version: 5 });
    if (!sent) await first.disconnect();
    await publisher.publish("t", "1", { qos: 1 });
    await publisher.publish("t", "2", { qos: 1 });
    if (sent) {
      await first.message();
      await first.message();
      await first.disconnect();
    }
    hangs = true;
    await using _back = await TestClient.connect(broker, RECEIVER);
    await eventually(() => plugin!.asked > 0, "question");
    await broker.shutdown();
    assertEquals(await received(store), ["t: 1", "t: 2"]);
  });
}

Deno.test("messages behind one that a plugin has not decided are not stored unjudged when the broker ends", async () => {
  const store = new MemoryStore();
  let plugin: Refusing | undefined;
  class Refusing extends Undecided {
    constructor(context: BrokerContext) {
      super(context);
      plugin = this;
    }
    interceptDeliver() {
      return this.untilClosed(() => false);
    }
  }
  await using broker = await startBroker(
    { plugins: ["auth_anonymous", Refusing] },
    silentLogger,
    { store },
  );
  const receiver = await TestClient.connect(broker, RECEIVER);
  await receiver.subscribe("t", 1);
  await receiver.disconnect();
  for (const payload of ["1", "2", "3"]) {
    broker.context.publish("t", payload, { qos: 1 });
  }
  assertEquals(plugin!.asked, 1);
  await broker.shutdown();
  assertEquals(await received(store), []);
});

Deno.test("what a plugin publishes while it is closed is judged, or not delivered", async () => {
  const store = new MemoryStore();
  class Late {
    readonly #context: BrokerContext;
    constructor(context: BrokerContext) {
      this.#context = context;
    }
    interceptDeliver() {
      return false;
    }
    close() {
      this.#context.publish("t", "late", { qos: 1 });
    }
  }
  await using broker = await startBroker(
    { plugins: ["auth_anonymous", Late] },
    silentLogger,
    { store },
  );
  const receiver = await TestClient.connect(broker, RECEIVER);
  await receiver.subscribe("t", 1);
  await receiver.disconnect();
  await broker.shutdown();
  assertEquals(await received(store), []);
});

Deno.test("a broker whose store cannot be closed is stopped all the same, and can be started again", async () => {
  class Stuck extends MemoryStore {
    fails = true;
    override close(): Promise<void> {
      return this.fails ? Promise.reject(new Error("stuck")) : super.close();
    }
  }
  const store = new Stuck();
  const broker = await startBroker({}, silentLogger, { store });
  const client = await TestClient.connect(broker, RECEIVER);
  await assertRejects(() => broker.shutdown(), Error, "stuck");
  assertEquals(broker.state, "stopped");
  await client.close();
  store.fails = false;
  await broker.start();
  await broker.shutdown();
  assertEquals(broker.state, "stopped");
});

Deno.test("a message of QoS 2 that is not decided when the broker ends is taken when it is repeated, and not acknowledged before", async () => {
  const store = new MemoryStore();
  let plugin: Rights | undefined;
  class Rights extends Undecided {
    constructor(context: BrokerContext) {
      super(context);
      plugin = this;
    }
    topicFiltering({ action }: TopicFilteringEvent) {
      return action !== "receive" || this.untilClosed(() => false);
    }
  }
  const options = { ...RECEIVER, clientId: "publisher" };
  const message = {
    cmd: "publish",
    topic: "t",
    payload: "1",
    qos: 2,
    messageId: 7,
    dup: false,
    retain: false,
  } as const;
  {
    await using broker = await startBroker(
      { plugins: ["auth_anonymous", Rights] },
      silentLogger,
      { store },
    );
    const receiver = await TestClient.connect(broker, RECEIVER);
    await receiver.subscribe("t", 2);
    await receiver.disconnect();
    await using publisher = await TestClient.connect(broker, options);
    await publisher.send(message, { ...message, dup: true });
    await eventually(() => plugin!.asked > 0, "question");
    await publisher.ping();
  }
  {
    await using broker = await startBroker({}, silentLogger, { store });
    await using publisher = await TestClient.connect(broker, options);
    await publisher.send({ ...message, dup: true });
    assertEquals((await publisher.expect("pubrec")).messageId, 7);
    await publisher.send({ cmd: "pubrel", messageId: 7 });
    await publisher.expect("pubcomp");
  }
  assertEquals(await received(store), ["t: 1"]);
});

for (const hook of ["topicFiltering", "interceptWill"] as const) {
  for (const expiry of [1000, 0]) {
    Deno.test(`a will that ${hook} has not decided when the broker ends is sent by the next one; expiry ${expiry}`, async () => {
      const store = new MemoryStore();
      let plugin: Wills | undefined;
      class Wills extends Undecided {
        hangs = false;
        constructor(context: BrokerContext) {
          super(context);
          plugin = this;
        }
        topicFiltering() {
          return !this.hangs || hook !== "topicFiltering" ||
            this.untilClosed(() => false);
        }
        interceptWill() {
          if (!this.hangs || hook !== "interceptWill") return;
          return this.untilClosed(() => false) as Promise<never>;
        }
      }
      {
        await using broker = await startBroker(
          { plugins: ["auth_anonymous", Wills] },
          silentLogger,
          { store },
        );
        const receiver = await TestClient.connect(broker, RECEIVER);
        await receiver.subscribe("gone", 1);
        await receiver.disconnect();
        const client = await TestClient.connect(broker, {
          version: 5,
          properties: { sessionExpiryInterval: expiry },
          will: {
            topic: "gone",
            payload: "bye" as never,
            qos: 1,
            retain: false,
          },
        });
        plugin!.hangs = true;
        await client.close();
        await eventually(() => plugin!.asked > 0, "question");
      }
      assertEquals(await received(store), ["gone: bye"]);
    });
  }
}
