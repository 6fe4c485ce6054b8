import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { IPublishPacket } from "mqtt-packet";
import pub from "../../../broker/cli/mqtt/pub.ts";
import type { Broker } from "../../../mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import { freePort } from "../../_ports.ts";
import { run, RunningCommand } from "../_context.ts";
import { withFolder } from "../_folder.ts";
import { connack, FakeBroker } from "./_fake_broker.ts";

function at(broker: Broker | FakeBroker): string[] {
  const port = "listeners" in broker ? broker.listeners[0].port : broker.port;
  return ["-h", "127.0.0.1", "-p", `${port}`];
}

/** What a subscriber gets next, without what only the protocol needs. */
async function next(subscriber: TestClient) {
  const { topic, payload, qos, retain } = await subscriber.expect("publish");
  return { topic, payload: `${payload}`, qos, retain };
}

for (const version of ["31", "311", "5"]) {
  Deno.test(`pub publishes with every QoS over MQTT ${version}`, async () => {
    await using broker = await startBroker();
    await using subscriber = await TestClient.connect(broker);
    await subscriber.subscribe("#", 2);
    for (const qos of ["0", "1", "2"]) {
      const result = await run(pub, [
        ...[...at(broker), "-V", version, "-q", qos],
        ...["-t", `a/${qos}`, "-m", `-${qos}`],
      ]);
      assertEquals(result, { code: 0, stdout: "", stderr: "" });
      const packet = await subscriber.expect("publish");
      assertEquals(
        [packet.topic, `${packet.payload}`, packet.qos],
        [`a/${qos}`, `-${qos}`, Number(qos)],
      );
      if (packet.qos === 1) {
        await subscriber.send({ cmd: "puback", messageId: packet.messageId });
      } else if (packet.qos === 2) {
        await subscriber.send({ cmd: "pubrec", messageId: packet.messageId });
        const { messageId } = await subscriber.expect("pubrel");
        await subscriber.send({ cmd: "pubcomp", messageId });
      }
    }
  });
}

Deno.test("pub takes its payload from an argument, a file, standard input or nowhere", async () => {
  await withFolder(async (folder) => {
    await using broker = await startBroker();
    await using subscriber = await TestClient.connect(broker);
    await subscriber.subscribe("#");
    await Deno.writeTextFile(`${folder}/file`, "one\ntwo\n");
    const cases: [args: string[], stdin: string, payloads: string[]][] = [
      [["-m", ""], "", [""]],
      [["--message=x=y"], "", ["x=y"]],
      [["-n"], "ignored", [""]],
      [["-f", `${folder}/file`], "", ["one\ntwo\n"]],
      [["-s"], "one\ntwo", ["one\ntwo"]],
      [["-l"], "one\n\ntwo\r\nthree", ["one", "two\r", "three"]],
      [["-l", "-f", `${folder}/file`], "ignored", ["one", "two"]],
      [["-l"], "", []],
    ];
    for (const [args, stdin, payloads] of cases) {
      const result = await run(pub, [...at(broker), "-t", "t", ...args], {
        stdin,
      });
      assertEquals(result, { code: 0, stdout: "", stderr: "" });
      for (const payload of payloads) {
        assertEquals((await next(subscriber)).payload, payload);
      }
    }
    await subscriber.ping();
  });
});

Deno.test("pub sets and clears a retained message", async () => {
  await using broker = await startBroker();
  await run(pub, [...at(broker), "-t", "state", "-r", "-m", "on"]);
  const { payload } = broker.context.retained.get("state")!;
  assertEquals(new TextDecoder().decode(payload), "on");
  await run(pub, [...at(broker), "-t", "state", "-r", "-n"]);
  assertEquals(broker.context.retained.get("state"), undefined);
});

Deno.test("pub takes the topic from the URL", async () => {
  await using broker = await startBroker();
  await using subscriber = await TestClient.connect(broker);
  await subscriber.subscribe("#");
  const url = `mqtt://127.0.0.1:${broker.listeners[0].port}/from/url`;
  assertEquals((await run(pub, ["-L", url, "-m", "x"])).code, 0);
  assertEquals((await next(subscriber)).topic, "from/url");
});

