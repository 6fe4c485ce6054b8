import { assertEquals } from "@std/assert";
import type { Session } from "../../../mod.ts";
import { eventually, TestClient } from "../../_client.ts";
import { publish } from "../../protocol/_helpers.ts";
import { brokerWith, failures, useEverything, WAYS } from "./_helpers.ts";

for (const [way, act] of WAYS) {
  /** Misbehaves for one client only. */
  const plugin = (clientId: string, ...hooks: string[]) =>
    Object.fromEntries(hooks.map((hook) => [
      hook,
      ({ session }: { session: Session }) =>
        session.clientId === clientId ? act() : undefined,
    ]));

  for (
    const hook of ["interceptConnect", "interceptConnack", "interceptWill"]
  ) {
    Deno.test(`${hook}: who asks is refused, nobody else, if a plugin ${way}`, async () => {
      await using broker = await brokerWith([plugin("victim", hook)]);
      const connecting = TestClient.connect(broker, {
        version: 5,
        clientId: "victim",
        will: { topic: "w", payload: Buffer.from("x"), qos: 0, retain: false },
      });
      await useEverything(broker);
      await using victim = await connecting;
      assertEquals(victim.code, 0x87);
      assertEquals(failures(broker), 1);
    });
  }

  Deno.test(`what a client wants is refused, nobody else notices, if a plugin ${way}`, async () => {
    await using broker = await brokerWith([
      plugin(
        "victim",
        "interceptPublish",
        "interceptSubscribe",
        "interceptUnsubscribe",
        "interceptDisconnect",
      ),
      plugin("reader", "interceptDeliver"),
    ]);
    await using reader = await TestClient.connect(broker, {
      version: 5,
      clientId: "reader",
    });
    await reader.subscribe("t/#", 1);
    await using victim = await TestClient.connect(broker, {
      version: 5,
      clientId: "victim",
    });
    await victim.send(
      publish("t/victim", "x", { qos: 1, messageId: 1 }),
      {
        cmd: "subscribe",
        messageId: 2,
        subscriptions: [{ topic: "t/#", qos: 1 }],
      },
      { cmd: "unsubscribe", messageId: 3, unsubscriptions: ["t/#"] },
    );
    await useEverything(broker);
    assertEquals((await victim.expect("puback")).reasonCode, 0x87);
    assertEquals((await victim.expect("suback")).granted, [0x87]);
    assertEquals((await victim.expect("unsuback")).granted, [0x87]);
    await victim.send({ cmd: "disconnect" });
    await eventually(() => broker.context.getSession("victim") === undefined);
    await reader.ping();
    assertEquals(reader.unread, 0);
    // Four times of the victim, and with each message for the reader.
    await eventually(() => failures(broker) === 4 + 5);
  });
}
