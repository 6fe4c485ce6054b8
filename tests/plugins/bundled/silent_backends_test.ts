/** A back-end that never answers and many connecting clients, for every plugin that has one. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import type { Broker, BrokerConfig } from "../../../mod.ts";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  BaseTopicPlugin,
  type Decision,
  type TopicFilteringEvent,
} from "../../../plugins/mod.ts";
import { connectPacket, startBroker, TestClient } from "../../_client.ts";
import { statusOf } from "./_bridge.ts";
import { RecordingLogger } from "./_context.ts";
import { READER } from "./_ldap_server.ts";
import { makeKeys, makeToken } from "./_tokens.ts";

const CLIENTS = 1000;
/** For the other ways to a back-end of the same plugin. */
const FEWER_CLIENTS = 100;
const SECRET = "not-for-the-log";
const PEER = "127.0.0.1:PORT";
const DIRECTORY = {
  baseDn: "dc=amqtt,dc=io",
  userAttribute: "uid",
  ...READER,
};
const RIGHTS = {
  publishAttribute: "p",
  subscribeAttribute: "s",
  receiveAttribute: "r",
};
const LDAP = {
  "LDAP": { server: `ldap://${PEER}` },
  "STARTTLS": { server: `ldap://${PEER}`, startTls: true },
  "LDAPS": { server: `ldaps://${PEER}` },
};
const DATABASES = ["postgresql", "mysql"];
const TIMEOUT = { timeout: 0.2 };
/** Which question fails first: one that was sent, or one that waited for its turn. */
const HTTP_WHY =
  /in time|no answer within 0\.2 s: \d+ other requests are under way/;

/** Options of plugins that decide; `PORT` is where nobody answers. */
const DECIDING: [
  alias: string,
  how: string,
  options: object,
  why: string | RegExp,
][] = [
  ["auth_http", "HTTP", { host: "127.0.0.1", port: "PORT" }, HTTP_WHY],
  ["topic_http", "HTTP", { host: "127.0.0.1", port: "PORT" }, HTTP_WHY],
  [
    "auth_jwt",
    "a key set",
    { jwksUrl: `http://${PEER}/jwks`, algorithms: ["ES256"] },
    "no answer in time",
  ],
  ...DATABASES.flatMap((kind) => {
    const connection = `${kind}://user:${SECRET}@${PEER}/auth`;
    return ["auth_db", "topic_db"].map((
      alias,
    ): typeof DECIDING[number] => [
      alias,
      kind,
      { connection },
      "no answer within 0.2 s",
    ]);
  }),
  ...Object.entries(LDAP).flatMap(([how, server]) =>
    [
      ["auth_ldap", how, { ...DIRECTORY, ...server }, "no answer within 0.2 s"],
      [
        "topic_ldap",
        how,
        { ...DIRECTORY, ...server, ...RIGHTS },
        "no answer within 0.2 s",
      ],
    ] as typeof DECIDING
  ),
];

/** Takes connections and says nothing. */
class SilentServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: Deno.Conn[] = [];
  readonly #accepting: Promise<void>;

  constructor() {
    this.#accepting = (async () => {
      for await (const one of this.#listener) this.#connections.push(one);
    })();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  get connections(): number {
    return this.#connections.length;
  }

  /** Puts the port into options. */
  in<Options extends object>(options: Options): Options {
    return JSON.parse(
      JSON.stringify(options).replaceAll('"PORT"', `${this.port}`)
        .replaceAll("PORT", `${this.port}`),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const connection of this.#connections) connection.close();
  }
}

/** Lets guests in without a look at the back-end. */
class AuthGuest extends BaseAuthPlugin {
  authenticate({ session }: AuthenticateEvent): Decision {
    return session.username === "guest" || undefined;
  }
}

/** Allows guests everything; others are let in only. */
class TopicGuest extends BaseTopicPlugin {
  topicFiltering({ session }: TopicFilteringEvent): Decision {
    return session.username === "guest" || undefined;
  }
}