Deno.test("pub sends the properties of -D", async () => {
  await using broker = await startBroker();
  await using subscriber = await TestClient.connect(broker, { version: 5 });
  await subscriber.subscribe("#");
  const property = (...words: string[]) => ["-D", "publish", ...words];
  const { code } = await run(pub, [
    ...[...at(broker), "-t", "t", "-m", "x"],
    ...property("content-type", "text/plain"),
    ...property("response-topic", "answers"),
    ...property("user-property", "k", "1"),
    ...property("user-property", "k", "2"),
    ...property("payload-format-indicator", "1"),
    ...property("message-expiry-interval", "60"),
    ...property("correlation-data", "-x"),
  ]);
  assertEquals(code, 0);
  const { properties } = await subscriber.expect("publish") as IPublishPacket;
  const { userProperties, correlationData, ...rest } = properties!;
  assertEquals({ ...userProperties }, { k: ["1", "2"] });
  assertEquals(`${correlationData}`, "-x");
  assertEquals(rest, {
    contentType: "text/plain",
    responseTopic: "answers",
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
  });
});

Deno.test("aMQTT 49: pub with a configuration file and a will", async () => {
  await withFolder(async (folder) => {
    await using broker = await startBroker();
    await using subscriber = await TestClient.connect(broker);
    await subscriber.subscribe("#", 1);
    await Deno.writeTextFile(
      `${folder}/client.yaml`,
      `
keep_alive: 15
default_qos: 1
connection: {uri: "mqtt://127.0.0.1:${broker.listeners[0].port}"}
will: {topic: gone, message: bye, qos: 1}
`,
    );
    const { code, stderr } = await run(pub, [
      ...["--config-file", `${folder}/client.yaml`],
      ...["-t", "t", "-m", "x", "--will-topic", "mine", "-d"],
    ]);
    assertEquals(code, 0);
    assertStringIncludes(stderr, "keep alive 15 s");
    assertStringIncludes(stderr, "sending PUBLISH t (QoS 1, id ");
    assertEquals(await next(subscriber), {
      topic: "t",
      payload: "x",
      qos: 1,
      retain: false,
    });
    // It has disconnected in order: there is no will.
    assertStringIncludes(stderr, "sending DISCONNECT");
    await subscriber.ping();
  });
});

const USAGE: [args: string[], message: string][] = [
  [
    ["-t", "t"],
    "you must provide exactly one of -m TEXT, -f FILE, -s, -l or -n",
  ],
  [["-t", "t", "-m", "x", "-n"], "exactly one of"],
  [["-t", "t", "-s", "-l"], "exactly one of"],
  [["-m", "x"], "a topic is missing, add -t TOPIC"],
  [["-t", "a/#", "-m", "x"], 'Cannot publish to "a/#": the topic name has a'],
  [["-t", "", "-m", "x"], "the topic name is empty"],
  [["-t", "t", "-m", "x", "-q", "3"], 'Cannot use --qos "3"'],
  [["-t", "t", "hello"], 'Cannot use "hello": a payload is given with -m'],
  [["--url", "http://x", "-m", "x"], "it must look like mqtt://host:1883"],
];

for (const [args, message] of USAGE) {
  Deno.test(`pub refuses ${args.join(" ")}`, async () => {
    const { code, stdout, stderr } = await run(pub, args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, "\nTry command --help.\n");
  });
}

Deno.test("aMQTT 49: a wrong port, a wrong host and a bad URL are errors", async () => {
  const port = freePort();
  const message = ["-t", "t", "-m", "x"];
  const wrong = await run(pub, [
    "-h",
    "127.0.0.1",
    "-p",
    `${port}`,
    ...message,
  ]);
  assertEquals(wrong, {
    code: 1,
    stdout: "",
    stderr:
      `error: Connection failed: cannot connect to mqtt://127.0.0.1:${port}: nobody listens there; is the broker running?\n`,
  });
  const quiet = await run(pub, [
    ...["-h", "127.0.0.1", "-p", `${port}`, "--quiet"],
    ...message,
  ]);
  assertEquals(quiet, { code: 1, stdout: "", stderr: "" });
  const host = await run(pub, ["-h", "no-such-host.invalid", ...message]);
  assertEquals(host.code, 1);
  assertStringIncludes(host.stderr, "Connection failed");
  assertEquals((await run(pub, ["--url", "bla", ...message])).code, 2);
});

