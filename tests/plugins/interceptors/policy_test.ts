/** What a configuration says about a plugin goes for its interceptors, too: time limits, fallbacks, and how plugins are exchanged. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { BrokerConfig } from "../../../mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import { MemoryLogger } from "../manager_support.ts";
import { forVersions } from "./_helpers.ts";
import { TRIGGERS } from "./_triggers.ts";

// Longer than any test: what ends sooner ends by a time limit of its own.
const PATIENT = { pluginTimeout: 600 };

for (const [hook, trigger] of Object.entries(TRIGGERS)) {
  forVersions(
    `rule 3: ${hook} that fails is what its fallback says: broken, too slow, left alone`,
    async (version) => {
      for (const fallback of ["deny", "allow"] as const) {
        let asked = 0;
        const plugin = {
          [hook]: () => {
            if (++asked === 1) throw new Error("broken");
            return new Promise(() => {});
          },
        };
        await using broker = await startBroker({
          ...PATIENT,
          plugins: ["auth_anonymous", {
            plugin,
            timeout: { [hook]: 0.02 },
            fallback: { [hook]: fallback },
            "circuit-breaker": { failures: 2, open: 600 },
          }] as BrokerConfig["plugins"],
        });
        for (let i = 0; i < 4; i++) {
          assertEquals(await trigger(broker, version), fallback === "allow");
        }
        // From the third on it was not asked any more.
        assertEquals(asked, 2);
        assertEquals(broker.describePlugins()[1].failures, 2);
      }
    },
  );

  // Nobody waits for it.
  if (hook === "interceptRetain") continue;
  Deno.test(`a plugin that is replaced is closed when the chain of ${hook} has ended`, async () => {
    const seen: string[] = [];
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<undefined>();
    const slow = {
      [hook]: () => (asked.resolve(), answer.promise),
    };
    const last = {
      [hook]: () => void seen.push("asked"),
      close: () => void seen.push("closed"),
    };
    await using broker = await startBroker({
      ...PATIENT,
      plugins: [
        "auth_anonymous",
        slow,
        { plugin: last, name: "last" },
      ] as BrokerConfig["plugins"],
    });
    const going = trigger(broker, 5);
    await asked.promise;
    const replacing = broker.replacePlugin("last", {
      plugin: { onBrokerConfigReloaded: () => {} },
      name: "next",
    });
    await eventually(() => broker.describePlugins()[2].name === "next");
    assertEquals(seen, []);
    answer.resolve(undefined);
    assert(await going);
    await replacing;
    assertEquals(seen, ["asked", "closed"]);
  });
}

Deno.test("rule 3: an interceptor is waited for so many times at once, and the others wait", async () => {
  const answers: PromiseWithResolvers<undefined>[] = [];
  const plugin = {
    interceptSubscribe: () => {
      const answer = Promise.withResolvers<undefined>();
      answers.push(answer);
      return answer.promise;
    },
  };
  await using broker = await startBroker({
    ...PATIENT,
    plugins: ["auth_anonymous", {
      plugin,
      concurrency: 1,
    }] as BrokerConfig["plugins"],
  });
  await using one = await TestClient.connect(broker);
  await using two = await TestClient.connect(broker);
  const first = one.subscribe("a");
  await eventually(() => answers.length === 1);
  const second = two.subscribe("b");
  // The connection of the second waits for its turn: the broker serves others.
  await using other = await TestClient.connect(broker);
  await other.ping();
  assertEquals(answers.length, 1);
  answers[0].resolve(undefined);
  assertEquals(await first, [0]);
  await eventually(() => answers.length === 2);
  answers[1].resolve(undefined);
  assertEquals(await second, [0]);
});

Deno.test("rule 3: the others of a chain are asked when one falls back to allow, and see what it saw", async () => {
  const logger = new MemoryLogger();
  await using broker = await startBroker({
    ...PATIENT,
    plugins: [
      "auth_anonymous",
      { interceptPublish: () => ({ topic: "first" }) },
      {
        plugin: {
          interceptPublish: () => Promise.reject(new Error("out of order")),
        },
        name: "broken",
        fallback: { interceptPublish: "allow" },
      },
      {
        interceptPublish: ({ message }: { message: { topic: string } }) => ({
          topic: `${message.topic}/last`,
        }),
      },
    ] as BrokerConfig["plugins"],
  }, logger);
  await using client = await TestClient.connect(broker);
  await client.subscribe("#");
  await using writer = await TestClient.connect(broker);
  await writer.publish("a", "x");
  assertEquals(await client.message(), "first/last: x");
  assertStringIncludes(
    logger.text,
    'The plugin "broken" failed in interceptPublish(): out of order',
  );
});
