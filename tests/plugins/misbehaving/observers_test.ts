import { assert, assertEquals } from "@std/assert";
import { EVENT_NAMES } from "../../../plugins/plugin_class.ts";
import { eventually, TestClient } from "../../_client.ts";
import { publish } from "../../protocol/_helpers.ts";
import { brokerWith, failures, useEverything, WAYS } from "./_helpers.ts";

for (const [way, act] of WAYS) {
  Deno.test(`nobody notices a plugin that ${way} at every event`, async () => {
    // The broker waits for those of its life cycle: another test is about them.
    const names = EVENT_NAMES.filter((name) => !/Pre|Post/.test(name));
    const plugin = Object.fromEntries(names.map((name) => [name, act]));
    const broker = await brokerWith([plugin]);
    await useEverything(broker);
    const before = failures(broker);
    assert(way === "never answers" || before > 10, `${before} failures`);
    await broker.shutdown();
  });

  Deno.test(`a broker starts and stops with a plugin that ${way} while it does`, async () => {
    const names = ["onBrokerPreShutdown", "onBrokerPostShutdown", "close"];
    // The start waits for a promise; half a minute would be too long for a test.
    if (way !== "never answers") {
      names.push("onBrokerPreStart", "onBrokerPostStart");
    }
    const called = new Set<string>();
    const call = (name: string) => {
      called.add(name);
      return act();
    };
    const broker = await brokerWith([
      Object.fromEntries(names.map((name) => [name, () => call(name)])),
    ]);
    await useEverything(broker);
    await broker.shutdown();
    // Who has not answered yet is not told of the end.
    if (way === "never answers") called.add("onBrokerPostShutdown");
    assertEquals([...called].sort(), names.sort());
  });
}

Deno.test("nobody notices a plugin that takes its time; it gets its events in order, as many as may wait", async () => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => open = resolve);
  const heard: string[] = [];
  const slow = {
    async onBrokerMessageReceived({ message }: { message: { topic: string } }) {
      // It keeps whatever it gets, for ever.
      await gate;
      heard.push(message.topic);
    },
  };
  await using broker = await brokerWith([slow]);
  await using writer = await TestClient.connect(broker);
  await using reader = await TestClient.connect(broker);
  await reader.subscribe("n/#");
  const count = 5000;
  for (let n = 0; n < count; n += 100) {
    await writer.send(
      ...Array.from({ length: 100 }, (_, i) => publish(`n/${n + i}`, "x")),
    );
  }
  for (let n = 0; n < count; n++) {
    assertEquals(await reader.message(), `n/${n}: x`);
  }
  const { dropped } = broker.describePlugins()[1];
  open();
  await eventually(() => heard.length === count - dropped);
  assert(dropped > count / 2, `${dropped} dropped`);
  assertEquals(heard.at(-1), `n/${count - 1}`);
});