Deno.test("pub says why the broker does not let it in", async () => {
  await using broker = await startBroker({
    plugins: { auth_anonymous: { allowAnonymous: false } },
  });
  for (const version of ["31", "311", "5"]) {
    const { code, stderr } = await run(pub, [
      ...[...at(broker), "-V", version, "-t", "t", "-m", "x"],
    ]);
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "it refused the client: Not authorized; check -u and -P\n",
    );
  }
  const named = await run(pub, [
    ...at(broker),
    "-u",
    "a",
    "-t",
    "t",
    "-m",
    "x",
  ]);
  assertEquals(named, { code: 0, stdout: "", stderr: "" });
});

Deno.test("pub says what the broker refused, and with -l publishes the rest", async () => {
  await using broker = await startBroker({
    plugins: { auth_anonymous: null, topic_taboo: { topics: ["secret"] } },
  });
  const secret = [...at(broker), "-V", "5", "-q", "1", "-t", "secret"];
  const one = await run(pub, [...secret, "-m", "x"]);
  assertEquals(one, {
    code: 1,
    stdout: "",
    stderr: 'error: Cannot publish to "secret": Not authorized\n',
  });
  const lines = await run(pub, [...secret, "-l"], { stdin: "a\nb\n" });
  assertEquals([lines.code, lines.stderr], [1, one.stderr.repeat(2)]);
});

Deno.test("pub keeps to the limits that a broker of MQTT 5 announces", async () => {
  await using broker = await startBroker({
    maxQos: 1,
    retainAvailable: false,
    maxPacketSize: 1000,
  });
  const to = [...at(broker), "-V", "5", "-t", "t"];
  const qos = await run(pub, [...to, "-q", "2", "-m", "x"]);
  assertEquals(qos.code, 1);
  assertStringIncludes(qos.stderr, "with QoS 2: the broker allows 1 at most");
  const retain = await run(pub, [...to, "-r", "-m", "x"]);
  assertStringIncludes(retain.stderr, "the broker has no retained messages");
  const large = await run(pub, [...to, "-s"], { stdin: "x".repeat(1000) });
  assertEquals([large.code, large.stderr], [
    1,
    "error: Cannot publish standard input: a message may have 992 bytes at most, as the broker allows\n",
  ]);
  const line = await run(pub, [...to, "-l"], {
    stdin: `ok\n${"x".repeat(993)}\n`,
  });
  assertStringIncludes(
    line.stderr,
    "Cannot publish line 2 of standard input: ",
  );
  assertEquals((await run(pub, [...to, "-m", "x".repeat(992)])).code, 0);
});

Deno.test("pub says that the broker closed the connection on a large message", async () => {
  await using broker = await startBroker();
  const { code, stderr } = await run(pub, [...at(broker), "-t", "t", "-s"], {
    stdin: "x".repeat(3_000_000),
  });
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "closed the connection; a message of 3000000 bytes",
  );
});

Deno.test("pub -l reads no further than the broker acknowledges", async () => {
  let acknowledge = (): Promise<void> => Promise.resolve();
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") {
      await connection.send(connack({ receiveMaximum: 5 }));
    }
    if (packet.cmd === "pingreq") await connection.send({ cmd: "pingresp" });
    acknowledge = async () => {
      for (const { cmd, messageId } of broker.packets.splice(0)) {
        if (cmd !== "publish") continue;
        await connection.send({ cmd: "puback", messageId, reasonCode: 0 });
      }
    };
  });
  let pulled = 0;
  const lines = (function* () {
    for (; pulled < 12; pulled++) yield `line ${pulled}\n`;
  })();
  const command = new RunningCommand(pub, [
    ...[...at(broker), "-V", "5", "-t", "t", "-q", "1", "-l"],
  ], { stdin: lines });
  await eventually(() => broker.count("publish") === 5, "five messages");
  // One line more waits for its turn.
  assert(pulled <= 6, `${pulled} lines were read`);
  await acknowledge();
  await eventually(() => broker.count("publish") === 5, "five more messages");
  await acknowledge();
  await eventually(() => broker.count("publish") === 2, "two more messages");
  await acknowledge();
  assertEquals(await command.result(), [0, "", ""]);
});

