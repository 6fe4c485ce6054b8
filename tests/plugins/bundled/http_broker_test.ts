/** `auth_http` and `topic_http` in a broker. */

import { assert, assertEquals } from "@std/assert";
import AuthHttp from "../../../plugins/auth_http.ts";
import TopicHttp from "../../../plugins/topic_http.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { checkedOptions } from "./_context.ts";
import { HttpServer, type SeenRequest } from "./_http_server.ts";

/** What a test server was asked: path and parameters. */
function asked({ requests }: HttpServer): string[] {
  return requests.map(({ path, body }) => `${path} ${body}`);
}

const OK = { body: '{"ok":true}' };
const NO = { body: '{"ok":false}' };

/** Alice may use her own topics, root every one, nobody else may do anything. */
function decide({ path, body }: SeenRequest) {
  const { username, password, topic } = JSON.parse(body);
  switch (path) {
    case "/user":
      return password === `${username}'s` ? OK : NO;
    case "/superuser":
      return username === "root" ? OK : NO;
    default:
      return topic.startsWith(`${username}/`) ? OK : NO;
  }
}

Deno.test("aMQTT 40: the plugins by their dotted names, with aMQTT's options", async () => {
  await using server = await HttpServer.start(decide);
  const options = {
    ...server.address,
    "request_method": "post",
    "params_mode": "json",
    "response_mode": "json",
    "with_tls": false,
    "user_agent": "amqtt",
    "superuser_uri": "/superuser",
    timeout: 4,
  };
  await using broker = await startBroker({
    plugins: {
      "amqtt.contrib.http.UserAuthHttpPlugin": {
        ...options,
        "user_uri": "/user",
      },
      "amqtt.contrib.http.TopicAuthHttpPlugin": {
        ...options,
        "topic_uri": "/acl",
      },
    },
  });
  assertEquals(
    broker.describePlugins().map(({ name }) => name),
    ["auth_http", "topic_http"],
  );
  await using alice = await TestClient.connect(broker, {
    clientId: "a",
    username: "alice",
    password: "alice's" as never,
  });
  assertEquals(alice.code, 0);
  assertEquals(await alice.subscribe(["alice/#", "bob/#"], 1), [1, 0x80]);
  await using root = await TestClient.connect(broker, {
    clientId: "r",
    username: "root",
    password: "root's" as never,
  });
  await root.publish("alice/inbox", "hello", { qos: 1 });
  assertEquals(await alice.message(), "alice/inbox: hello");
  await using eve = await TestClient.connect(broker, {
    clientId: "e",
    username: "alice",
    password: "guess" as never,
  });
  assertEquals(eve.code, 5);
  await using nobody = await TestClient.connect(broker, { clientId: "n" });
  assertEquals(nobody.code, 5);
  assertEquals(asked(server), [
    '/user {"username":"alice","password":"alice\'s","client_id":"a"}',
    '/superuser {"username":"alice","client_id":"a"}',
    '/acl {"username":"alice","client_id":"a","topic":"alice/#","acc":4}',
    '/acl {"username":"alice","client_id":"a","topic":"bob/#","acc":4}',
    '/user {"username":"root","password":"root\'s","client_id":"r"}',
    '/superuser {"username":"root","client_id":"r"}',
    '/acl {"username":"alice","client_id":"a","topic":"alice/inbox","acc":1}',
    '/user {"username":"alice","password":"guess","client_id":"e"}',
    '/user {"username":null,"password":null,"client_id":"n"}',
  ]);
  for (const { headers } of server.requests) {
    assertEquals(headers["user-agent"], "amqtt");
  }
  // One connection for each plugin.
  assertEquals(server.connections, 2);
});

