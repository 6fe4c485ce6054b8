/** Interceptors that answer later: what happens meanwhile counts. And many messages at once. */

import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import type {
  ConnackEvent,
  DeliverEvent,
  Packet,
  PublishEvent,
  WillEvent,
} from "../../../mod.ts";
import { connectPacket, eventually, TestClient } from "../../_client.ts";
import { brokerWith, forVersions, textOf } from "./_helpers.ts";

const will = {
  topic: "will",
  payload: Buffer.from("gone"),
  qos: 0 as const,
  retain: false,
};

for (const hook of ["interceptConnack", "interceptWill"] as const) {
  forVersions(
    `${hook}: a client that is cut off while a plugin thinks leaves no session and no will`,
    async (version) => {
      const gate = Promise.withResolvers<undefined>();
      let asked = 0;
      let ended = 0;
      await using broker = await brokerWith([
        {
          [hook]: ({ session }: ConnackEvent | WillEvent) => {
            if (session.clientId !== "one") return;
            asked++;
            return gate.promise;
          },
        },
        { [hook]: () => void ended++ },
      ], {
        listeners: {
          default: { bind: "127.0.0.1:0" },
          hasty: { bind: "127.0.0.1:0", connectTimeout: 0.05 },
        },
      });
      const { port } = broker.listeners.find(({ name }) => name === "hasty")!;
      // It is late, whoever is to blame. On a busy machine it may be the client.
      while (asked === 0) {
        await using client = await TestClient.open(port, version);
        await client.send(connectPacket({ version, clientId: "one", will }))
          .catch(() => {});
        await client.closed();
      }
      assertEquals(ended, 0);
      await using witness = await TestClient.connect(broker, {
        version,
        clientId: "two",
      });
      ended = 0;
      await witness.subscribe("will");
      gate.resolve(undefined);
      await eventually(() => ended === 1, "end of the chain");
      await witness.ping();
      assertEquals(broker.context.getSession("one"), undefined);
      assertEquals(broker.context.stats().publishSent, 0);
      assertEquals(ended, 1);
    },
  );
}

forVersions(
  "interceptConnack that answers later: the last that is let in has the session",
  async (version) => {
    const gates = new Map<string, PromiseWithResolvers<ConnackAnswers>>();
    type ConnackAnswers = { reasonString: string } | false;
    await using broker = await brokerWith([{
      interceptConnack: ({ session }: ConnackEvent) => {
        const gate = Promise.withResolvers<ConnackAnswers>();
        gates.set(session.username!, gate);
        return gate.promise;
      },
    }]);
    const open = async (username: string): Promise<TestClient> => {
      const client = await TestClient.open(broker, version);
      await client.send(connectPacket({ version, clientId: "one", username }));
      await eventually(() => gates.has(username), `question for ${username}`);
      return client;
    };
    const code = async (client: TestClient) => {
      const { reasonCode, returnCode } = await client.expect("connack");
      return version === 5 ? reasonCode : returnCode;
    };
    await using first = await open("owner");
    await using second = await open("thief");
    await using third = await open("refused");
    gates.get("refused")!.resolve(false);
    assertEquals(await code(third), version === 5 ? 0x87 : 5);
    gates.get("owner")!.resolve({ reasonString: "welcome" });
    assertEquals(await code(first), 0);
    // It was free when the plugin was asked: now it is another user's.
    gates.get("thief")!.resolve({ reasonString: "welcome" });
    assertEquals(await code(second), version === 5 ? 0x85 : 2);
    await first.ping();
  },
);

forVersions(
  "interceptWill that answers later changes the will when it is left and when it is sent",
  async (version) => {
    const gate = Promise.withResolvers<void>();
    const phases: string[] = [];
    await using broker = await brokerWith([{
      interceptWill: async ({ phase, will }: WillEvent) => {
        phases.push(phase);
        if (phase === "fire") await gate.promise;
        return { payload: `${textOf(will.payload)}, ${phase}` };
      },
    }]);
    await using witness = await TestClient.connect(broker, { version });
    await witness.subscribe("#");
    const client = await TestClient.connect(broker, {
      version,
      clientId: "one",
      will,
    });
    await client.close();
    await eventually(() => phases.length === 2, "last question");
    // The session has ended, and another one may begin.
    await using again = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    await again.publish("other", "first");
    assertEquals(await witness.message(), "other: first");
    gate.resolve();
    assertEquals(await witness.message(), "will: gone, register, fire");
    assertEquals(phases, ["register", "fire"]);
  },
);

