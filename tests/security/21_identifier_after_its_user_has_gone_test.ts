/** Class 21: what a client identifier had when it belonged to somebody else. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { lasting, VERSIONS } from "./_attack.ts";

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: a new user of an identifier has no subscription, message, unreleased identifier or attribute of the old one`, async () => {
    await using broker = await startBroker({ clientIdConflict: "fresh" });
    const alice = { ...lasting(version), clientId: "c", username: "alice" };
    const first = await TestClient.connect(broker, {
      ...alice,
      will: { topic: "w", payload: "of alice" as never, qos: 1, retain: false },
    });
    await first.subscribe("t", 2);
    broker.context.publish("t", "in flight", { qos: 1 });
    await first.expect("publish");
    await first.send({
      cmd: "publish",
      topic: "x",
      payload: "",
      qos: 2,
      messageId: 1,
      dup: false,
      retain: false,
    });
    await first.expect("pubrec");
    broker.context.getSession("c")?.attributes.set("plugin.token", "secret");
    await using reader = await TestClient.connect(broker);
    await reader.subscribe("w", 1);
    await first.close();
    await gone(broker, "c");
    assertEquals(await reader.message(), "w: of alice");
    broker.context.publish("t", "queued", { qos: 1 });

    await using bob = await TestClient.connect(broker, {
      ...alice,
      username: "bob",
    });
    await bob.ping();
    const session = broker.context.getSession("c")!;
    assertEquals([...session.attributes], []);
    assertEquals(session.username, "bob");
    assertEquals(session.will, undefined);
    const { subscriptions, inflightIn, inflightOut, queued } = broker.context
      .stats();
    // The reader's subscription, and its message.
    assertEquals([subscriptions, inflightIn, inflightOut, queued], [
      1,
      0,
      1,
      0,
    ]);
    // A message of the same identifier is a new one.
    await reader.subscribe("x", 2);
    await bob.send({
      cmd: "publish",
      topic: "x",
      payload: "of bob",
      qos: 2,
      messageId: 1,
      dup: false,
      retain: false,
    });
    assertEquals(await reader.message(), "x: of bob");
    // The will of alice does not come with the end of bob.
    await bob.close();
    await gone(broker, "c");
    await reader.ping();
  });
}
