/** `topic_jwt`, and both plugins in a broker. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import TopicJwt, { type TopicJwtOptions } from "../../../plugins/topic_jwt.ts";
import { BaseAuthPlugin, type Decision } from "../../../plugins/mod.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import { freePort } from "../../_ports.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  RecordingLogger,
} from "./_context.ts";
import { makeToken } from "./_tokens.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const CLAIMS = {
  publishClaim: "publish_acl",
  subscribeClaim: "subscribe_acl",
};
const PLUGINS = {
  "auth_jwt": { secretKey: SECRET, userClaim: "username" },
  "topic_jwt": CLAIMS,
};

/** What a client with these claims may do. */
async function decider(claims: object | undefined, options: object = CLAIMS) {
  const config = await checkedOptions<TopicJwtOptions>(TopicJwt, options);
  const { context, logger } = fakeContext(config);
  const plugin = new TopicJwt(context);
  const token = { claims, expiresAt: Infinity };
  const session = fakeSession({
    attributes: new Map(claims && [["auth_jwt.token", token]]),
  });
  const may = (action: "publish" | "subscribe" | "receive", topic: string) =>
    plugin.topicFiltering({ session, topic, action, qos: 0, retain: false });
  return { may, logger };
}

Deno.test("aMQTT 41: topic_jwt decides by the claims", async () => {
  const { may } = await decider({
    "publish_acl": ["my/topic/#", "my/+/other"],
    "subscribe_acl": ["my/+/other", "a/+"],
  });
  assertEquals(may("publish", "my/topic/one"), true);
  assertEquals(may("publish", "my/topic"), true);
  assertEquals(may("publish", "my/one/other"), true);
  assertEquals(may("publish", "my/one"), false);
  assertEquals(may("publish", "$SYS/x"), false);
  assertEquals(may("subscribe", "my/one/other"), true);
  assertEquals(may("subscribe", "a/+"), true);
  assertEquals(may("subscribe", "a/#"), false);
  assertEquals(may("subscribe", "#"), false);
  assertEquals(may("receive", "anything"), true);
});

Deno.test("topic_jwt: a receive claim, and claims that are no lists", async () => {
  const options = { ...CLAIMS, receiveClaim: "receive_acl" };
  const { may } = await decider({ "receive_acl": ["a/#", 1, null] }, options);
  assertEquals(may("receive", "a/b"), true);
  assertEquals(may("receive", "b"), false);
  for (const list of [undefined, "#", { 0: "#" }, 1, [["#"]], ["a/#/b"]]) {
    const { may } = await decider({
      "publish_acl": list,
      "subscribe_acl": list,
    });
    assertEquals(may("publish", "a/b"), false);
    assertEquals(may("subscribe", "a/#/b"), false);
  }
});

Deno.test("topic_jwt does not decide without a token, and says so once", async () => {
  const { may, logger } = await decider(undefined);
  for (const action of ["publish", "subscribe"] as const) {
    assertEquals(may(action, "a"), undefined);
  }
  // It is not asked to.
  assertEquals(may("receive", "a"), true);
  assertEquals(logger.lines, [
    "warn: A client has no token: topic_jwt decides only about clients that auth_jwt has let in",
  ]);
});

Deno.test("topic_jwt refuses wrong options", async () => {
  for (
    const options of [
      {},
      { publishClaim: "a" },
      { ...CLAIMS, publishClaim: "" },
      { ...CLAIMS, a: 1 },
    ]
  ) await assertRejects(() => checkedOptions(TopicJwt, options), TypeError);
});

/** Connects with a token. */
function connect(
  broker: Awaited<ReturnType<typeof startBroker>>,
  claims: Record<string, unknown>,
  options: object = {},
): Promise<TestClient> {
  return TestClient.connect(broker, {
    username: "example_user",
    password: makeToken(
      { username: "example_user", ...claims },
      SECRET,
    ) as never,
    ...options,
  });
}

/** Seconds since 1970, some from now. */
function inSeconds(seconds: number): number {
  return Date.now() / 1000 + seconds;
}

Deno.test("aMQTT 41: a broker with both plugins, by their dotted names", async () => {
  const logger = new RecordingLogger();
  await using broker = await startBroker({
    plugins: {
      "amqtt.contrib.jwt.UserAuthJwtPlugin": {
        "secret_key": SECRET,
        "user_claim": "username",
        "algorithm": "HS256",
      },
      "amqtt.contrib.jwt.TopicAuthJwtPlugin": {
        "secret_key": SECRET,
        "publish_claim": "publish_acl",
        "subscribe_claim": "subscribe_acl",
        "receive_claim": "receive_acl",
        "algorithm": "HS256",
      },
    },
  }, logger);
  await using client = await connect(broker, {
    exp: inSeconds(3600),
    "publish_acl": ["my/topic/#", "my/+/other"],
    "subscribe_acl": ["my/+/other", "mine"],
    "receive_acl": ["my/#"],
  });
  assertEquals(client.code, 0);
  assertEquals(await client.subscribe("my/one"), [128]);
  assertEquals(await client.subscribe(["my/one/other", "mine"]), [0, 0]);
  await client.publish("my/one", "no");
  assert(
    logger.lines.includes(
      "debug: Client not allowed to publish to TOPIC my/one",
    ),
  );
  broker.context.publish("mine", "not to be received");
  await client.send({
    cmd: "publish",
    topic: "my/one/other",
    payload: "yes",
    qos: 0,
    dup: false,
    retain: false,
  });
  assertEquals(await client.message(), "my/one/other: yes");
  await using expired = await connect(broker, { exp: inSeconds(-1) });
  assertEquals(expired.code, 5);
});

