/** The interceptor of wills: when they are left, and when they are sent. */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { WillEvent } from "../../../plugins/mod.ts";
import { eventually, TestClient } from "../../_client.ts";
import { brokerWith, failures, forVersions, textOf } from "./_helpers.ts";

const will = {
  topic: "will",
  payload: Buffer.from("gone"),
  qos: 0 as const,
  retain: false,
};

forVersions(
  "interceptWill changes a will when it is left and when it is sent",
  async (version) => {
    const seen: unknown[] = [];
    await using broker = await brokerWith([{
      interceptWill: ({ session, will, phase }: WillEvent) => {
        seen.push([
          session.clientId,
          phase,
          will.topic,
          textOf(will.payload),
          will.properties?.messageExpiryInterval,
        ]);
        return phase === "register"
          ? {
            topic: "changed",
            properties: {
              messageExpiryInterval: 50,
              contentType: "text/plain",
            },
          }
          : { payload: "sent", retain: true };
      },
    }]);
    await using witness = await TestClient.connect(broker, { version });
    await witness.subscribe("#");
    const client = await TestClient.connect(broker, {
      version,
      clientId: "one",
      will: {
        ...will,
        ...(version === 5 && { properties: { messageExpiryInterval: 20 } }),
      },
    });
    assertEquals(client.code, 0);
    assertEquals(broker.context.getSession("one")!.will!.topic, "changed");
    await client.close();
    const { topic, payload, properties } = await witness.expect("publish");
    assertEquals([topic, `${payload}`], ["changed", "sent"]);
    if (version === 5) {
      assertEquals(properties, {
        messageExpiryInterval: 50,
        contentType: "text/plain",
      });
    }
    assertEquals(
      textOf(broker.context.retained.get("changed")!.payload),
      "sent",
    );
    assertEquals(seen, [
      ["one", "register", "will", "gone", version === 5 ? 20 : undefined],
      ["one", "fire", "changed", "gone", 50],
    ]);
  },
);

forVersions(
  "interceptWill refuses a client for its will, or takes the will away",
  async (version) => {
    const answers: unknown[] = [
      { drop: true },
      { allow: false, reasonCode: 0x97 },
      { topic: "a/#" },
      { topic: "$SYS/x" },
    ];
    let at = 0;
    await using broker = await brokerWith([{
      interceptWill: () => answers[at++] as undefined,
    }]);
    const connect = () => TestClient.connect(broker, { version, will });
    await using witness = await TestClient.connect(broker, { version });
    await witness.subscribe(["#", "$SYS/x"]);
    const dropped = await connect();
    assertEquals(dropped.code, 0);
    await dropped.close();
    for (const [five, four] of [[0x97, 3], [0x87, 5], [0x87, 5]]) {
      await using client = await connect();
      assertEquals(client.code, version === 5 ? five : four);
    }
    assertEquals(failures(broker), 1);
    await eventually(() => broker.context.stats().clientsConnected === 1);
    await witness.ping();
  },
);

forVersions(
  "interceptWill keeps a will from being sent, at once or later",
  async (version) => {
    const answers: unknown[] = [
      { drop: true },
      false,
      { qos: 7 },
      Promise.resolve({ drop: true }),
    ];
    let at = 0;
    await using broker = await brokerWith([{
      interceptWill: ({ phase }) =>
        phase === "fire" ? answers[at++] as undefined : undefined,
    }]);
    await using witness = await TestClient.connect(broker, { version });
    await witness.subscribe("#");
    for (let i = 1; i <= 5; i++) {
      const client = await TestClient.connect(broker, { version, will });
      await client.close();
      await eventually(() =>
        broker.context.stats().clientsConnected === 1 &&
        broker.context.stats().dropped.intercepted >= Math.min(i, 4)
      );
    }
    assertEquals(await witness.message(), "will: gone");
    assertEquals(failures(broker), 1);
  },
);
