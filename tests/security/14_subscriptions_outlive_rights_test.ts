/** Class 14: durable subscriptions that outlive the right to them. */

import { assertEquals } from "@std/assert";
import { startBroker, TestClient } from "../_client.ts";
import { gone } from "../protocol/_helpers.ts";
import { deny, lasting, Rights, VERSIONS } from "./_attack.ts";

const PLUGINS = [{ auth_anonymous: null }, Rights];

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: who comes back keeps only what it may subscribe to today`, async () => {
    await using broker = await startBroker({ plugins: PLUGINS });
    const options = { ...lasting(version), clientId: "c" };
    const first = await TestClient.connect(broker, options);
    await first.subscribe(["secret/#", "$share/g/secret/#", "public"], 1);
    await first.close();
    await gone(broker, "c");
    using _ = deny("subscribe secret/#");
    await using back = await TestClient.connect(broker, options);
    broker.context.publish("secret/1", "x", { qos: 1 });
    broker.context.publish("public", "x", { qos: 1 });
    assertEquals(await back.message(), "public: x");
    const filters = [...broker.context.subscriptions("c")]
      .map(({ filter }) => filter);
    assertEquals(filters, ["public"]);
  });
}

Deno.test("new rules hold for those who are connected and for those who are away", async () => {
  const config = (filters: string[]) => ({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [
      { auth_anonymous: null },
      { topic_acl: { subscribeAcl: { "*": filters } } },
    ],
  });
  await using broker = await startBroker(config(["secret/#", "public"]));
  await using here = await TestClient.connect(broker, {
    version: 5,
    clientId: "here",
  });
  await here.subscribe(["secret/#", "public"], 1);
  const options = { ...lasting(5), clientId: "away" };
  const away = await TestClient.connect(broker, options);
  await away.subscribe(["secret/#", "public"], 1);
  await away.close();
  await gone(broker, "away");
  await broker.reload(config(["public"]));
  broker.context.publish("secret/1", "x", { qos: 1 });
  broker.context.publish("public", "x", { qos: 1 });
  assertEquals(await here.message(), "public: x");
  await using back = await TestClient.connect(broker, options);
  assertEquals(await back.message(), "public: x");
  await back.ping();
});
