/** Bridges to mosquitto and to other brokers of ours, with restarts of either side. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { makeCertificates } from "../../_certificates.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { freePort } from "../../_ports.ts";
import {
  bridged,
  publish,
  startWithBridge,
  statusOf,
  until,
  Watcher,
} from "./_bridge.ts";
import { RecordingLogger } from "./_context.ts";
import { startMosquitto } from "./_mosquitto.ts";

interface Counters {
  sent: number;
  received: number;
  waiting: number;
  dropped: Record<string, number>;
}

for (const version of ["5", "3.1.1"]) {
  Deno.test(`bridge ${version}: messages go both ways, renamed, and none comes back`, async () => {
    await using peer = await startMosquitto();
    const topics = [
      { "pattern": "up/#", "direction": "out", "remote-prefix": "site/1/" },
      {
        "pattern": "down/#",
        "direction": "in",
        "remote_prefix": "site/1/",
        "localPrefix": "from/peer/",
      },
      { "pattern": "chat/#" },
    ];
    const url = `mqtt://127.0.0.1:${peer.port}`;
    await using broker = await startWithBridge(url, topics, { version });
    await bridged(broker);
    await using here = await Watcher.open(broker, ["from/#", "chat/#"]);
    await using there = await Watcher.open(peer.port, ["site/#", "chat/#"]);

    await publish(broker, "up/a", "1");
    await publish(broker, "elsewhere", "2");
    assertEquals(await there.received(1), ["site/1/up/a: 1"]);
    await publish(peer.port, "site/1/down/b", "3");
    await publish(peer.port, "site/2/down/b", "4");
    assertEquals(await here.received(1), ["from/peer/down/b: 3"]);

    // Each of these would come back, and go again, and so on.
    for (let i = 0; i < 5; i++) {
      await publish(broker, "chat/x", "same");
      await publish(peer.port, "chat/x", "same");
      await publish(broker, "chat/x", `h${i}`);
      await publish(peer.port, "chat/x", `t${i}`);
    }
    await publish(broker, "chat/x", "last");
    await publish(peer.port, "chat/x", "last");
    await here.received(1 + 22);
    await there.received(3 + 22);
    await publish(broker, "chat/x", "end");
    await there.receivedLast("end");
    await publish(peer.port, "chat/x", "end too");
    await here.receivedLast("end too");
    await there.receivedLast("end too");
    assertEquals(here.packets.length, 1 + 24);
    assertEquals(there.packets.length, 3 + 24);
  });
}

Deno.test("bridge: QoS and properties cross, and the bridge leaves its mark", async () => {
  await using peer = await startMosquitto();
  const url = `mqtt://127.0.0.1:${peer.port}`;
  const topics = [
    { pattern: "a/#", qos: 2 },
    { pattern: "b/#", qos: 1, direction: "out" },
    { pattern: "c/#", qos: 0, direction: "out" },
  ];
  await using broker = await startWithBridge(url, topics);
  await bridged(broker);
  await using there = await Watcher.open(peer.port, "#", 2);
  await using here = await Watcher.open(broker, "#", 2);
  const properties = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 1000,
    contentType: "text/plain",
    responseTopic: "answer",
    correlationData: Buffer.from([1, 2, 3]),
    userProperties: { a: ["1", "2"], b: "3" },
  };
  for (const topic of ["a/1", "b/1", "c/1"]) {
    await publish(broker, topic, "x", { qos: 2, properties });
  }
  await publish(peer.port, "a/2", "y", { qos: 2, properties });
  await there.received(4);
  await here.received(4);
  const byTopic = (watcher: Watcher, topic: string) =>
    watcher.packets.find((packet) => packet.topic === topic)!;
  assertEquals(
    ["a/1", "b/1", "c/1"].map((topic) => byTopic(there, topic).qos),
    [2, 1, 0],
  );
  assertEquals(byTopic(here, "a/2").qos, 2);
  for (
    const { properties: got } of [byTopic(there, "a/1"), byTopic(here, "a/2")]
  ) {
    const { "dinomq-bridge": hop, ...userProperties } = {
      ...got!.userProperties,
    };
    assertEquals(typeof hop, "string");
    assertEquals(userProperties, properties.userProperties);
    assertEquals(got!.contentType, "text/plain");
    assertEquals(got!.responseTopic, "answer");
    assertEquals(got!.payloadFormatIndicator, true);
    assertEquals([...got!.correlationData!], [1, 2, 3]);
    const left = got!.messageExpiryInterval!;
    assert(left > 0 && left <= 1000, `${left}`);
  }
});

Deno.test("bridge: retained messages reach a peer that comes later, and a broker that comes later", async () => {
  await using peer = await startMosquitto();
  await publish(peer.port, "in/state", "on", { retain: true });
  await publish(peer.port, "in/gone", "on", { retain: true });
  const topics = [
    { pattern: "out/#", direction: "out" },
    { pattern: "plain/#", direction: "out", retain: false },
    { pattern: "in/#", direction: "in" },
  ];
  await peer.stop();
  const url = `mqtt://127.0.0.1:${peer.port}`;
  await using broker = await startWithBridge(url, topics);
  for (let i = 0; i < 300; i++) {
    broker.context.publish(`out/${i}`, `${i}`, { retain: true });
  }
  broker.context.publish("plain/a", "1", { retain: true, qos: 1 });
  await peer.start();
  await bridged(broker);
  await using there = await Watcher.open(peer.port, ["out/#", "plain/#"]);
  await there.received(300);
  await publish(broker, "out/last", "x", { retain: true });
  await there.receivedLast("out/last: x (r)");
  await using later = await Watcher.open(peer.port, ["out/#", "plain/#"]);
  const messages = await later.received(301);
  assertEquals(messages.filter((one) => !one.endsWith("(r)")), []);

  await until(
    () => broker.context.retained.get("in/state") !== undefined,
    "in/state",
  );
  await publish(peer.port, "in/gone", "", { retain: true });
  await until(
    () => broker.context.retained.get("in/gone") === undefined,
    "clearing",
  );
});

Deno.test("bridge: messages wait for a peer that is away, as far as the limit allows", async () => {
  await using peer = await startMosquitto();
  const logger = new RecordingLogger("info");
  await using broker = await startWithBridge(
    `mqtt://127.0.0.1:${peer.port}`,
    [{ pattern: "a/#", qos: 2, direction: "out" }],
    { maxQueuedMessages: 5 },
    {},
    logger,
  );
  await bridged(broker);
  const session = {
    clientId: "watcher",
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
  };
  // The peer keeps for it what comes.
  await (await Watcher.open(peer.port, "a/#", 2, session))
    [Symbol.asyncDispose]();
  await peer.stop();
  await bridged(broker, false);
  await using client = await TestClient.connect(broker);
  await client.publish("a/x", "nobody waits for this", { qos: 0 });
  for (let i = 1; i <= 8; i++) {
    await client.publish(`a/${i}`, `${i}`, { qos: i % 2 === 0 ? 1 : 2 });
  }
  await peer.start();
  await bridged(broker);
  await client.publish("a/9", "after", { qos: 1 });
  await using there = await Watcher.open(peer.port, [], 2, session);
  // Those of QoS 1 may overtake those of QoS 2.
  const messages = await there.received(6);
  assertEquals(messages.toSorted(), [
    ...[1, 2, 3, 4, 5].map((i) => `a/${i}: ${i}`),
    "a/9: after",
  ]);
  await broker.shutdown();
  const lost = logger.lines.filter((line) => line.includes("did not get to"));
  assert(lost.length > 0, logger.lines.join("\n"));
  assertStringIncludes(lost.at(-1)!, "offline 1, full 3");
});

Deno.test("bridge: nothing of QoS 1 and 2 is lost when the peer restarts in the middle of it", async () => {
  await using peer = await startMosquitto();
  await using broker = await startWithBridge(
    `mqtt://127.0.0.1:${peer.port}`,
    [{ pattern: "a/#", direction: "out", qos: 2 }],
    { clientId: "bridge-under-test" },
  );
  await bridged(broker);
  const session = {
    clientId: "watcher",
    clean: false,
    properties: { sessionExpiryInterval: 3600 },
  };
  // The peer keeps for it what comes.
  await (await Watcher.open(peer.port, "a/#", 2, session))
    [Symbol.asyncDispose]();
  await using client = await TestClient.connect(broker);
  for (let i = 0; i < 300; i++) {
    if (i === 100) await peer.stop();
    if (i === 200) await peer.start();
    await client.publish("a/n", `${i}`, { qos: i % 2 === 0 ? 1 : 2 });
  }
  await bridged(broker);
  await until(
    () => JSON.parse(statusOf(broker, "counters")).waiting === 0,
    "empty queue",
  );
  await using there = await Watcher.open(peer.port, [], 2, session);
  const seen = () => new Set(there.packets.map(({ payload }) => `${payload}`));
  await until(() => seen().size === 300, () => `300, only ${seen().size}`);
});

Deno.test("bridge: with a client identifier the peer keeps messages while this broker restarts", async () => {
  await using peer = await startMosquitto();
  const start = () =>
    startWithBridge(
      `mqtt://127.0.0.1:${peer.port}`,
      [{ pattern: "a/#", direction: "in" }],
      { clientId: "site-1" },
    );
  {
    await using broker = await start();
    await bridged(broker);
  }
  await publish(peer.port, "a/1", "while you were away", { qos: 1 });
  // The peer may restart too.
  await peer.stop();
  await peer.start();
  // Connects late enough that somebody is there to see it.
  await peer.stop();
  await using broker = await start();
  await using here = await Watcher.open(broker, "a/#", 1);
  await peer.start();
  assertEquals(await here.received(1), ["a/1: while you were away"]);
});

Deno.test("bridge: wills and messages of plugins cross", async () => {
  await using peer = await startMosquitto();
  const url = `mqtt://127.0.0.1:${peer.port}`;
  await using broker = await startWithBridge(url, [{ pattern: "a/#" }]);
  await bridged(broker);
  await using there = await Watcher.open(peer.port, "a/#");
  broker.context.publish("a/plugin", "1");
  await there.received(1);
  const client = await TestClient.connect(broker, {
    will: { topic: "a/will", payload: Buffer.from("2"), qos: 0, retain: false },
  });
  await client.close();
  assertEquals(await there.received(2), ["a/plugin: 1", "a/will: 2"]);
});

Deno.test("bridge: TLS with user and password; the peer's certificate is checked", async () => {
  await using peer = await startMosquitto();
  const url = `mqtts://localhost:${peer.tlsPort}`;
  const topics = [{ pattern: "a/#" }];
  const login = { username: "bridge", password: "secret" };
  const good = { ...login, cafile: `${peer.folder}/ca.pem` };
  {
    await using broker = await startWithBridge(url, topics, good);
    await bridged(broker);
    await using there = await Watcher.open(peer.port, "a/#");
    await publish(broker, "a/tls", "1");
    assertEquals(await there.received(1), ["a/tls: 1"]);
  }
  for (
    const [options, why] of [
      [
        { ...login, cafile: `${peer.folder}/other_ca.pem` },
        /certificate|issuer/i,
      ],
      [login, /certificate|issuer/i],
      [{ ...good, password: "wrong-secret" }, /refused/i],
    ] as const
  ) {
    const logger = new RecordingLogger("warn");
    await using _broker = await startWithBridge(
      url,
      topics,
      options,
      {},
      logger,
    );
    await until(() => logger.lines.length > 0, "warning");
    assert(why.test(logger.lines[0]), logger.lines[0]);
    assert(logger.lines[0].includes("Cannot connect to localhost"));
    assertEquals(logger.lines.join().includes("secret"), false);
    assertEquals(statusOf(_broker, "state"), "0");
  }
});

Deno.test("bridge: shows its own certificate to a peer that asks for it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await makeCertificates(folder);
    await using peer = await startBroker({
      listeners: {
        default: {
          bind: "127.0.0.1:0",
          ssl: true,
          certfile: `${folder}/server.pem`,
          keyfile: `${folder}/server.key`,
          cafile: `${folder}/ca.pem`,
          clientCertificate: "required",
        },
      },
    });
    await using broker = await startWithBridge(
      urlOf(peer, "mqtts"),
      [{ pattern: "a/#" }],
      {
        clientId: "site-1",
        cafile: `${folder}/ca.pem`,
        certfile: `${folder}/client.pem`,
        keyfile: `${folder}/client.key`,
      },
    );
    await bridged(broker);
    assertEquals(
      peer.context.getSession("site-1")?.peerCertificate?.commonName,
      "device-1",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bridge: an unreachable peer is logged once, however often it is tried", async () => {
  const logger = new RecordingLogger("debug");
  const port = freePort();
  await using _broker = await startWithBridge(
    `mqtt://user:secret@127.0.0.1:${port}`,
    [{ pattern: "a/#" }],
    {},
    {},
    logger,
  );
  const failures = (level: string) =>
    logger.lines.filter((line) => line.startsWith(`${level}: Cannot connect`));
  await until(() => failures("debug").length > 0, "second attempt");
  assertEquals(failures("warn").length, 1);
  assertStringIncludes(failures("warn")[0], "ECONNREFUSED");
  assertEquals(logger.lines.join().includes("secret"), false);
});

Deno.test("bridge: the status topic at the peer tells whether this broker is there", async () => {
  await using peer = await startMosquitto();
  await using there = await Watcher.open(peer.port, "status/#");
  const broker = await startWithBridge(
    `mqtt://127.0.0.1:${peer.port}`,
    [{ pattern: "a/#" }],
    { remoteStatusTopic: "status/site-1" },
  );
  assertEquals(await there.received(1), ["status/site-1: 1 (r)"]);
  await broker.shutdown();
  assertEquals(await there.received(2), [
    "status/site-1: 1 (r)",
    "status/site-1: 0 (r)",
  ]);
});

Deno.test("bridge: what waits when the broker stops still gets there", async () => {
  await using peer = await startMosquitto();
  await using there = await Watcher.open(peer.port, "a/#", 1);
  const broker = await startWithBridge(
    `mqtt://127.0.0.1:${peer.port}`,
    [{ pattern: "a/#", direction: "out" }],
  );
  await bridged(broker);
  for (let i = 0; i < 500; i++) {
    broker.context.publish("a/n", `${i}`, { qos: 1 });
  }
  await broker.shutdown();
  assertEquals((await there.received(500)).at(-1), "a/n: 499");
});

// -- Between two of ours --

function urlOf(
  broker: Awaited<ReturnType<typeof startBroker>>,
  scheme = "mqtt",
) {
  return `${scheme}://127.0.0.1:${broker.listeners[0].port}`;
}

Deno.test("bridge: two brokers that both bridge to each other go in no circles", async () => {
  await using a = await startBroker({ plugins: ["auth_anonymous"] });
  await using b = await startWithBridge(urlOf(a), [{ pattern: "x/#" }]);
  await bridged(b);
  // A third one, so that there is a circle of three bridges too.
  await using c = await startWithBridge(urlOf(b), [{ pattern: "x/#" }], {}, {
    plugins: [
      "auth_anonymous",
      { bridge: { url: urlOf(b), topics: [{ pattern: "x/#" }] } },
      { bridge: { url: urlOf(a), topics: [{ pattern: "x/#" }] } },
    ],
  });
  await bridged(c);
  await until(
    () =>
      c.context.retained.get("$SYS/broker/connection/bridge_2/state")
        ?.payload[0] === 0x31,
    "second bridge",
  );
  const watchers = await Promise.all(
    [a, b, c].map((broker) => Watcher.open(broker, "x/#", 1)),
  );
  try {
    for (const [i, broker] of [a, b, c].entries()) {
      await publish(broker, "x/y", `from ${i}`, { qos: 1 });
    }
    for (const watcher of watchers) {
      for (const i of [0, 1, 2]) {
        await until(
          () => watcher.messages.includes(`x/y: from ${i}`),
          `from ${i}`,
        );
      }
    }
    // Circles would go on for ever; wait until nothing moves.
    let before = -1;
    const count = () =>
      watchers.reduce((sum, { packets }) => sum + packets.length, 0);
    for (let round = 0; round < 50 && before !== count(); round++) {
      before = count();
      for (const broker of [a, b, c]) {
        for (let i = 0; i < 20; i++) {
          await publish(broker, "idle", "x", { qos: 1 });
        }
      }
    }
    assert(count() < 40, `${count()} messages of 3`);
  } finally {
    for (const watcher of watchers) await watcher[Symbol.asyncDispose]();
  }
});

Deno.test("bridge: the peer's limits are kept", async () => {
  await using peer = await startBroker({
    maxPacketSize: 1024,
    receiveMaximum: 2,
    maxQos: 1,
    retainAvailable: false,
  });
  const logger = new RecordingLogger("info");
  await using broker = await startWithBridge(
    urlOf(peer),
    [{ pattern: "a/#", qos: 2, direction: "out" }],
    {},
    {},
    logger,
  );
  await bridged(broker);
  await using there = await Watcher.open(peer, "a/#", 1);
  for (let i = 0; i < 50; i++) {
    broker.context.publish("a/n", `${i}`, { qos: 2, retain: true });
  }
  broker.context.publish("a/n", "x".repeat(2000), { qos: 1 });
  broker.context.publish("a/n", "last", { qos: 2 });
  const messages = await there.receivedLast("last");
  assertEquals(messages.length, 51);
  assertEquals(
    logger.lines.filter((line) => line.includes("Lost the connection")),
    [],
  );
  await broker.shutdown();
  assert(logger.lines.some((line) => line.includes("too_large 1")));
});

Deno.test("bridge: over WebSocket", async () => {
  await using peer = await startBroker({
    listeners: { default: { type: "ws", bind: "127.0.0.1:0" } },
  });
  await using broker = await startWithBridge(
    `${urlOf(peer, "ws")}/mqtt`,
    [{ pattern: "a/#" }],
  );
  await bridged(broker);
  peer.context.publish("a/ws", "1", { retain: true });
  await until(() => broker.context.retained.get("a/ws") !== undefined, "a/ws");
});

Deno.test("bridge: what the peer refuses is said, and counted", async () => {
  await using peer = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_taboo: { topics: ["a/secret"] },
    },
  });
  const logger = new RecordingLogger("warn");
  await using broker = await startWithBridge(
    urlOf(peer),
    [
      { pattern: "a/secret", direction: "both" },
      { pattern: "a/open", direction: "both" },
    ],
    {},
    {},
    logger,
  );
  await bridged(broker);
  assertEquals(logger.lines.length, 1, logger.lines.join("\n"));
  assertStringIncludes(logger.lines[0], 'refuses to subscribe to "a/secret"');
  await publish(broker, "a/secret", "1", { qos: 1 });
  await publish(broker, "a/open", "2", { qos: 1 });
  await broker.shutdown();
  assertStringIncludes(logger.lines.at(-1)!, "refused 1");
});

Deno.test("bridge: the counters are published", async () => {
  await using peer = await startMosquitto();
  await using broker = await startWithBridge(
    `mqtt://127.0.0.1:${peer.port}`,
    [{ pattern: "a/#" }],
  );
  await bridged(broker);
  await using there = await Watcher.open(peer.port, "a/#");
  await publish(broker, "a/1", "x", { qos: 1 });
  await there.received(1);
  await publish(peer.port, "a/2", "x", { qos: 1 });
  await using here = await Watcher.open(broker, "a/#");
  await publish(peer.port, "a/3", "x", { qos: 1 });
  await here.received(1);
  await peer.stop();
  await bridged(broker, false);
  const counters: Counters = JSON.parse(statusOf(broker, "counters"));
  assertEquals([counters.sent, counters.received], [1, 2]);
  const plugin = broker.describePlugins().find(({ name }) => name === "bridge");
  assertEquals(plugin?.counters, { sent: 1, received: 2 });
  assertEquals(counters.waiting, 0);
  assertEquals(Object.values(counters.dropped), [0, 0, 0, 0, 0, 0]);
});

Deno.test("bridge refuses wrong options", async () => {
  const good = { url: "mqtt://localhost", topics: [{ pattern: "a/#" }] };
  for (
    const [options, message] of [
      [{ url: "localhost:1883" }, "url"],
      [{ url: "http://localhost" }, "url"],
      [{ topics: [] }, "topics"],
      [{ topics: [{ direction: "out" }] }, "pattern"],
      [{ topics: [{ pattern: "a/#", direction: "up" }] }, "direction"],
      [{ topics: [{ pattern: "a/#", qos: 3 }] }, "qos"],
      [{ topics: [{ pattern: "a/#", "local-prefix": "+/" }] }, "localPrefix"],
      [{ topics: [{ pattern: "a/#", prefix: "x" }] }, "prefix"],
      [{ topics: [{ pattern: "a/#/b" }] }, "not a valid topic filter"],
      [{ topics: [{ pattern: "#", localPrefix: "a" }] }, '"a#"'],
      [{ topics: [{ pattern: "$share/g/a" }] }, "not a valid topic filter"],
      [{ version: 4 }, "version"],
      [{ certfile: "/x.pem" }, '"keyfile"'],
      [{ cafile: "/nowhere.pem" }, '"/nowhere.pem"'],
      [{ keepAlive: 0 }, "keepAlive"],
      [{ statusTopic: "a/#" }, "statusTopic"],
      [{ other: 1 }, "other"],
    ] as const
  ) {
    const broker = startBroker({
      plugins: [{ bridge: { ...good, ...options } }],
    });
    await assertRejects(() => broker, Error, message);
  }
});
