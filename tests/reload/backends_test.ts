/** What the plugins that ask a server take over when the configuration is reloaded. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type BrokerConfig, PluginError } from "../../mod.ts";
import { makeCertificates } from "../_certificates.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { freePort } from "../_ports.ts";
import { HttpServer } from "../plugins/bundled/_http_server.ts";
import { makeToken, withFolder } from "../plugins/bundled/_tokens.ts";
import { eventsOf, urlOf } from "../plugins/bundled/_webhook.ts";
import { config, connect, login, subscribes } from "./_helpers.ts";

/** Lets one user in, and to one topic. */
function startServer(username: string, topic: string): Promise<HttpServer> {
  return HttpServer.start(({ body, path }) => {
    const question = JSON.parse(body);
    return {
      status: question.username === username &&
          (path === "/user" || question.topic === topic)
        ? 200
        : 403,
    };
  });
}

const HTTP = { requestMethod: "post", responseMode: "status", cacheTtl: 60 };

Deno.test("auth_http asks another server; logins that are under way end with the first", async () => {
  await using first = await startServer("alice", "");
  await using second = await startServer("bob", "");
  const present = (options: object) =>
    config({ auth_http: { ...HTTP, ...options } });
  await using broker = await startBroker(present(first.address));
  assertEquals(await login(broker, "alice"), true);

  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<{ status: number }>();
  first.handler = () => {
    arrived.resolve();
    return released.promise;
  };
  const waiting = login(broker, "carol");
  await arrived.promise;
  assertEquals(await broker.reload(present(second.address)), { restart: [] });
  assertEquals(await login(broker, "bob"), true);
  // Its answer was remembered, by the plugin as it was.
  assertEquals(await login(broker, "alice"), false);
  released.resolve({ status: 200 });
  assertEquals(await waiting, true);
  await eventually(() => first.open === 0, "end of the connections");

  const error = await assertRejects(
    () =>
      broker.reload(
        present({ ...first.address, withTls: true, cafile: "/none/ca.pem" }),
      ),
    PluginError,
  );
  assertStringIncludes(error.message, "/none/ca.pem");
  assertEquals(await login(broker, "bob"), true);
});

Deno.test("topic_http asks another server, and forgets what the first has answered", async () => {
  await using first = await startServer("alice", "a");
  await using second = await startServer("alice", "b");
  const present = ({ address }: HttpServer) =>
    config({ auth_anonymous: null, topic_http: { ...HTTP, ...address } });
  await using broker = await startBroker(present(first));
  await using client = await connect(broker, "alice");
  assertEquals(
    [await subscribes(client, "a"), await subscribes(client, "b")],
    [true, false],
  );
  assertEquals(await broker.reload(present(second)), { restart: [] });
  assertEquals(
    [await subscribes(client, "a"), await subscribes(client, "b")],
    [false, true],
  );
});

const [SECRET, OTHER_SECRET] = ["s".repeat(32), "t".repeat(32)];

Deno.test("auth_jwt takes another key, and keeps who is connected", async () => {
  const present = (options: object) => config({ auth_jwt: options });
  await using broker = await startBroker(present({ secretKey: SECRET }));
  const token = makeToken({ sub: "alice" }, SECRET);
  const other = makeToken({ name: "alice" }, OTHER_SECRET);
  await using client = await connect(broker, "alice", token);
  assertEquals(client.code, 0);
  assertEquals(await login(broker, "alice", other), false);
  assertEquals(
    await broker.reload(
      present({ secretKey: OTHER_SECRET, userClaim: "name" }),
    ),
    { restart: [] },
  );
  await client.ping();
  assertEquals(await login(broker, "alice", token), false);
  assertEquals(await login(broker, "alice", other), true);
  const error = await assertRejects(
    () =>
      broker.reload(
        present({ publicKeyFile: "/none/key.pem", algorithms: ["RS256"] }),
      ),
    PluginError,
  );
  assertStringIncludes(error.message, "/none/key.pem");
  assertEquals(await login(broker, "alice", other), true);
});

Deno.test("topic_jwt: subscriptions follow the claims that have other names", async () => {
  const present = (subscribeClaim: string) =>
    config({
      auth_jwt: { secretKey: SECRET },
      topic_jwt: { publishClaim: "p", subscribeClaim },
    });
  await using broker = await startBroker(present("one"));
  const claims = { sub: "alice", one: ["a", "b"], two: ["b", "c"] };
  await using client = await connect(
    broker,
    "alice",
    makeToken(claims, SECRET),
  );
  assertEquals(await client.subscribe(["a", "b"]), [0, 0]);
  assertEquals(await broker.reload(present("two")), { restart: [] });
  assertEquals(
    [...broker.context.subscriptions()].map(({ filter }) => filter),
    ["b"],
  );
  assertEquals(
    [await subscribes(client, "a"), await subscribes(client, "c")],
    [false, true],
  );
});

Deno.test("webhook sends what waits to another server; other events need a restart", async () => {
  await using first = await HttpServer.start(() => ({ status: 204 }));
  await using second = await HttpServer.start(() => ({ status: 204 }));
  const present = (url: string, options: object) =>
    config({
      auth_anonymous: null,
      webhook: {
        url,
        secret: "s",
        events: ["broker_client_connected"],
        ...options,
      },
    });
  await using broker = await startBroker(
    present(urlOf(first), { batchDelay: 60 }),
  );
  await using client = await connect(broker, "alice");
  await client.ping();
  assertEquals(
    await broker.reload(present(urlOf(second), { batchDelay: 0.01 })),
    { restart: [] },
  );
  await eventually(() => eventsOf(second).length > 0, "event");
  assertEquals(eventsOf(second)[0].event, "broker_client_connected");
  assertEquals(first.requests.length, 0);
  assertEquals(
    await broker.reload(
      present(urlOf(second), { events: ["broker_client_subscribed"] }),
    ),
    { restart: ["plugins.webhook"] },
  );
});

Deno.test("auth_cert takes the certificate for something else", () =>
  withFolder(async (folder) => {
    const pairs = await makeCertificates(folder);
    const present = (useAs: string): BrokerConfig => ({
      listeners: {
        default: {
          bind: "127.0.0.1:0",
          ssl: true,
          certfile: `${folder}/server.pem`,
          keyfile: `${folder}/server.key`,
          cafile: `${folder}/ca.pem`,
        },
      },
      plugins: { auth_cert: { uriDomain: "example.org", useAs } } as never,
    });
    await using broker = await startBroker(present("client-id"));
    const code = async (clientId: string) => {
      const conn = await Deno.connectTls({
        hostname: "localhost",
        port: broker.listeners[0].port,
        caCerts: [pairs.ca.cert],
        ...pairs.client,
      });
      await using client = await TestClient.connect(conn, { clientId });
      const { username } = broker.context.getSession(clientId) ?? {};
      return [client.code, username];
    };
    assertEquals([await code("1"), await code("any")], [
      [0, undefined],
      [5, undefined],
    ]);
    assertEquals(await broker.reload(present("username")), { restart: [] });
    assertEquals(await code("any"), [0, "1"]);
  }));

Deno.test("bridge says that other options need a restart", async () => {
  const present = (pattern: string) =>
    config({
      auth_anonymous: null,
      bridge: {
        url: `mqtt://127.0.0.1:${freePort()}`,
        topics: [{ pattern }],
      },
    });
  await using broker = await startBroker(present("a"));
  assertEquals(await broker.reload(present("b")), {
    restart: ["plugins.bridge"],
  });
});