const tested = new Set<string>();
for (const [alias, how, options, why] of DECIDING) {
  const count = tested.has(alias) ? FEWER_CLIENTS : CLIENTS;
  tested.add(alias);
  Deno.test(`${alias} with ${how}: a back-end that never answers and ${count} connecting clients`, async () => {
    await using silent = new SilentServer();
    const isAuth = alias.startsWith("auth");
    const logger = new RecordingLogger("warn");
    await using broker = await startBroker({
      authPolicy: "first",
      topicPolicy: "first",
      plugins: [
        isAuth ? AuthGuest : TopicGuest,
        ...(isAuth ? [] : ["auth_anonymous"]),
        { [alias]: { ...silent.in(options), ...TIMEOUT } },
      ] as BrokerConfig["plugins"],
    }, logger);
    await others(broker, async () => {
      const answers = await storm(broker, isAuth, count);
      assertEquals(new Set(answers), new Set([isAuth ? 5 : 0x80]));
    });
    const found = broker.describePlugins().find(({ name }) => name === alias)!;
    assert(found.failures >= count, `${found.failures} failures`);
    assert(silent.connections > 0);
    const lines = logger.lines.filter((line) => line.startsWith("error"));
    // One at the start perhaps, one in ten seconds, and those of a slow machine.
    assert(lines.length >= 1 && lines.length < 10, lines.join("\n"));
    assertStringIncludes(lines[0], `The plugin "${alias}" failed in`);
    if (typeof why === "string") assertStringIncludes(lines[0], why);
    else assertMatch(lines[0], why);
    for (const secret of [SECRET, READER.bindPassword]) {
      assertEquals(logger.lines.join().includes(secret), false);
    }
  });
}

/** Other clients are served before, during and after it. */
async function others(
  broker: Broker,
  storm: () => Promise<void>,
): Promise<void> {
  const guest = { username: "guest" };
  await using subscriber = await TestClient.connect(broker, guest);
  await using publisher = await TestClient.connect(broker, guest);
  assertEquals(await subscriber.subscribe("news"), [0]);
  let isOver = false;
  const storming = storm().finally(() => isOver = true);
  let round = 0;
  do {
    await publisher.publish("news", `${++round}`);
    assertEquals(await subscriber.message(), `news: ${round}`);
    // The processor is for the others.
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (!isOver || round < 3);
  await storming;
  assert(round >= 3, `${round} rounds`);
}

/** All clients at one time; resolves to what each was answered. */
async function storm(
  broker: Broker,
  isAuth: boolean,
  count: number,
): Promise<number[]> {
  const token = Buffer.from(
    makeToken({ sub: "x" }, makeKeys("ES256"), "ES256", "kid"),
  );
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      await using client = await TestClient.open(broker);
      await client.send(
        connectPacket({ username: `user${i}`, password: token }),
      );
      const { returnCode } = await client.expect("connack");
      if (isAuth) return returnCode!;
      assertEquals(returnCode, 0);
      const [code] = await client.subscribe("news");
      return code;
    }),
  );
}

Deno.test("webhook, bridge: a back-end that never answers and 1000 connecting clients", async () => {
  await using silent = new SilentServer();
  const logger = new RecordingLogger("warn");
  {
    await using broker = await startBroker({
      plugins: [
        "auth_anonymous",
        {
          webhook: silent.in({
            url: `http://${PEER}/events`,
            secret: SECRET,
            batchSize: 10,
            maxQueuedEvents: 100,
            maxRetries: 0,
            ...TIMEOUT,
          }),
        },
        {
          bridge: silent.in({
            url: `mqtt://${PEER}`,
            topics: [{ pattern: "#", direction: "both" }],
            maxQueuedMessages: 10,
          }),
        },
      ] as BrokerConfig["plugins"],
    }, logger);
    await others(broker, async () => {
      const answers = await Promise.all(
        Array.from({ length: CLIENTS }, async (_, i) => {
          await using client = await TestClient.connect(broker);
          await client.publish(`clients/${i}`, "x", { qos: 1 });
          return client.code;
        }),
      );
      assertEquals(new Set(answers), new Set([0]));
    });
    assertEquals(statusOf(broker, "state"), "0");
    const [, webhook, bridge] = broker.describePlugins();
    assert(webhook.counters.droppedEvents > CLIENTS, "dropped events");
    assertEquals(bridge.counters.dropped >= CLIENTS - 10, true);
    assertEquals([webhook.failures, bridge.failures], [0, 0]);
    assertStringIncludes(
      logger.lines.join("\n"),
      "Events are dropped: the queue is full",
    );
  }
  assertStringIncludes(
    logger.lines.join("\n"),
    "messages did not get to the other side",
  );
});
