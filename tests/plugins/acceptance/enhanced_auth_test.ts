import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Packet } from "../../../codec/mod.ts";
import type { Broker } from "../../../mod.ts";
import type {
  EnhancedAuthEvent,
  EnhancedAuthResult,
} from "../../../plugins/mod.ts";
import {
  type ConnectOptions,
  connectPacket,
  type PacketOf,
  startBroker,
  TestClient,
} from "../../_client.ts";
import { Recorder } from "./recorder.ts";

const CONTINUE = 0x18;
const REAUTHENTICATE = 0x19;
const text = new TextDecoder();
const bytes = new TextEncoder();

/** Knows the method RIDDLE: asks, and wants to hear "nothing". */
class Riddle {
  readonly events: EnhancedAuthEvent[] = [];

  authenticate(): boolean {
    return false;
  }

  enhancedAuthenticate(
    event: EnhancedAuthEvent,
  ): EnhancedAuthResult | Promise<EnhancedAuthResult> {
    this.events.push(event);
    const { method, step, data } = event;
    if (method !== "RIDDLE") return;
    const heard = text.decode(data);
    if (step === 1) {
      const question = `${heard}: what have I got?`;
      return { result: "continue", data: bytes.encode(question) };
    }
    if (heard === "nothing") {
      return Promise.resolve({ result: "success", data: bytes.encode("yes") });
    }
    if (heard === "crash") throw new Error("broken");
    if (heard === "sleep") return new Promise(() => {});
    if (heard === "banned") return { allow: false, reasonCode: 0x8a };
    return false;
  }
}

Deno.test("enhanced authentication in two steps lets the client in", async () => {
  const riddle = new Riddle();
  const recorder = new Recorder();
  await using broker = await startBroker({ plugins: [riddle, recorder] });
  await using client = await begin(broker, "RIDDLE", { clientId: "bilbo" });
  assertEquals(await challenge(client), [
    CONTINUE,
    "RIDDLE",
    "bilbo: what have I got?",
  ]);
  assertEquals([...broker.context.sessions], []);
  await answer(client, CONTINUE, "nothing");
  const connack = await client.expect("connack");
  assertEquals(connack.reasonCode, 0);
  assertEquals(connack.properties?.authenticationMethod, "RIDDLE");
  assertEquals(`${connack.properties?.authenticationData}`, "yes");
  assertEquals(await client.subscribe("a", 1), [1]);
  broker.context.publish("a", "hello");
  assertEquals(await client.message(), "a: hello");
  assertEquals(
    riddle.events.map(({ step, reauthentication, session }) => [
      step,
      reauthentication,
      session.clientId,
    ]),
    [[1, false, "bilbo"], [2, false, "bilbo"]],
  );
  const commands = (name: "onMqttPacketReceived" | "onMqttPacketSent") =>
    recorder.all(name).map(({ packet }) => packet.cmd).slice(0, 2);
  assertEquals(commands("onMqttPacketReceived"), ["connect", "auth"]);
  assertEquals(commands("onMqttPacketSent"), ["auth", "connack"]);
});

for (
  const [said, code] of [
    ["wrong", 0x87],
    ["crash", 0x87],
    ["sleep", 0x87],
    ["banned", 0x8a],
  ] as const
) {
  Deno.test(`enhanced authentication that fails (${said}) refuses the client with ${code}`, async () => {
    await using broker = await startBroker({
      plugins: [new Riddle()],
      pluginTimeout: 0.1,
    });
    await using earlier = await begin(broker, "RIDDLE", { clientId: "same" });
    await challenge(earlier);
    await answer(earlier, CONTINUE, "nothing");
    await earlier.expect("connack");

    await using client = await begin(broker, "RIDDLE", { clientId: "same" });
    await challenge(client);
    await answer(client, CONTINUE, said);
    assertEquals((await client.expect("connack")).reasonCode, code);
    await client.closed();
    // A refused client changes nothing of a session.
    await earlier.ping();
    assertEquals(broker.context.getSession("same")?.connected, true);
  });
}

Deno.test("a method that no plugin knows refuses the client with 0x8C", async () => {
  for (const plugins of [[new Riddle()], ["auth_anonymous"]]) {
    await using broker = await startBroker({ plugins });
    await using client = await begin(broker, "POETRY");
    assertEquals((await client.expect("connack")).reasonCode, 0x8c);
    await client.closed();
  }
});

Deno.test("a client that sends anything but AUTH during the exchange is cut off", async () => {
  await using broker = await startBroker({ plugins: [new Riddle()] });
  const packets: Packet[] = [
    { cmd: "pingreq" },
    { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "a", qos: 0 }] },
    connectPacket({ version: 5 }),
  ];
  for (const packet of packets) {
    await using client = await begin(broker, "RIDDLE");
    await challenge(client);
    await client.send(packet);
    await client.closed();
    // What may come is a refusal.
    const last = await client.next().catch(() => undefined);
    assertEquals(last?.cmd === "connack" ? last.reasonCode : 0x82, 0x82);
  }
  await using other = await begin(broker, "RIDDLE");
  await challenge(other);
  await answer(other, CONTINUE, "nothing", "POETRY");
  await other.closed();
  assertEquals([...broker.context.sessions], []);
});

