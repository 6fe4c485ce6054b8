import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { parseFlags } from "../../../broker/cli/flags.ts";
import { CONNECTION_FLAGS } from "../../../broker/cli/mqtt/connection_flags.ts";
import { readSettings } from "../../../broker/cli/mqtt/settings.ts";
import { UsageError } from "../../../broker/cli/usage_error.ts";
import { withFolder } from "../_folder.ts";

function read(args: string[], env: Record<string, string> = {}) {
  const { flags } = parseFlags(args, CONNECTION_FLAGS);
  return readSettings(flags, "pub", ["publish"], { env: (name) => env[name] });
}

Deno.test("readSettings() without flags connects to localhost with a random name", async () => {
  const { address, options, retries } = await read([]);
  assertEquals(address, "mqtt://localhost:1883");
  assertEquals(/^pub-[0-9a-f]{8}$/.test(options.clientId!), true);
  const { protocolVersion, clean, keepalive, username, will } = options;
  assertEquals(
    { protocolVersion, clean, keepalive, username, will },
    {
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      username: undefined,
      will: undefined,
    },
  );
  assertEquals(retries, Infinity);
});

Deno.test("readSettings() reads version, session and keep alive", async () => {
  const options = async (...args: string[]) => (await read(args)).options;
  for (
    const [text, level] of [
      ["mqttv31", 3],
      ["31", 3],
      ["mqttv311", 4],
      ["311", 4],
      ["mqttv5", 5],
      ["5", 5],
    ] as const
  ) {
    const { protocolVersion, protocolId } = await options("-V", text);
    assertEquals(protocolVersion, level);
    assertEquals(protocolId, level === 3 ? "MQIsdp" : "MQTT");
  }
  assertEquals((await options("-x", "9")).protocolVersion, 5);
  assertEquals((await options("-x", "9")).properties, {
    sessionExpiryInterval: 9,
  });
  assertEquals((await options("-x", "-1")).properties, {
    sessionExpiryInterval: 0xffffffff,
  });
  const kept = await options("-c", "-i", "me", "-V", "5", "-k", "0");
  assertEquals(
    [kept.clean, kept.clientId, kept.keepalive, kept.properties],
    [false, "me", 0, { sessionExpiryInterval: 0xffffffff }],
  );
  const older = await options("-c", "-i", "me");
  assertEquals([older.clean, older.properties], [false, undefined]);
});

Deno.test("readSettings() reads the password from flag, URL or environment", async () => {
  const env = { DINOMQ_PASSWORD: "from env" };
  const credentials = async (...args: string[]) => {
    const { options: { username, password } } = await read(args, env);
    return [username, password];
  };
  assertEquals(await credentials("-u", "a"), ["a", "from env"]);
  assertEquals(await credentials("-u", "a", "-P", "-p"), ["a", "-p"]);
  assertEquals(await credentials("-L", "mqtt://b:c@h"), ["b", "c"]);
  assertEquals(await credentials("-L", "mqtt://b@h"), ["b", "from env"]);
  assertEquals(await credentials(), [undefined, undefined]);
  assertEquals(await credentials("-P", "x", "-V", "5"), [undefined, "x"]);
});

Deno.test("readSettings() reads will and properties", async () => {
  const { options, properties } = await read([
    ...["--will-topic", "gone", "--will-payload", "bye", "--will-qos", "1"],
    ...["--will-retain", "-D", "will", "will-delay-interval", "5"],
    ...["-D", "CONNECT", "user-property", "a", "1"],
    ...["-D", "connect", "user-property", "a", "2"],
    ...["-D", "publish", "payload-format-indicator", "1"],
    ...["-D", "publish", "correlation-data", "xyz"],
    ...["-D", "disconnect", "reason-string", "-x"],
  ]);
  const { payload, ...will } = options.will!;
  assertEquals(`${payload}`, "bye");
  assertEquals(will, {
    topic: "gone",
    qos: 1,
    retain: true,
    properties: { willDelayInterval: 5 },
  });
  assertEquals({ ...options.properties!.userProperties }, { a: ["1", "2"] });
  assertEquals(properties.publish!.payloadFormatIndicator, true);
  assertEquals(`${properties.publish!.correlationData}`, "xyz");
  assertEquals(properties.disconnect, { reasonString: "-x" });
});

