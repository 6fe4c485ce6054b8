import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import sub from "../../../broker/cli/mqtt/sub.ts";
import type { Broker } from "../../../mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import { run, RunningCommand } from "../_context.ts";
import { connack, FakeBroker } from "./_fake_broker.ts";

function at(broker: Broker | FakeBroker): string[] {
  const port = "listeners" in broker ? broker.listeners[0].port : broker.port;
  return ["-h", "127.0.0.1", "-p", `${port}`];
}

/** Starts `sub` and waits until it has subscribed. */
async function start(
  broker: Broker,
  ...args: string[]
): Promise<RunningCommand> {
  const command = new RunningCommand(sub, [...at(broker), ...args]);
  await subscribed(broker);
  return command;
}

async function subscribed(broker: Broker): Promise<void> {
  await eventually(
    () => [...broker.context.subscriptions()].length > 0,
    "subscription",
  );
}

function sortedLines(text: string): string {
  return text.trimEnd().split("\n").sort().join("\n");
}

/** Publishes lines of `topic payload`. */
async function publish(broker: Broker, ...messages: string[]): Promise<void> {
  await using client = await TestClient.connect(broker);
  for (const message of messages) {
    const [topic, payload = ""] = message.split(" ");
    await client.publish(topic, payload, { qos: 1 });
  }
}

Deno.test("sub prints payloads, and ends after -C", async () => {
  await using broker = await startBroker();
  for (const version of ["31", "311", "5"]) {
    for (const qos of ["0", "1", "2"]) {
      const command = await start(
        ...[broker, "-t", "a/+", "-t", "b", "-C", "3"] as const,
        ...["-V", version, "-q", qos],
      );
      await publish(broker, "a/x one", "c no", "b two", "a/y", "b four");
      assertEquals(await command.result(), [0, "one\ntwo\n\n", ""]);
      await eventually(() => [...broker.context.sessions].length === 0);
    }
  }
});

const OUTPUTS: [args: string[], output: string][] = [
  [["-v"], "a/x one\na/y (null)\n"],
  [["-N"], "one"],
  [["-v", "-N"], "a/x onea/y (null)"],
  [["-F", "%t:%l;"], "a/x:3;\na/y:0;\n"],
  [["-F", "%t:%l;", "-v", "-N"], "a/x:3;a/y:0;"],
  [["-F", "%J"], ""],
];

for (const [args, output] of OUTPUTS) {
  Deno.test(`sub ${args.join(" ")} prints ${JSON.stringify(output)}`, async () => {
    await using broker = await startBroker();
    const command = await start(broker, "-t", "#", "-n", "2", ...args);
    await publish(broker, "a/x one", "a/y");
    const [code, stdout, stderr] = await command.result();
    if (output === "") {
      assertStringIncludes(stdout, '"payload":null}\n');
      assertEquals(
        stderr,
        "error: Message payload is not valid JSON on topic a/x\n",
      );
    } else assertEquals([code, stdout, stderr], [0, output, ""]);
  });
}

Deno.test("sub prints a payload that is no text byte by byte", async () => {
  await using broker = await startBroker();
  const command = await start(broker, "-t", "#", "-C", "1", "-N");
  const payload = Buffer.from([0, 0xff, 0x0a, 0x80]);
  broker.context.publish("t", payload);
  assertEquals(await command.code, 0);
  assertEquals(command.context.stdout.bytes, new Uint8Array(payload));
  await command.result();
});

Deno.test("sub leaves out what -T, -R and --retained-only say", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.publish("old/a", "1", { retain: true });
  await client.publish("old/b", "2", { retain: true });
  const filtered = await start(broker, "-t", "#", "-T", "old/+", "-C", "1");
  await publish(broker, "new 3");
  assertEquals(await filtered.result(), [0, "3\n", ""]);
  const fresh = await start(broker, "-t", "#", "-R", "-C", "1");
  await publish(broker, "new 4");
  assertEquals(await fresh.result(), [0, "4\n", ""]);
  const retained = await start(broker, "-t", "#", "--retained-only", "-v");
  await publish(broker, "new 5");
  const [code, stdout] = await retained.result();
  assertEquals([code, sortedLines(stdout)], [0, "old/a 1\nold/b 2"]);
  const one = await run(sub, [...at(broker), "-t", "old/b", "-C", "1"]);
  assertEquals(one.stdout, "2\n");
});

Deno.test("sub --remove-retained clears what it gets, but not what -T names", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  for (const topic of ["a", "b", "keep"]) {
    await client.publish(topic, "x", { retain: true });
  }
  const isGone = (topic: string) =>
    broker.context.retained.get(topic) === undefined;
  // The first message that is not retained is the one that clears.
  const { code, stdout } = await run(sub, [
    ...[...at(broker), "-t", "#", "-T", "keep", "--remove-retained"],
    ...["--retained-only", "-v"],
  ]);
  assertEquals([code, sortedLines(stdout)], [0, "a x\nb x"]);
  await eventually(() => isGone("a") && isGone("b"), "removal");
  assertEquals(isGone("keep"), false);
});