Deno.test("a client that gives up during the exchange leaves nothing", async () => {
  await using broker = await startBroker({ plugins: [new Riddle()] });
  await using client = await begin(broker, "RIDDLE");
  await challenge(client);
  await client.disconnect();
  assertEquals([...broker.context.sessions], []);
  assertEquals(broker.context.stats().clientsConnected, 0);
});

Deno.test("a client authenticates itself again while messages go on", async () => {
  const riddle = new Riddle();
  await using broker = await startBroker({ plugins: [riddle] });
  await using client = await begin(broker, "RIDDLE");
  await challenge(client);
  await answer(client, CONTINUE, "nothing");
  await client.expect("connack");
  await client.subscribe("a", 1);

  await answer(client, REAUTHENTICATE, "again");
  assertEquals(await challenge(client), [
    CONTINUE,
    "RIDDLE",
    "again: what have I got?",
  ]);
  broker.context.publish("a", "meanwhile");
  assertEquals(await client.message(), "a: meanwhile");
  // The exchange does not stop other packets.
  await client.ping();
  await answer(client, CONTINUE, "nothing");
  assertEquals(await challenge(client), [0, "RIDDLE", "yes"]);
  await client.ping();
  assertEquals(
    riddle.events.map(({ step, reauthentication }) => [step, reauthentication]),
    [[1, false], [2, false], [1, true], [2, true]],
  );
});

Deno.test("a client that fails to authenticate itself again is disconnected with 0x87", async () => {
  await using broker = await startBroker({ plugins: [new Riddle()] });
  await using client = await begin(broker, "RIDDLE");
  await challenge(client);
  await answer(client, CONTINUE, "nothing");
  await client.expect("connack");
  await answer(client, REAUTHENTICATE, "again");
  await challenge(client);
  await answer(client, CONTINUE, "wrong");
  assertEquals((await client.expect("disconnect")).reasonCode, 0x87);
  await client.closed();
});

Deno.test("AUTH out of place is a protocol error", async () => {
  await using broker = await startBroker({
    plugins: [new Riddle(), { authenticate: () => true }],
    authPolicy: "first",
  });
  const connected = async (): Promise<TestClient> => {
    const client = await begin(broker, "RIDDLE");
    await challenge(client);
    await answer(client, CONTINUE, "nothing");
    await client.expect("connack");
    return client;
  };
  for (
    const [reasonCode, method] of [
      [REAUTHENTICATE, "POETRY"],
      [CONTINUE, "RIDDLE"],
    ] as const
  ) {
    await using client = await connected();
    await answer(client, reasonCode, "x", method);
    assertEquals((await client.expect("disconnect")).reasonCode, 0x82);
    await client.closed();
  }
});

Deno.test("AUTH of a client that named no method is a protocol error", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker, { version: 5 });
  await answer(client, REAUTHENTICATE, "x");
  assertEquals((await client.expect("disconnect")).reasonCode, 0x82);
  await assertRejects(() => client.ping());
});

Deno.test("packets behind the last AUTH wait for the CONNACK", async () => {
  const gate = Promise.withResolvers<boolean>();
  await using broker = await startBroker({
    plugins: [new Riddle(), {
      topicFiltering: ({ topic }: { topic: string }) =>
        topic === "will" ? gate.promise : true,
    }],
  });
  await using client = await begin(broker, "RIDDLE", {
    will: { topic: "will", payload: "gone" as never, qos: 0, retain: false },
  });
  await challenge(client);
  await client.send(authPacket(CONTINUE, "nothing"), { cmd: "pingreq" });
  // Another client makes sure that both packets have arrived.
  await using other = await begin(broker, "POETRY");
  await other.expect("connack");
  gate.resolve(true);
  assertEquals((await client.expect("connack")).reasonCode, 0);
  await client.expect("pingresp");
});

async function begin(
  broker: Broker,
  method: string,
  options: ConnectOptions = {},
): Promise<TestClient> {
  const client = await TestClient.open(broker, 5);
  const packet = connectPacket({ ...options, version: 5 });
  await client.send({
    ...packet,
    properties: {
      authenticationMethod: method,
      authenticationData: Buffer.from(packet.clientId),
    },
  });
  return client;
}

async function challenge(client: TestClient): Promise<unknown[]> {
  const { reasonCode, properties } = await client.expect("auth");
  return [
    reasonCode,
    properties?.authenticationMethod,
    `${properties?.authenticationData}`,
  ];
}

function authPacket(
  reasonCode: number,
  data: string,
  method = "RIDDLE",
): PacketOf<"auth"> {
  return {
    cmd: "auth",
    reasonCode,
    properties: {
      authenticationMethod: method,
      authenticationData: Buffer.from(data),
    },
  };
}

async function answer(
  client: TestClient,
  reasonCode: number,
  data: string,
  method?: string,
): Promise<void> {
  await client.send(authPacket(reasonCode, data, method));
}