Deno.test("pub -l goes on after the connection was lost", async () => {
  let connections = 0;
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") {
      connections++;
      await connection.send(connack());
    } else if (packet.cmd === "publish") {
      if (connections === 1 && `${packet.payload}` === "two") {
        return connection.close();
      }
      await connection.send({ cmd: "puback", messageId: packet.messageId });
    } else if (packet.cmd === "pingreq") {
      await connection.send({ cmd: "pingresp" });
    }
  });
  const [code, , stderr] = await new RunningCommand(
    pub,
    [...at(broker), "-t", "t", "-q", "1", "-l"],
    { stdin: "one\ntwo\nthree\n" },
  ).result();
  assertEquals(code, 0);
  assertStringIncludes(
    stderr,
    "closed the connection; trying again\nConnected to ",
  );
  const payloads = broker.packets
    .filter((packet) => packet.cmd === "publish")
    .map(({ payload }) => `${payload}`);
  assertEquals(payloads.filter((payload) => payload === "two").length, 2);
  assertEquals(payloads.at(-1), "three");
});

Deno.test("pub of one message ends when the connection does", async () => {
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") await connection.send(connack());
    else if (packet.cmd === "publish") connection.close();
  });
  for (const qos of ["0", "1"]) {
    const { code, stderr } = await run(pub, [
      ...[...at(broker), "-t", "t", "-m", "x", "-q", qos],
    ]);
    assertEquals([code, stderr], [
      1,
      `error: Cannot go on: mqtt://127.0.0.1:${broker.port} closed the connection\n`,
    ]);
  }
});

Deno.test("pub gives the reason of a DISCONNECT", async () => {
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") await connection.send(connack());
    else if (packet.cmd === "publish") {
      await connection.send({
        cmd: "disconnect",
        reasonCode: 0x97,
        properties: { reasonString: "too much\x1b" },
      });
      connection.close();
    }
  });
  const { code, stderr } = await run(pub, [
    ...[...at(broker), "-V", "5", "-t", "t", "-m", "x", "-q", "1"],
  ]);
  assertEquals([code, stderr], [
    1,
    `error: Cannot go on: mqtt://127.0.0.1:${broker.port} ended the connection: too much\\u001b\n`,
  ]);
});

Deno.test("pub of one message ends in order at Ctrl-C, and has failed", async () => {
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") await connection.send(connack());
    else if (packet.cmd === "publish") command.context.interrupt();
    else if (packet.cmd === "disconnect") connection.close();
  });
  const command = new RunningCommand(pub, [
    ...[...at(broker), "-t", "t", "-q", "1", "-m", "x"],
  ]);
  assertEquals(await command.result(), [
    1,
    "",
    "error: Cannot publish the message: interrupted\n",
  ]);
  assertEquals(broker.packets.at(-1)?.cmd, "disconnect");
});

Deno.test("pub -l ends in order at Ctrl-C", async () => {
  await using broker = await startBroker();
  await using subscriber = await TestClient.connect(broker);
  await subscriber.subscribe("#");
  const { promise: never, resolve: end } = Promise.withResolvers<void>();
  const command = new RunningCommand(pub, [
    ...[...at(broker), "-t", "t", "-l", "--will-topic", "will"],
  ], {
    stdin: (async function* () {
      yield "one\n";
      await never;
    })(),
  });
  assertEquals((await next(subscriber)).payload, "one");
  command.context.interrupt();
  assertEquals(await command.result(), [0, "", ""]);
  await subscriber.ping();
  end();
});

Deno.test("pub shows its progress on a terminal only", async () => {
  let acknowledge = () => {};
  const behaviour = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") await connection.send(connack());
    if (packet.cmd === "pingreq") await connection.send({ cmd: "pingresp" });
    if (packet.cmd !== "publish") return;
    const { messageId } = packet;
    acknowledge = () => void connection.send({ cmd: "puback", messageId });
  });
  await using broker = behaviour;
  const command = new RunningCommand(pub, [
    ...[...at(broker), "-t", "t", "-q", "1", "-m", "hello"],
  ], { terminal: true });
  await command.context.stderr.until("Publishing 5 bytes");
  acknowledge();
  const [code, stdout, stderr] = await command.result();
  assertEquals([code, stdout], [0, ""]);
  // The line is gone at the end.
  assert(stderr.endsWith("\r\x1b[K"), JSON.stringify(stderr));
});
