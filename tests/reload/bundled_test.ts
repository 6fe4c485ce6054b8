/** What the bundled plugins take over when the configuration is reloaded. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Broker, type BrokerConfig, PluginError } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";

// mosquitto_passwd's hash of "correct horse".
const HASH =
  "$7$101$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==";

function config(plugins: Record<string, unknown>): BrokerConfig {
  return {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: plugins as never,
  };
}

async function login(broker: Broker, username?: string): Promise<number> {
  await using client = await TestClient.connect(broker, {
    username,
    ...username && { password: "correct horse" as never },
  });
  return client.code!;
}

async function withPasswords(
  body: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/passwords`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("auth_file reads its file again, and keeps what it has if it cannot", () =>
  withPasswords(async (passwordFile) => {
    await Deno.writeTextFile(passwordFile, `alice:${HASH}\n`);
    const present = config({ auth_file: { passwordFile } });
    await using broker = await startBroker(present);
    assertEquals([await login(broker, "alice"), await login(broker, "bob")], [
      0,
      5,
    ]);
    await Deno.writeTextFile(passwordFile, `bob:${HASH}\n`);
    assertEquals([await login(broker, "alice"), await login(broker, "bob")], [
      0,
      5,
    ]);
    assertEquals(await broker.reload(present), { restart: [] });
    assertEquals([await login(broker, "alice"), await login(broker, "bob")], [
      5,
      0,
    ]);
    await Deno.remove(passwordFile);
    const error = await assertRejects(
      () => broker.reload(present),
      PluginError,
    );
    assertStringIncludes(error.message, "there is no such file");
    assertEquals(await login(broker, "bob"), 0);
  }));

Deno.test("auth_file takes other threads and another file, while logins wait", () =>
  withPasswords(async (passwordFile) => {
    // bcrypt of cost 4.
    const bcrypt =
      "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
    await Deno.writeTextFile(passwordFile, `alice:${bcrypt}\n`);
    await using broker = await startBroker(
      config({ auth_file: { passwordFile } }),
    );
    const before = Array.from({ length: 5 }, () => login(broker, "alice"));
    const other = `${passwordFile}_2`;
    await Deno.writeTextFile(other, `bob:${bcrypt}\n`);
    await broker.reload(
      config({ auth_file: { passwordFile: other, workers: 2 } }),
    );
    await Promise.all(before);
    assertEquals(await login(broker, "alice"), 5);
    assertEquals(await login(broker, "bob"), 0);
  }));

Deno.test("auth_anonymous opens and closes the door", async () => {
  const present = (allowAnonymous: boolean) =>
    config({ auth_anonymous: { allowAnonymous } });
  await using broker = await startBroker(present(true));
  assertEquals(await login(broker), 0);
  await broker.reload(present(false));
  assertEquals(await login(broker), 5);
  await broker.reload(present(true));
  assertEquals(await login(broker), 0);
});

Deno.test("topic_acl: subscriptions, publications and what is received follow the new lists", async () => {
  const present = (acl: Record<string, unknown>) =>
    config({ auth_anonymous: null, topic_acl: acl });
  await using broker = await startBroker(present({}));
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe(["a", "b/#"]);
  assertEquals(
    await broker.reload(present({
      "subscribe-acl": { anonymous: ["b/#"] },
      "publish-acl": { anonymous: ["b/1"] },
      "receive-acl": { anonymous: ["b/1"] },
    })),
    { restart: [] },
  );
  assertEquals(
    [...broker.context.subscriptions()].map(({ filter }) => filter),
    ["b/#"],
  );
  broker.context.publish("a", "x");
  broker.context.publish("b/2", "x");
  broker.context.publish("b/1", "x");
  assertEquals(await client.message(), "b/1: x");
  assertEquals(await client.subscribe("a"), [0x87]);
  await client.send({
    cmd: "publish",
    topic: "b/2",
    payload: "x",
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  });
  assertEquals((await client.expect("puback")).reasonCode, 0x87);
  const error = await assertRejects(
    () => broker.reload(present({ "publish-acl": { anonymous: ["a/#/b"] } })),
    PluginError,
  );
  assertStringIncludes(error.message, '"a/#/b"');
  assertEquals(await client.subscribe("a"), [0x87]);
});

Deno.test("topic_taboo follows its new list", async () => {
  const present = (topics: string[]) =>
    config({ auth_anonymous: null, topic_taboo: { topics } });
  await using broker = await startBroker(present(["x"]));
  await using client = await TestClient.connect(broker, { version: 5 });
  assertEquals(await client.subscribe(["a", "x"]), [0, 0x87]);
  await broker.reload(present(["a"]));
  assertEquals([...broker.context.subscriptions()], []);
  assertEquals(await client.subscribe(["a", "x"]), [0x87, 0]);
});

Deno.test("sys takes another interval, and stops when there is none", async () => {
  const present = (sysInterval: number) =>
    config({ auth_anonymous: null, sys: { sysInterval } });
  await using broker = await startBroker(present(3600));
  await using client = await TestClient.connect(broker);
  await client.subscribe("$SYS/broker/uptime");
  await broker.reload(present(0.02));
  for (let i = 0; i < 3; i++) await client.expect("publish");
  await broker.reload(present(0));
  // An answer to this one comes after what was on its way.
  await client.send({ cmd: "pingreq" });
  while ((await client.next()).cmd !== "pingresp");
  await client.ping();
});