Deno.test("sub shows the retain flag as published if asked to", async () => {
  await using broker = await startBroker();
  const args = ["-t", "t", "-V", "5", "-F", "%r", "-C", "1"];
  for (
    const [flag, output] of [["-v", "0\n"], ["--retain-as-published", "1\n"]]
  ) {
    const command = await start(broker, ...args, flag);
    broker.context.publish("t", "x", { retain: true });
    assertEquals((await command.result())[1], output);
    broker.context.retained.clear("t");
  }
});

Deno.test("sub -E ends when it has subscribed, and -c keeps the session", async () => {
  await using broker = await startBroker();
  for (
    const [version, more] of [["311", []], ["5", ["-x", "600"]]] as const
  ) {
    const id = `keeper-${version}`;
    const kept = [
      ...[...at(broker), "-c", "-i", id, "-V", version, "-q", "1"],
      ...more,
    ];
    const first = await run(sub, [...kept, "-t", "t/#", "-E"]);
    assertEquals(first, { code: 0, stdout: "", stderr: "" });
    await publish(broker, "t/1 one", "t/2 two", "t/3 three");
    // What is not printed any more is not acknowledged, and comes next time.
    const second = await run(sub, [...kept, "-t", "t/#", "-C", "1"]);
    assertEquals(second.stdout, "one\n");
    const third = await run(sub, [...kept, "-t", "t/#", "-C", "2"]);
    assertEquals(third.stdout, "two\nthree\n");
    const ended = await run(sub, [...kept, "-U", "t/#", "-E"]);
    assertEquals(ended, { code: 0, stdout: "", stderr: "" });
    assertEquals([...broker.context.subscriptions(id)], []);
  }
});

Deno.test("sub -W ends with code 1 when the time is over", async () => {
  await using broker = await startBroker();
  const result = await run(sub, [...at(broker), "-t", "t", "-W", "1"]);
  assertEquals(result, {
    code: 1,
    stdout: "",
    stderr: "error: The time of 1 seconds is over\n",
  });
});

Deno.test("sub ends with code 1 when its subscription is refused", async () => {
  await using broker = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_acl: { subscribeAcl: { anonymous: ["free"] } },
    },
  });
  for (
    const [version, why] of [["311", "not allowed"], ["5", "Not authorized"]]
  ) {
    const refused = await run(sub, [
      ...[...at(broker), "-V", version, "-t", "secret", "-t", "other"],
    ]);
    assertEquals(refused, {
      code: 1,
      stdout: "",
      stderr: ["secret", "other"].map((filter) =>
        `error: Cannot subscribe to "${filter}": the broker refused it: ${why}\n`
      ).join(""),
    });
    const partly = await start(
      ...[
        broker,
        "-V",
        version,
        "-t",
        "secret",
        "-t",
        "free",
        "-C",
        "1",
      ] as const,
    );
    await publish(broker, "free x");
    const [code, stdout, stderr] = await partly.result();
    assertEquals([code, stdout], [1, "x\n"]);
    assertStringIncludes(stderr, 'Cannot subscribe to "secret"');
    await eventually(() => [...broker.context.sessions].length === 0);
  }
  const quiet = await run(sub, [...at(broker), "-t", "secret", "--quiet"]);
  assertEquals(quiet, { code: 1, stdout: "", stderr: "" });
});

Deno.test("sub asks for each filter with its QoS of the configuration", async () => {
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") await connection.send(connack());
    if (packet.cmd !== "subscribe") return;
    await connection.send({
      cmd: "suback",
      messageId: packet.messageId,
      granted: packet.subscriptions.map(({ qos }) => qos),
    });
  });
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(
      path,
      "default_qos: 1\ntopics: {resubscribe: {qos: 2}}\n",
    );
    const { code } = await run(sub, [
      ...[...at(broker), "--config-file", path, "-E"],
      ...["-t", "a", "-t", "resubscribe", "-t", "1"],
    ]);
    assertEquals(code, 0);
  } finally {
    await Deno.remove(path);
  }
  assertEquals(
    broker.packets.flatMap((packet) =>
      packet.cmd === "subscribe" ? packet.subscriptions : []
    ).map(({ topic, qos }) => [topic, qos]),
    [["a", 1], ["1", 1], ["resubscribe", 2]],
  );
});

