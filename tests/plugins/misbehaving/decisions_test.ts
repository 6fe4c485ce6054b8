import { assert, assertEquals } from "@std/assert";
import type { AuthenticateEvent, TopicFilteringEvent } from "../../../mod.ts";
import { TestClient } from "../../_client.ts";
import { publish } from "../../protocol/_helpers.ts";
import { brokerWith, failures, useEverything, WAYS } from "./_helpers.ts";

for (const [way, act] of WAYS) {
  Deno.test(`who is in goes on while a plugin ${way} when it is asked about somebody else`, async () => {
    await using broker = await brokerWith([{
      authenticate: ({ session }: AuthenticateEvent) =>
        session.clientId.startsWith("victim") ? act() : undefined,
      topicFiltering: ({ session, topic }: TopicFilteringEvent) =>
        session.clientId === "known" && topic === "victim" ? act() : true,
    }]);
    await using victim = await TestClient.open(broker, 5);
    await victim.send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clientId: "victim",
      clean: true,
      keepalive: 60,
    });
    await using known = await TestClient.connect(broker, {
      version: 5,
      clientId: "known",
    });
    await known.send(
      {
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "victim", qos: 1 }],
      },
      publish("victim", "x", { qos: 1, messageId: 2 }),
    );
    await useEverything(broker);
    assertEquals((await victim.expect("connack")).reasonCode, 0x87);
    assertEquals((await known.expect("suback")).granted, [0x87]);
    assertEquals((await known.expect("puback")).reasonCode, 0x87);
    await known.ping();
    assert(failures(broker) >= 3);
  });
}

Deno.test("an answer that comes too late lets nobody in, and changes nothing", async () => {
  const answers: (() => void)[] = [];
  await using broker = await brokerWith([{
    authenticate: ({ session }: AuthenticateEvent) =>
      session.clientId !== "late" ? undefined : new Promise<boolean>(
        (resolve) => answers.push(() => resolve(true)),
      ),
  }]);
  await using late = await TestClient.connect(broker, {
    version: 5,
    clientId: "late",
  });
  assertEquals(late.code, 0x87);
  for (const answer of answers) answer();
  await useEverything(broker);
  assertEquals(broker.context.getSession("late"), undefined);
});