Deno.test("topic_http remembers answers until the client disconnects", async () => {
  let cacheControl: string | undefined;
  await using server = await HttpServer.start(() => ({
    ...OK,
    ...(cacheControl && { headers: { "cache-control": cacheControl } }),
  }));
  await using broker = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_http: { ...server.address, "request-method": "post" },
    },
  });
  const publishes = async (client: TestClient, topic: string) => {
    const before = server.requests.length;
    for (let i = 0; i < 3; i++) await client.publish(topic, "x", { qos: 1 });
    return server.requests.length - before;
  };
  {
    await using client = await TestClient.connect(broker, { clientId: "c" });
    assertEquals(await publishes(client, "t"), 1);
    assertEquals(await publishes(client, "t"), 0);
    assertEquals(await publishes(client, "u"), 1);
    await using other = await TestClient.connect(broker, { clientId: "d" });
    assertEquals(await publishes(other, "t"), 1);
    await client.disconnect();
  }
  await using client = await TestClient.connect(broker, { clientId: "c" });
  assertEquals(await publishes(client, "t"), 1);
  for (
    const [value, requests] of [
      ["no-store", 3],
      ["private, no-cache", 3],
      ["max-age=0", 3],
      ["public, max-age=600", 1],
      ["private", 1],
    ] as const
  ) {
    cacheControl = value;
    assertEquals(await publishes(client, value), requests, value);
  }
});

Deno.test("a will is asked for in the name of its own user, not of the session's", async () => {
  await using server = await HttpServer.start(({ body }) => {
    const { username } = JSON.parse(body);
    return username === "alice" ? OK : NO;
  });
  await using broker = await startBroker({
    // Else eve would be refused before she is asked about.
    clientIdConflict: "fresh",
    plugins: {
      auth_anonymous: null,
      topic_http: { ...server.address, "request-method": "post" },
    },
  });
  await using alice = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
    username: "alice",
  });
  await alice.publish("t", "x", { qos: 0 });
  await using eve = await TestClient.connect(broker, {
    version: 5,
    clientId: "c",
    username: "eve",
    will: { topic: "t", payload: "x" as never, qos: 0, retain: false },
  });
  assertEquals(eve.code, 0x87);
  assertEquals(server.requests.length, 2);
  await alice.ping();
});

Deno.test("auth_http remembers who got in only if it is told to", async () => {
  let ok = true;
  await using server = await HttpServer.start(() => ok ? OK : NO);
  for (const [ttl, requests] of [[undefined, 2], [60, 1]] as const) {
    await using broker = await startBroker({
      plugins: {
        auth_http: {
          ...server.address,
          ...(ttl !== undefined && { "cache-ttl": ttl }),
        },
      },
    });
    const connect = async (username: string, password: string) => {
      await using client = await TestClient.connect(broker, {
        clientId: "c",
        username,
        password: password as never,
      });
      return client.code;
    };
    server.requests.length = 0;
    assertEquals(await connect("alice", "secret"), 0);
    assertEquals(await connect("alice", "secret"), 0);
    assertEquals(server.requests.length, requests);
    // Somebody else is asked for, and a "no" is not remembered.
    ok = false;
    assertEquals(await connect("alice", "Secret"), 5);
    assertEquals(await connect("alic", "esecret"), 5);
    ok = true;
    assertEquals(await connect("alice", "Secret"), 0);
  }
});

Deno.test("auth_http and topic_http refuse options that cannot work", async () => {
  const good = { host: "h", port: 80 };
  const bad = [
    { port: 80 },
    { host: "h" },
    { host: "", port: 80 },
    { ...good, port: 0 },
    { ...good, requestMethod: "delete" },
    { ...good, paramsMode: "xml" },
    { ...good, responseMode: "yes" },
    { ...good, timeout: 0 },
    { ...good, timeout: 61 },
    { ...good, cacheTtl: -1 },
    { ...good, maxRequests: 0 },
    { ...good, superuserUri: "superuser" },
    { ...good, superuserUri: "/a b" },
    { ...good, userAgent: "a\r\nb: c" },
    { ...good, a: 1 },
  ];
  for (const plugin of [AuthHttp, TopicHttp]) {
    for (const options of bad) {
      let refused = false;
      await checkedOptions(plugin, options).catch(() => refused = true);
      assert(refused, JSON.stringify(options));
    }
    const { requestMethod, superuserUri } = await checkedOptions<
      Record<string, unknown>
    >(plugin, { ...good, requestMethod: "POST", superuserUri: null });
    assertEquals([requestMethod, superuserUri], ["post", null]);
  }
});
