/** Class 41: names that mean something to JavaScript: `__proto__` and its like. */

import { assertEquals } from "@std/assert";
import { Broker, loadConfig, silentLogger } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { gone, publish } from "../protocol/_helpers.ts";
import { ARGON2, PASSWORD } from "../plugins/bundled/_passwords.ts";
import {
  assertServes,
  codeOf,
  lasting,
  makeFolder,
  VERSIONS,
} from "./_attack.ts";

const NAMES = [
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "length"],
  ...["hasOwnProperty", "__defineGetter__", "then", "toJSON", "0", "undefined"],
];

/** What all objects have; whatever a test adds to it is a way in. */
const PRISTINE = Reflect.ownKeys(Object.prototype);

function assertPristine(): void {
  assertEquals(Reflect.ownKeys(Object.prototype), PRISTINE);
}

async function startFrom(file: string): Promise<Broker> {
  const broker = new Broker(await loadConfig(file), { logger: silentLogger });
  await broker.start();
  return broker;
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: such clients, users, topics and groups are like any other`, async () => {
    await using broker = await startBroker({
      plugins: ["auth_anonymous", "event_logger", "packet_logger"],
      maxSessionsPerUser: 2,
      maxLoginFailuresPerUser: 3,
      flappingLimit: 100,
    });
    for (const name of NAMES) {
      const options = { ...lasting(version), clientId: name, username: name };
      const client = await TestClient.connect(broker, {
        ...options,
        will: {
          topic: `will/${name}`,
          payload: name as never,
          qos: 1,
          retain: true,
        },
      });
      assertEquals([client.code, client.connack?.sessionPresent], [0, false]);
      const filters = [name, `${name}/#`, `$share/${name}/shared/${name}`];
      assertEquals(await client.subscribe(filters, 1), [1, 1, 1]);
      await client.send(
        publish(name, "1", { retain: true }),
        publish(`${name}/${name}`, "2"),
        publish(`shared/${name}`, "3"),
      );
      const got = [];
      for (let i = 0; i < 3; i++) got.push(await client.message());
      // `a/#` selects `a` too, and a client gets a message once.
      assertEquals(got, [
        `${name}: 1`,
        `${name}/${name}: 2`,
        `shared/${name}: 3`,
      ]);
      assertEquals(broker.context.retained.get(name)?.topic, name);
      await client.close();
      await gone(broker, name);
      assertEquals(
        broker.context.retained.get(`will/${name}`)?.topic,
        `will/${name}`,
      );
      await using back = await TestClient.connect(broker, options);
      assertEquals(back.code, 0);
      if (version > 3) assertEquals(back.connack?.sessionPresent, true);
      assertEquals(broker.context.getSession(name)?.username, name);
    }
    // Those that were never there are not.
    assertEquals(broker.context.getSession("isPrototypeOf"), undefined);
    assertEquals(broker.context.retained.get("isPrototypeOf"), undefined);
    assertPristine();
    await assertServes(broker);
  });
}

Deno.test("user properties of such names pass unchanged, and set nothing", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", "event_logger", "packet_logger"],
  });
  await using client = await TestClient.connect(broker, { version: 5 });
  await client.subscribe("t");
  const texts = NAMES.flatMap((name) => [text(name), text("polluted")]);
  const body = texts.flatMap((bytes, i) => i % 2 ? bytes : [0x26, ...bytes]);
  const length = [0x80 | body.length & 127, body.length >> 7];
  const rest = [...text("t"), ...length, ...body];
  await client.raw([
    0x30,
    ...[0x80 | rest.length & 127, rest.length >> 7],
    ...rest,
  ]);
  const { properties } = await client.expect("publish");
  const names = Object.keys(properties?.userProperties ?? {});
  // What mqtt-packet makes of them in the test is its own matter.
  assertEquals(names.includes("constructor"), true);
  assertPristine();
});

function text(value: string): number[] {
  return [0, value.length, ...new TextEncoder().encode(value)];
}

Deno.test("such a user has no rights, and no password, that nobody gave", async () => {
  await using folder = await makeFolder();
  const passwordFile = `${folder.path}/passwords`;
  await Deno.writeTextFile(passwordFile, `alice:${ARGON2}\n`);
  await using broker = await startBroker({
    plugins: [
      { auth_file: { passwordFile } },
      { topic_acl: { subscribeAcl: { alice: ["#"] } } },
    ],
    maxLoginFailuresPerAddress: 0,
  });
  for (const name of NAMES) {
    const password = PASSWORD as never;
    const code = await codeOf(broker, { version: 5, username: name, password });
    assertEquals(code, 0x87, name);
  }
  await using open = await startBroker({
    plugins: [
      { auth_anonymous: null },
      { topic_acl: { subscribeAcl: { alice: ["#"] }, publishAcl: {} } },
    ],
  });
  for (const name of NAMES) {
    await using client = await TestClient.connect(open, {
      version: 5,
      username: name,
      clientId: name,
    });
    assertEquals(await client.subscribe(["#", name, "x"]), [0x87, 0x87, 0x87]);
    await client.send(publish(name, "x", { qos: 1, messageId: 1 }));
    assertEquals((await client.expect("puback")).reasonCode, 0x87);
  }
});

Deno.test("a user of such a name has the rights that were given to it", async () => {
  await using folder = await makeFolder();
  const file = `${folder.path}/broker.yaml`;
  await Deno.writeTextFile(
    file,
    `listeners:
  default:
    bind: 127.0.0.1:0
plugins:
  auth_anonymous:
  topic_acl:
    subscribe-acl:
      valueOf: [mine]
      toString: [mine]
`,
  );
  await using broker = await startFrom(file);
  for (const name of NAMES) {
    await using client = await TestClient.connect(broker, {
      version: 5,
      username: name,
    });
    const expected = ["valueOf", "toString"].includes(name) ? 0 : 0x87;
    assertEquals(await client.subscribe("mine"), [expected], name);
  }
  assertPristine();
});

Deno.test("__proto__ in a configuration opens nothing", async () => {
  await using folder = await makeFolder();
  const files = {
    "broker.yaml": `listeners:
  default:
    bind: 127.0.0.1:0
plugins:
  auth_anonymous:
    __proto__: { allow-anonymous: true }
    allow-anonymous: false
`,
    "broker.json": JSON.stringify({
      listeners: { default: { bind: "127.0.0.1:0" } },
      plugins: { auth_anonymous: { "allow-anonymous": false } },
    }).replace("{", '{"__proto__":{"plugins":{"auth_anonymous":null}},'),
  };
  for (const [name, content] of Object.entries(files)) {
    const file = `${folder.path}/${name}`;
    await Deno.writeTextFile(file, content);
    let code: number | undefined;
    try {
      await using broker = await startFrom(file);
      code = await codeOf(broker, { version: 5 });
    } catch {
      // It may also be refused.
      code = 0x87;
    }
    assertEquals(code, 0x87, name);
    assertPristine();
  }
});