Deno.test("sub connects again and subscribes to what the broker has forgotten", async () => {
  let connections = 0;
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") {
      connections++;
      await connection.send(connack());
    }
    if (packet.cmd !== "subscribe") return;
    await connection.send({
      cmd: "suback",
      messageId: packet.messageId,
      granted: [0],
    }, {
      cmd: "publish",
      topic: "t",
      payload: Buffer.from(`message ${connections}`),
      qos: 0,
      dup: false,
      retain: false,
    });
    if (connections === 1) connection.close();
  });
  const [code, stdout, stderr] = await new RunningCommand(sub, [
    ...[...at(broker), "-t", "t", "-C", "2"],
  ]).result();
  assertEquals([code, stdout], [0, "message 1\nmessage 2\n"]);
  const address = `mqtt://127.0.0.1:${broker.port}`;
  assertEquals(
    stderr,
    `Cannot go on: ${address} closed the connection; trying again\n` +
      `Connected to ${address} again\n`,
  );
});

Deno.test("sub does not fight with a client that took its session over", async () => {
  await using broker = await startBroker();
  const command = await start(broker, "-t", "t", "-i", "same", "-V", "5");
  await using _other = await TestClient.connect(broker, { clientId: "same" });
  const [code, , stderr] = await command.result();
  assertEquals(code, 1);
  assertStringIncludes(stderr, "ended the connection: Session taken over\n");
});

Deno.test("sub gives up a lost connection if its configuration says so", async () => {
  await using broker = new FakeBroker(async (packet, connection) => {
    if (packet.cmd === "connect") await connection.send(connack());
    if (packet.cmd === "subscribe") connection.close();
  });
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, "auto_reconnect: false\n");
    const { code, stderr } = await run(sub, [
      ...[...at(broker), "--config-file", path, "-t", "t"],
    ]);
    assertEquals([code, stderr], [
      1,
      `error: Cannot go on: mqtt://127.0.0.1:${broker.port} closed the connection\n`,
    ]);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("sub ends in order at Ctrl-C: no will, code 0", async () => {
  await using broker = await startBroker();
  await using client = await TestClient.connect(broker);
  await client.subscribe("will");
  const command = await start(broker, "-t", "t", "--will-topic", "will");
  command.context.interrupt();
  assertEquals(await command.result(), [0, "", ""]);
  await client.ping();
});

Deno.test("sub ends when nobody reads its output, and fails when it cannot be written", async () => {
  await using broker = await startBroker();
  for (
    const [error, code] of [
      [new Deno.errors.BrokenPipe("broken pipe"), 0],
      [new Error("no space left on device"), 1],
    ] as const
  ) {
    const command = new RunningCommand(sub, [...at(broker), "-t", "t"]);
    command.context.stdout.writeSync = () => {
      throw error;
    };
    await subscribed(broker);
    await publish(broker, "t one");
    const [got, , stderr] = await command.result();
    assertEquals(
      [got, stderr],
      [code, code === 0 ? "" : "error: no space left on device\n"],
    );
    await eventually(() => [...broker.context.sessions].length === 0);
  }
});

Deno.test("sub -d shows packets, and never a password", async () => {
  await using broker = await startBroker();
  const { code, stderr } = await run(sub, [
    ...[...at(broker), "-t", "t", "-E", "-d", "-i", "me"],
    ...["-u", "alice", "-P", "secret", "-V", "5"],
  ]);
  assertEquals(code, 0);
  assertEquals(
    stderr,
    `sending CONNECT (me, version 5, clean yes, keep alive 60 s)
received CONNACK (code 0, session present no)
sending SUBSCRIBE (id N) t (QoS 0)
received SUBACK (id N) 0
sending DISCONNECT
`.replaceAll("id N", /id \d+/.exec(stderr)![0]),
  );
  assert(!stderr.includes("secret"));
});

const USAGE: [args: string[], message: string][] = [
  [[], "a topic filter is missing, add -t FILTER"],
  [["-t", "a/#/b"], 'Cannot use the filter "a/#/b": "#" is not a level'],
  [["-t", ""], "the topic filter is empty"],
  [["-t", "$share/g"], "the shared subscription has no topic filter"],
  [["-t", "a", "-T", "b+"], 'Cannot use the filter "b+"'],
  [["-t", "a", "-C", "0"], 'Cannot use --count "0"'],
  [["-t", "a", "-W", "1.5"], 'Cannot use --timeout "1.5"'],
  [["-t", "a", "-R", "--retained-only"], "together"],
  [["-t", "a", "--pretty"], "Cannot use --pretty without JSON"],
  [["-t", "a", "-F", "%y"], 'Cannot use the format "%y"'],
  [["-t", "a", "--retain-as-published"], "without MQTT 5"],
  [["a"], 'Cannot use "a": a topic filter is given with -t'],
];

for (const [args, message] of USAGE) {
  Deno.test(`sub refuses ${JSON.stringify(args.join(" "))}`, async () => {
    const { code, stdout, stderr } = await run(sub, args);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, message);
  });
}
