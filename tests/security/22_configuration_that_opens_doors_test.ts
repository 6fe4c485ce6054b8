/** Class 22: a configuration that is wrong, empty or missing, and lets everybody in. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { resolveConfig } from "../../broker/config/mod.ts";
import { Broker, type BrokerConfig, silentLogger } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { codeOf, makeFolder, VERSIONS } from "./_attack.ts";

const ANONYMOUS = { "auth_anonymous": null };

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("without an authentication plugin, or with one that lets nobody in, nobody gets in", async () => {
  const configs: NonNullable<BrokerConfig["plugins"]>[] = [
    [],
    {},
    ["sys"],
    [{ auth_anonymous: { allowAnonymous: false } }],
    [{ auth_file: null }],
    [{ auth_file: { passwordFile: null } }],
    [{ topic_acl: {} }],
  ];
  for (const plugins of configs) {
    await using broker = await startBroker({ plugins });
    for (const version of VERSIONS) {
      assertEquals(await codeOf(broker, { version }), version === 5 ? 0x87 : 5);
    }
  }
});

Deno.test("an ACL that is empty allows nothing, nor does an empty list", async () => {
  for (const acl of [{}, { "*": [] }, { somebody: ["#"] }]) {
    await using broker = await startBroker({
      plugins: [ANONYMOUS, {
        topic_acl: { subscribeAcl: acl, publishAcl: acl },
      }],
    });
    await using client = await TestClient.connect(broker, {
      version: 5,
      username: "me",
    });
    assertEquals(await client.subscribe(["a", "#"]), [0x87, 0x87]);
    await client.send({
      cmd: "publish",
      topic: "a",
      payload: "x",
      qos: 1,
      messageId: 9,
      dup: false,
      retain: true,
    });
    assertEquals((await client.expect("puback")).reasonCode, 0x87);
    assertEquals(broker.context.retained.size, 0);
  }
});

Deno.test("a plugin that cannot do its work keeps the broker from opening a port", async () => {
  await using folder = await makeFolder();
  const broken: NonNullable<BrokerConfig["plugins"]>[] = [
    [ANONYMOUS, "topic_acll"],
    [ANONYMOUS, { topic_acl: { subscribeAcl: { "*": ["a/#/b"] } } }],
    [ANONYMOUS, { topic_acl: { subscribe: {} } }],
    [ANONYMOUS, { topic_acl: { subscribeAcl: ["a"] } }],
    [{ auth_file: { passwordFile: `${folder.path}/missing` } }],
    [{ auth_file: { passwordFile: folder.path } }],
    [{ auth_file: { passwordfile2: "x" } }],
    [{ auth_anonymous: { allowAnonymous: "maybe" } }],
    [ANONYMOUS, "./missing.ts"],
    [
      class {
        constructor() {
          throw new Error("broken");
        }
      },
    ],
  ];
  for (const plugins of broken) {
    const port = freePort();
    const broker = new Broker({
      listeners: { default: { bind: `127.0.0.1:${port}` } },
      plugins,
    }, { logger: silentLogger });
    await assertRejects(() => broker.start());
    await assertRejects(
      () => Deno.connect({ hostname: "127.0.0.1", port }),
      Deno.errors.ConnectionRefused,
    );
  }
});

Deno.test("keys and values that are not understood are errors, not defaults", () => {
  const wrong: Record<string, unknown>[] = [
    { plugin: [] },
    { plugins: "auth_anonymous" },
    { "auth-policy": "any" },
    { maxConnections: -5 },
    { clientIdConflict: "allow" },
    { listeners: { default: { clientCertificate: "require" } } },
    { listeners: { default: { ssl: "maybe" } } },
    { listeners: { default: { ssl: true } } },
    { listeners: { default: { origins: "https://a.example" } } },
    { listeners: { default: { proxyProtocol: true } } },
    { allowDollarPublish: "sometimes" },
    { auth: { "allow-anonymous": "perhaps" } },
  ];
  for (const config of wrong) assertThrows(() => new Broker(config));
});

Deno.test("without a configuration only this machine can connect", () => {
  const { listeners } = resolveConfig(undefined);
  assertEquals(listeners.map(({ hostname }) => hostname), ["127.0.0.1"]);
});
