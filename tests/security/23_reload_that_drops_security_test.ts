/** Class 23: a reload that goes wrong, and takes the rules with it. */

import { assertEquals, assertRejects } from "@std/assert";
import type { BrokerConfig } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { codeOf } from "./_attack.ts";

function config(plugins: unknown[]): BrokerConfig {
  return { listeners: { default: { bind: "127.0.0.1:0" } }, plugins };
}

const CLOSED = [
  { auth_anonymous: { allowAnonymous: false } },
  { topic_acl: { subscribeAcl: { "*": ["public"] } } },
];

Deno.test("a configuration that cannot be used changes nothing", async () => {
  await using broker = await startBroker(config(CLOSED));
  await using client = await TestClient.connect(broker, {
    version: 5,
    username: "me",
  });
  const broken: BrokerConfig[] = [
    config([
      { auth_anonymous: { allowAnonymous: true } },
      { topic_acl: { subscribeAcl: { "*": ["a/#/b"] } } },
    ]),
    config([
      { auth_anonymous: { allowAnonymous: "perhaps" } },
      { topic_acl: {} },
    ]),
    { ...config([{ auth_anonymous: null }]), maxConnections: "many" as never },
  ];
  for (const next of broken) {
    await assertRejects(() => broker.reload(next));
    assertEquals(await codeOf(broker, { version: 5 }), 0x87);
    assertEquals(await client.subscribe(["secret", "public"]), [0x87, 0]);
  }
});

Deno.test("new rules hold at once, without a moment in which none do", async () => {
  await using broker = await startBroker(config(CLOSED));
  await using client = await TestClient.connect(broker, {
    version: 5,
    username: "me",
  });
  let stopped = false;
  const granted = new Set<number>();
  const trying = (async () => {
    while (!stopped) {
      for (const code of await client.subscribe(["secret", "#"])) {
        granted.add(code);
      }
    }
  })();
  for (let i = 0; i < 10; i++) {
    await broker.reload(config([
      { auth_anonymous: { allowAnonymous: false } },
      { topic_acl: { subscribeAcl: { "*": ["public", `${i}`] } } },
    ]));
    assertEquals(await codeOf(broker, { version: 5 }), 0x87);
  }
  stopped = true;
  await trying;
  assertEquals([...granted], [0x87]);
});