const BAD: [args: string[], message: string][] = [
  [["-V", "4.9"], 'Cannot use -V "4.9"'],
  [["-V", "constructor"], 'Cannot use -V "constructor"'],
  [["-V", "311", "-x", "1"], "Cannot use -x with -V 311: it needs mqttv5"],
  [["-V", "31", "-D", "publish", "topic-alias", "1"], "Cannot use -D with"],
  [["-x", "soon"], 'Cannot use -x "soon"'],
  [["-k", "65536"], 'Cannot use --keepalive "65536"'],
  [["-c"], "Cannot keep a session without a name: add --id"],
  [["-c", "-i", "a", "--clean-session"], "together"],
  [["-P", "x"], "Cannot send a password without a user name"],
  [["--will-payload", "x"], "Cannot use --will-payload without a will"],
  [["--will-retain"], "Cannot use --will-retain without a will"],
  [["--will-topic", "a/#"], 'Cannot use --will-topic "a/#"'],
  [["--will-topic", "a", "--will-qos", "3"], 'Cannot use --will-qos "3"'],
  [["--cert", "a"], "Cannot use --cert or --key alone"],
  [["--extra-headers", "{}"], "without WebSocket"],
  [["--ws", "/", "--extra-headers", "[]"], "it must be JSON such as"],
  [["--ws", "/", "--extra-headers", '{"a": 1}'], "it must be JSON such as"],
  [["-D", "publisch", "topic-alias", "1"], '"publisch" must be connect'],
  [["-D", "subscribe", "user-property", "a", "b"], "must be connect"],
  [
    ["-D", "publish", "content-typ", "x"],
    "publish has no such property. Did you mean content-type?",
  ],
  [
    ["-D", "connect", "topic-alias", "1"],
    "connect has no such property, only authentication-data,",
  ],
  [["-D", "publish", "topic-alias", "0"], "a whole number, 1 to 65535"],
  [["-D", "publish", "payload-format-indicator", "2"], "0 to 1"],
  [["-D", "will", "content-type", "x"], "without a will"],
];

for (const [args, message] of BAD) {
  Deno.test(`readSettings() refuses ${args.join(" ")}`, async () => {
    const error = await assertRejects(() => read(args), UsageError);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("readSettings() names the file of TLS that cannot be used", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.pem`, "no certificate");
    await Deno.mkdir(`${folder}/empty`);
    await Deno.writeTextFile(
      `${folder}/locked.key`,
      "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    );
    await Deno.writeTextFile(
      `${folder}/a.pem`,
      "-----BEGIN CERTIFICATE-----",
    );
    const cases: [args: string[], message: string][] = [
      [["--cafile", `${folder}/none`], "it does not exist"],
      [["--cafile", `${folder}/text.pem`], "there is no certificate in PEM"],
      [["--capath", `${folder}/none`], "it does not exist"],
      [["--capath", `${folder}/empty`], "no .pem, .crt or .cer file in it"],
      [["--cadata", "x"], "Cannot use --cadata"],
      [
        ["--cert", `${folder}/a.pem`, "--key", `${folder}/locked.key`],
        "the key is encrypted",
      ],
      [
        ["--cert", `${folder}/a.pem`, "--key", `${folder}/text.pem`],
        "there is no private key in PEM",
      ],
    ];
    for (const [args, message] of cases) {
      const error = await assertRejects(() => read(args), Error);
      assertStringIncludes(error.message, message);
    }
    const { options } = await read(["--capath", folder]);
    assertEquals([options.protocol, options.port], ["mqtts", 8883]);
    assertEquals(options.ca, ["-----BEGIN CERTIFICATE-----"]);
  });
});

Deno.test("readSettings() reads a configuration of aMQTT's client, and flags win", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/client.yaml`;
    await Deno.writeTextFile(
      path,
      `
keep_alive: 15
ping_delay: 2
default_qos: 2
cleansession: true
auto_reconnect: true
reconnect_retries: 3
reconnect-max-interval: 5
connection_timeout: 7
connection:
  uri: mqtt://alice:secret@broker:1884
  cafile:
topics:
  state: {qos: 1, retain: true}
will: {topic: gone, message: bye, qos: 1, retain: true}
plugins:
  amqtt.plugins.logging_amqtt.PacketLoggerPlugin:
`,
    );
    const { address, options, config, retries, maxPause } = await read([
      "--config-file",
      path,
    ]);
    assertEquals(address, "mqtt://broker:1884");
    assertEquals(
      [options.username, options.password, options.keepalive],
      ["alice", "secret", 15],
    );
    assertEquals(
      [options.connectTimeout, retries, maxPause, config.defaultQos],
      [7000, 3, 5000, 2],
    );
    assertEquals(config.topics, { state: { qos: 1, retain: true } });
    assertEquals(
      [options.will!.topic, `${options.will!.payload}`, options.will!.qos],
      ["gone", "bye", 1],
    );
    const changed = await read([
      ...["--config-file", path, "-h", "other", "-k", "1"],
      ...["--will-topic", "mine"],
    ]);
    assertEquals(changed.address, "mqtt://other:1883");
    assertEquals(changed.options.keepalive, 1);
    assertEquals(
      [changed.options.will!.topic, `${changed.options.will!.payload}`],
      ["mine", ""],
    );
    await Deno.writeTextFile(
      path,
      "keepalive: 5\ndefault_qos: 3\nwill: {topic: a}\nbroker: {url: x}\n",
    );
    const error = await assertRejects(
      () => read(["--config-file", path]),
      Error,
    );
    for (
      const part of [
        'keepalive is not a known key. Did you mean "keep-alive"?',
        "default_qos must be",
        "will needs both topic and message",
        "broker.url is not a known key",
      ]
    ) assertStringIncludes(error.message, part);
  });
});