Deno.test("auth_jwt: the connection ends when the token does", async () => {
  await using broker = await startBroker({ plugins: PLUGINS });
  await using watcher = await connect(broker, { "subscribe_acl": ["#"] });
  await watcher.subscribe("will");
  await using v5 = await connect(broker, {
    exp: inSeconds(2.5),
    "publish_acl": ["will"],
  }, {
    version: 5,
    will: { topic: "will", payload: "gone", qos: 0, retain: false },
  });
  await using v4 = await connect(broker, { exp: inSeconds(2.5) });
  // Longer than a timer can run.
  await using later = await connect(broker, { exp: inSeconds(5e6) });
  assertEquals([v5.code, v4.code, later.code], [0, 0, 0]);
  const { reasonCode, properties } = await v5.expect("disconnect");
  assertEquals(
    [reasonCode, properties?.reasonString],
    [0xa0, "the token has expired"],
  );
  await v5.closed();
  await v4.closed();
  assertEquals(await watcher.message(), "will: gone");
  await later.ping();
  await watcher.ping();
  assertEquals(broker.describePlugins()[0].counters, { expired: 2 });
});

Deno.test("auth_jwt: a new token in time keeps a client connected", async () => {
  await using broker = await startBroker({ plugins: PLUGINS });
  const session = { clientId: "c", clean: false };
  await using short = await connect(broker, { exp: inSeconds(2) }, session);
  // Takes the session over, and its end.
  await using long = await connect(broker, { exp: inSeconds(3600) }, session);
  await short.closed();
  await using other = await connect(broker, { exp: inSeconds(3) });
  await other.closed();
  await long.ping();
});

Deno.test("topic_jwt: rights are those of the latest token, also without a client", async () => {
  await using broker = await startBroker({ plugins: PLUGINS });
  const session = { clientId: "c", clean: false };
  const claims = { "subscribe_acl": ["a", "b"] };
  await using first = await connect(broker, claims, session);
  assertEquals(await first.subscribe(["a", "b"], 1), [1, 1]);
  await first.disconnect();
  broker.context.publish("a", "kept", { qos: 1 });
  const less = { "subscribe_acl": ["b"] };
  await using second = await connect(broker, less, session);
  assertEquals(second.connack?.sessionPresent, true);
  assertEquals(await second.message(), "a: kept");
  assertEquals(await second.subscribe(["a", "b"], 1), [128, 1]);
});

Deno.test("topic_jwt: a stored session gets its messages also after a restart", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const config = {
      plugins: PLUGINS,
      store: { type: "sqlite", path: `${dir}/broker.db` } as const,
    };
    const session = { clientId: "c", clean: false };
    const claims = { "subscribe_acl": ["a"] };
    {
      await using broker = await startBroker(config);
      await using client = await connect(broker, claims, session);
      assertEquals(await client.subscribe("a", 1), [1]);
      await client.disconnect();
    }
    await using broker = await startBroker(config);
    broker.context.publish("a", "kept", { qos: 1 });
    await using client = await connect(broker, claims, session);
    assertEquals(client.connack?.sessionPresent, true);
    assertEquals(await client.message(), "a: kept");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** Lets in who has no token. */
class LetIn extends BaseAuthPlugin {
  authenticate({ session }: { session: { password?: Uint8Array } }): Decision {
    return String.fromCharCode(...session.password ?? []) === "let me in"
      ? true
      : undefined;
  }
}

Deno.test("topic_jwt: no token is left of an earlier connection", async () => {
  await using broker = await startBroker({
    plugins: [
      LetIn,
      { "auth_jwt": PLUGINS.auth_jwt },
      { "topic_jwt": CLAIMS },
    ],
    authPolicy: "first",
  });
  const session = { clientId: "c", clean: false };
  const claims = { "subscribe_acl": ["a"], exp: inSeconds(3600) };
  await using first = await connect(broker, claims, session);
  assertEquals(await first.subscribe("a"), [0]);
  await first.disconnect();
  await using second = await connect(broker, {}, {
    ...session,
    password: "let me in",
  });
  assertEquals(second.connack?.sessionPresent, true);
  assertEquals(await second.subscribe("a"), [128]);
});

Deno.test("auth_jwt: without its key set the broker starts, and nobody gets in", async () => {
  const logger = new RecordingLogger("error");
  await using broker = await startBroker({
    plugins: {
      "auth_jwt": {
        jwksUrl: `http://127.0.0.1:${freePort()}/jwks.json`,
        algorithms: ["RS256"],
      },
    },
  }, logger);
  await eventually(() => logger.lines.length === 1, "line of the log");
  assertStringIncludes(
    logger.lines[0],
    'The plugin "auth_jwt" failed in onBrokerPreStart(): Cannot read the key set',
  );
  await using client = await connect(broker, {});
  assertEquals(client.code, 5);
});