for (const slow of [false, true]) {
  forVersions(
    `interceptDeliver is asked for each of many messages at once, ${
      slow ? "answering later" : "answering at once"
    }`,
    async (version) => {
      const count = 300;
      let asked = 0;
      await using broker = await brokerWith([{
        interceptDeliver: ({ message, session }: DeliverEvent) => {
          if (session.clientId !== "judged") return;
          asked++;
          const number = +textOf(message.payload);
          const answer = number % 3 === 0
            ? { payload: `changed ${number}` }
            : number % 3 === 1
            ? { drop: true as const }
            : undefined;
          return (slow ? Promise.resolve(answer) : answer) as typeof answer;
        },
      }]);
      await using judged = await TestClient.connect(broker, {
        version,
        clientId: "judged",
      });
      await using other = await TestClient.connect(broker, { version });
      for (const client of [judged, other]) await client.subscribe("t");
      await using writer = await TestClient.connect(broker, { version });
      await writer.send(
        ...Array.from({ length: count }, (_, i) => ({
          cmd: "publish" as const,
          topic: "t",
          payload: `${i}`,
          qos: 0 as const,
          dup: false,
          retain: false,
        })),
      );
      for (let i = 0; i < count; i++) {
        assertEquals(await other.message(), `t: ${i}`);
        if (i % 3 === 0) {
          assertEquals(await judged.message(), `t: changed ${i}`);
        } else if (i % 3 === 2) assertEquals(await judged.message(), `t: ${i}`);
      }
      assertEquals(asked, count);
      assertEquals(broker.context.stats().dropped.intercepted, count / 3);
      await writer.disconnect();
      await assertRejects(() => writer.next());
    },
  );
}

// -- The end of the broker --

const PENDING: Record<string, (version: 4 | 5) => Packet[]> = {
  interceptAccept: () => [],
  interceptConnect: (version) => [connectPacket({ version })],
  authenticate: (version) => [connectPacket({ version })],
  interceptConnack: (version) => [connectPacket({ version })],
  interceptWill: (version) => [connectPacket({ version, will })],
  interceptSubscribe: (version) => [
    connectPacket({ version }),
    { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 0 }] },
  ],
  interceptPublish: (version) => [
    connectPacket({ version }),
    {
      cmd: "publish",
      topic: "a",
      payload: "x",
      qos: 0,
      dup: false,
      retain: false,
    },
  ],
};

for (const [hook, packets] of Object.entries(PENDING)) {
  forVersions(
    `the end of the broker does not wait for an answer of ${hook}, and asks nobody else`,
    async (version) => {
      const asked = Promise.withResolvers<Partial<PublishEvent>>();
      const gate = Promise.withResolvers<undefined>();
      let others = 0;
      const broker = await brokerWith([
        { [hook]: (event: object) => (asked.resolve(event), gate.promise) },
        { [hook]: () => void others++ },
      ], { pluginTimeout: 600, shutdownTimeout: 600 });
      await using client = await TestClient.open(broker, version);
      if (hook !== "interceptAccept") await client.send(...packets(version));
      const { message } = await asked.promise;
      const stopped = broker.shutdown();
      await client.closed();
      await client.close();
      await stopped;
      assertEquals(broker.state, "stopped");
      // What it is about stays as it is.
      if (message) assertEquals(textOf(message.payload), "x");
      gate.resolve(undefined);
      // Whatever comes of it comes within a turn.
      await new Promise((resolve) => setTimeout(resolve));
      assertEquals(others, 0);
    },
  );
}

forVersions(
  "a client that is sent away while a plugin thinks about its SUBSCRIBE is not asked about any more",
  async (version) => {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<{ filter: string }>();
    let decisions = 0;
    await using broker = await brokerWith([{
      interceptSubscribe: () => (asked.resolve(), gate.promise),
      topicFiltering: () => {
        decisions++;
        return true;
      },
    }]);
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "one",
    });
    await client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "a", qos: 0 }, { topic: "b", qos: 0 }],
    });
    await asked.promise;
    broker.context.disconnect("one");
    await client.closed();
    gate.resolve({ filter: "c" });
    await using other = await TestClient.connect(broker, { version });
    await other.ping();
    assertEquals(decisions, 0);
    assertEquals([...broker.context.subscriptions()], []);
  },
);
