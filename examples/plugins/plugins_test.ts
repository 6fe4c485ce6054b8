/** The example plugins do what they say, for clients of MQTT 3.1.1 and 5. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime, TestBroker } from "@dinomq/broker/testing";
import AuditLog from "./audit_log.ts";
import DelayedPublish from "./delayed_publish.ts";
import ExclusiveSubscription from "./exclusive_subscription.ts";
import GeoFence from "./geo_fence.ts";
import HomeAssistant from "./home_assistant.ts";
import JsonSchema from "./json_schema.ts";
import LastSeen from "./last_seen.ts";
import PayloadTransform from "./payload_transform.ts";
import RateLimit from "./rate_limit.ts";
import TopicRewrite from "./topic_rewrite.ts";

function start(plugin: unknown, options?: unknown): Promise<TestBroker> {
  return TestBroker.start({ plugins: [{ plugin, options }] });
}

Deno.test("rate_limit counts all clients of a user, and forgets", async () => {
  using time = new FakeTime();
  await using broker = await start(RateLimit, {
    messagesPerSecond: 1,
    burst: 2,
  });
  const first = await broker.connect({ username: "alice" });
  const second = await broker.connect({ username: "alice" });
  const other = await broker.connect({ username: "bob" });
  assertEquals(await first.publish("a", "1"), 0x10);
  assertEquals(await second.publish("a", "2"), 0x10);
  assertEquals(await first.publish("a", "3"), 0x97);
  assertEquals(await other.publish("a", "1"), 0x10);
  await time.tick(1000);
  assertEquals(await second.publish("a", "4"), 0x10);
  assertEquals(await second.publish("a", "5"), 0x97);
});

Deno.test("geo_fence asks where an address is, and keeps the answer", async () => {
  const asked: string[] = [];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      const address = new URL(request.url).pathname.slice(1);
      asked.push(address);
      if (address === "192.0.2.3") return new Response("", { status: 500 });
      return new Response(address === "192.0.2.1" ? "NL" : "FR");
    },
  );
  await using broker = await TestBroker.start({
    plugins: [{
      plugin: GeoFence,
      options: {
        url: `http://127.0.0.1:${server.addr.port}`,
        countries: ["NL"],
      },
    }],
    allowAnonymous: true,
  });
  const code = async (remoteAddress: string) =>
    (await broker.connect({ remoteAddress })).code;
  assertEquals(await code("192.0.2.1"), 0);
  assertEquals(await code("192.0.2.1"), 0);
  assertEquals(await code("192.0.2.2"), 0x87);
  assertEquals(await code("192.0.2.3"), 0x87);
  assertEquals(asked, ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
});

Deno.test("geo_fence alone lets nobody in", async () => {
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("NL"),
  );
  await using broker = await start(GeoFence, {
    url: `http://127.0.0.1:${server.addr.port}`,
    countries: ["NL"],
  });
  assertEquals((await broker.connect()).code, 0x87);
});

Deno.test("json_schema refuses what is not as its topic demands", async () => {
  await using broker = await start(JsonSchema, {
    schemas: {
      "sensors/+/temperature": {
        type: "object",
        required: ["celsius"],
        properties: { celsius: { type: "number" } },
      },
    },
  });
  const client = await broker.connect();
  await client.subscribe("#");
  assertEquals(await client.publish("sensors/a/temperature", "?"), 0x99);
  assertEquals(await client.publish("sensors/a/temperature", "{}"), 0x99);
  assertEquals(await client.publish("sensors/a/other", "?"), 0);
  const old = await broker.connect({ version: 4 });
  await old.publish("sensors/a/temperature", "{}");
  await old.publish("sensors/a/temperature", '{"celsius":21}');
  assertEquals((await client.received()).map(({ text }) => text), [
    "?",
    '{"celsius":21}',
  ]);
});

for (const version of [4, 5] as const) {
  Deno.test(`topic_rewrite leads both sides to the new name, for level ${version}`, async () => {
    await using broker = await start(TopicRewrite, {
      rules: [{ from: "^tele/([^/]+)/SENSOR$", to: "home/$1/sensor" }],
    });
    const client = await broker.connect({ version });
    await client.subscribe("tele/+/SENSOR");
    await client.subscribe("$share/g/tele/x/SENSOR");
    assertEquals(
      [...broker.context.subscriptions()].map(({ filter }) => filter),
      ["home/+/sensor", "$share/g/home/x/sensor"],
    );
    await client.publish("tele/lamp/SENSOR", "on");
    await client.publish("other", "-");
    const { topic, text } = await client.receive();
    assertEquals([topic, text], ["home/lamp/sensor", "on"]);
    assertEquals(await client.unsubscribe("tele/+/SENSOR"), 0);
    await client.publish("tele/lamp/SENSOR", "off");
    assertEquals(await client.received(), []);
  });
}

Deno.test("topic_rewrite refuses a rule that is no regular expression", async () => {
  await assertRejects(
    () => start(TopicRewrite, { rules: [{ from: "(", to: "x" }] }),
    Error,
    "is no regular expression",
  );
});

Deno.test("audit_log writes a line for each thing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/audit.jsonl`;
    await using broker = await TestBroker.start({
      plugins: [{ plugin: AuditLog, options: { file } }, {
        plugin: {
          authenticate: ({ session }: { session: { username?: string } }) =>
            session.username === "alice",
        },
        name: "only_alice",
      }],
    });
    const alice = await broker.connect({
      clientId: "a",
      username: "alice",
      remoteAddress: "192.0.2.7",
    });
    await alice.subscribe("x/#");
    await broker.connect({ clientId: "m", username: "mallory" });
    await alice.disconnect();
    await broker.broker.shutdown();
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assertEquals(
      lines.map(({ what, clientId }) => [what, clientId].filter(Boolean)),
      [
        ["started"],
        ["connected", "a"],
        ["subscribed", "a"],
        ["refused", "m"],
        ["disconnected", "a"],
        ["stopped"],
      ],
    );
    assertEquals(lines[1].remoteAddress, "192.0.2.7");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const version of [4, 5] as const) {
  Deno.test(`delayed_publish keeps a message for a while, of level ${version}`, async () => {
    using time = new FakeTime();
    await using broker = await start(DelayedPublish, { maxWaiting: 1 });
    const client = await broker.connect({ version });
    await client.subscribe("later");
    await client.publish("$delayed/10/later", "hello", { qos: 2 });
    await client.publish("$delayed/10/later", "one too many");
    await client.publish("$delayed/100000/later", "too late");
    await client.publish("$delayed/x/later", "no number");
    await time.tick(9999);
    assertEquals(await client.received(), []);
    await time.tick(1);
    const [message, ...others] = await client.received();
    assertEquals(
      [message.topic, message.text, message.qos],
      ["later", "hello", 2],
    );
    assertEquals(others, []);
    assert(await client.subscribe("$delayed/#") >= 0x80);
  });
}

for (const version of [4, 5] as const) {
  Deno.test(`exclusive_subscription has one owner, for level ${version}`, async () => {
    await using broker = await start(ExclusiveSubscription);
    const first = await broker.connect({ version, clientId: "first" });
    const second = await broker.connect({ version, clientId: "second" });
    assertEquals(await first.subscribe("$exclusive/a"), 2);
    const refused = version === 5 ? 0x97 : 0x80;
    assertEquals(await second.subscribe("$exclusive/a"), refused);
    assertEquals(await first.subscribe("$exclusive/a"), 2);
    await second.publish("a", "x");
    assertEquals((await first.receive()).text, "x");
    await first.unsubscribe("$exclusive/a");
    assertEquals(await second.subscribe("$exclusive/a"), 2);
    await second.disconnect();
    assertEquals(await first.subscribe("$exclusive/a"), 2);
  });
}

Deno.test("home_assistant announces sensors, and whether they are there", async () => {
  await using broker = await start(HomeAssistant, {
    sensors: [{
      client: "boiler",
      name: "Boiler",
      topic: "boiler/temperature",
      unit: "°C",
    }],
  });
  const client = await broker.connect({ version: 4 });
  await client.subscribe("homeassistant/#");
  await client.subscribe("availability/boiler");
  const topic = "homeassistant/sensor/boiler_boiler_temperature/config";
  const message = await client.receive(topic);
  assert(message.retain);
  const config = JSON.parse(message.text);
  assertEquals(config["state_topic"], "boiler/temperature");
  assertEquals(config["unit_of_measurement"], "°C");
  const boiler = await broker.connect({ clientId: "boiler" });
  assertEquals(
    (await client.receive(config["availability_topic"])).text,
    "online",
  );
  boiler.drop();
  assertEquals(
    (await client.receive(config["availability_topic"])).text,
    "offline",
  );
  await client.publish("homeassistant/status", "online");
  await client.receive(topic);
});

Deno.test("last_seen tells of clients, not too often", async () => {
  using time = new FakeTime(0);
  await using broker = await start(LastSeen, { interval: 60 });
  const client = await broker.connect({ clientId: "a" });
  const times = () => {
    const message = broker.context.retained.get("last_seen/a")!;
    return new TextDecoder().decode(message.payload);
  };
  assertEquals(times(), "1970-01-01T00:00:00.000Z");
  await time.tick(59_000);
  await client.publish("x", "");
  assertEquals(times(), "1970-01-01T00:00:00.000Z");
  await time.tick(1000);
  await client.publish("x", "");
  assertEquals(times(), "1970-01-01T00:01:00.000Z");
  await time.tick(1000);
  await client.disconnect();
  assertEquals(times(), "1970-01-01T00:01:01.000Z");
});

Deno.test("payload_transform makes JSON of numbers", async () => {
  await using broker = await start(PayloadTransform, {
    fields: { "sensors/+/temperature": "celsius" },
  });
  const client = await broker.connect();
  await client.subscribe("#");
  const device = await broker.connect({ version: 4, clientId: "d" });
  await device.publish("sensors/d/temperature", " 21.5 ");
  await device.publish("sensors/d/temperature", "broken");
  await device.publish("sensors/d/other", "21.5");
  const [first, ...others] = await client.received();
  const { celsius, client: by } = JSON.parse(first.text);
  assertEquals([celsius, by], [21.5, "d"]);
  assertEquals(first.properties?.contentType, "application/json");
  assertEquals(others.map(({ text }) => text), ["broken", "21.5"]);
});
