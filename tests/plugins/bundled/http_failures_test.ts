/** Servers that are slow, down or wrong never let anyone in. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import AuthHttp, { type AuthHttpOptions } from "../../../plugins/auth_http.ts";
import TopicHttp, {
  type TopicHttpOptions,
} from "../../../plugins/topic_http.ts";
import { makeCertificates } from "../../_certificates.ts";
import {
  connectPacket,
  eventually,
  startBroker,
  TestClient,
} from "../../_client.ts";
import { freePort } from "../../_ports.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  RecordingLogger,
  topicEvent,
} from "./_context.ts";
import { HttpServer, type Reply } from "./_http_server.ts";

const LOGIN = {
  session: fakeSession({
    username: "alice",
    password: new TextEncoder().encode("secret word"),
  }),
};

/** Asks once, over a plugin with these options. */
async function ask(
  options: Record<string, unknown>,
): Promise<boolean | undefined> {
  const config = await checkedOptions<AuthHttpOptions>(AuthHttp, {
    timeout: 20,
    ...options,
  });
  const { context, counters } = fakeContext(config);
  const plugin = new AuthHttp(context);
  try {
    return await plugin.authenticate(LOGIN);
  } catch (error) {
    assertEquals(counters.failedRequests, 1);
    throw error;
  } finally {
    plugin.close();
  }
}

const WRONG: ReadonlyArray<
  [mode: string, reply: Reply, why: string]
> = [
  ["status", { status: 502 }, "the status is 502"],
  ["status", { status: 503 }, "the status is 503"],
  ["status", { status: 504 }, "the status is 504"],
  ["json", { status: 500, body: '{"ok":true}' }, "the status is 500"],
  [
    "json",
    { status: 302, headers: { location: "/user" } },
    "redirects are not",
  ],
  ["json", { body: "<html>ok</html>" }, "the response is not JSON"],
  ["json", { body: "[true]" }, "the response is not a JSON object"],
  ["json", { body: "null" }, "the response is not a JSON object"],
  ["json", { body: '{"ok":"true"}' }, '"ok" of the response is not true'],
  ["json", { body: '{"ok":1}' }, '"ok" of the response is not true'],
  ["json", { body: `{"ok":true,"x":"${"x".repeat(70_000)}"}` }, "is longer"],
  ["text", { status: 500, body: "ok" }, "the status is 500"],
];

for (const [mode, reply, why] of WRONG) {
  const what = `${reply.status ?? 200} ${(reply.body ?? "").slice(0, 16)}`;
  Deno.test(`auth_http takes no answer from a wrong response: ${mode} ${what}`, async () => {
    await using server = await HttpServer.start(() => reply);
    const options = { ...server.address, responseMode: mode };
    const error = await assertRejects(() => ask(options), Error, why);
    assertStringIncludes(
      error.message,
      `Cannot ask http://127.0.0.1:${server.port}/user: `,
    );
  });
}

const REFUSED: ReadonlyArray<[mode: string, reply: Reply]> = [
  ["json", { status: 404, body: '{"ok":true}' }],
  ["text", { status: 401, body: "ok" }],
  ["text", { body: "ok\n" }],
  ["text", { body: "" }],
];

for (const [mode, reply] of REFUSED) {
  Deno.test(`auth_http takes a no from ${mode} ${JSON.stringify(reply)}`, async () => {
    await using server = await HttpServer.start(() => reply);
    const options = { ...server.address, responseMode: mode };
    assertEquals(await ask(options), false);
  });
}

Deno.test("auth_http: nobody listens, nobody has that name", async () => {
  const dead = { host: "127.0.0.1", port: freePort() };
  await assertRejects(() => ask(dead), Error, "ECONNREFUSED");
  for (const host of ["::1", "[::1]"]) {
    await assertRejects(
      () => ask({ ...dead, host }),
      Error,
      `Cannot ask http://[::1]:${dead.port}/user: `,
    );
  }
  const nowhere = { host: "nowhere.invalid", port: 80 };
  await assertRejects(() => ask(nowhere), Error, "Cannot ask http://nowhere");
});

Deno.test("auth_http: a server that never answers, or stops in the middle", async () => {
  await using server = await HttpServer.start(() => undefined);
  await assertRejects(
    () => ask({ ...server.address, timeout: 0.05 }),
    Error,
    "no answer in time",
  );
  const texts = [
    'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok":true}',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"ok":true}\r\n',
    "HTTP/1.1 200 OK\r\n",
    "SSH-2.0-OpenSSH\r\n",
    "",
  ];
  for (const text of texts) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      using conn = await listener.accept();
      await conn.read(new Uint8Array(4096));
      await conn.write(new TextEncoder().encode(text));
    })();
    const { port } = listener.addr as Deno.NetAddr;
    await assertRejects(
      () => ask({ host: "127.0.0.1", port }),
      Error,
      "Cannot",
    );
    await serving;
  }
});

Deno.test("auth_http asks again if a kept connection is gone", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const answer = new TextEncoder().encode(
    'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}',
  );
  let connections = 0;
  const serving = (async () => {
    for (; connections < 2; connections++) {
      using conn = await listener.accept();
      await conn.read(new Uint8Array(4096));
      await conn.write(answer);
      // The second question on the first connection is never answered.
      if (connections === 0) await conn.read(new Uint8Array(4096));
    }
  })();
  const config = await checkedOptions<AuthHttpOptions>(AuthHttp, {
    host: "127.0.0.1",
    port,
    timeout: 20,
  });
  const { context, counters } = fakeContext(config);
  const plugin = new AuthHttp(context);
  assertEquals(await plugin.authenticate(LOGIN), true);
  // The connection goes back to the pool in its own time.
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(await plugin.authenticate(LOGIN), true);
  plugin.close();
  await serving;
  assertEquals([connections, counters], [2, { requests: 2 }]);
});

Deno.test("auth_http trusts only who signed the server's certificate", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { server: pair } = await makeCertificates(dir);
    await using server = await HttpServer.start(
      () => ({ body: '{"ok":true}' }),
      pair,
    );
    const options = { ...server.address, withTls: true };
    assertEquals(await ask({ ...options, cafile: `${dir}/ca.pem` }), true);
    for (const cafile of [undefined, `${dir}/other_ca.pem`]) {
      const error = await assertRejects(() => ask({ ...options, cafile }));
      assertStringIncludes(
        (error as Error).message,
        `Cannot ask https://127.0.0.1:${server.port}/user: `,
      );
    }
    assertEquals(server.requests.length, 1);
    await assertRejects(
      () => ask({ ...options, cafile: `${dir}/no.pem` }),
      Error,
      `Cannot read the file "${dir}/no.pem" of "cafile": there is no such file`,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("auth_http: an error shows no password, also not of the query", async () => {
  await using server = await HttpServer.start(() => ({ status: 500 }));
  const error = await assertRejects(() =>
    ask({ ...server.address, paramsMode: "form" })
  );
  assertEquals(server.requests[0].query.get("password"), "secret word");
  assert(!Deno.inspect(error).includes("secret"));
});

Deno.test("auth_http does not ask for a password that is not text", async () => {
  await using server = await HttpServer.start(() => ({ body: '{"ok":true}' }));
  const config = await checkedOptions<AuthHttpOptions>(
    AuthHttp,
    server.address,
  );
  const plugin = new AuthHttp(fakeContext(config).context);
  const password = new Uint8Array([0x61, 0xff]);
  const session = fakeSession({ username: "alice", password });
  assertEquals(plugin.authenticate({ session }), false);
  plugin.close();
  assertEquals(server.requests, []);
});

Deno.test("topic_http: what was under way when the plugin is closed is denied", async () => {
  await using server = await HttpServer.start(() => undefined);
  const config = await checkedOptions<TopicHttpOptions>(TopicHttp, {
    ...server.address,
    maxRequests: 1,
    timeout: 60,
  });
  const { context, counters, abort } = fakeContext(config);
  const plugin = new TopicHttp(context);
  const answers = ["a", "b", "c"].map((topic) =>
    plugin.topicFiltering(topicEvent("publish", "alice", topic))
  );
  await eventually(() => server.requests.length === 1, "request");
  abort();
  plugin.close();
  assertEquals(await Promise.all(answers), [false, false, false]);
  const late = topicEvent("publish", "alice", "d");
  assertEquals(await plugin.topicFiltering(late), false);
  assertEquals([server.requests.length, counters], [1, { requests: 1 }]);
});

Deno.test("auth_http asks few questions at one time, and goes on when the server answers again", async () => {
  let answers = true;
  await using server = await HttpServer.start(() =>
    answers ? { body: '{"ok":true}' } : undefined
  );
  const logger = new RecordingLogger("warn");
  await using broker = await startBroker({
    plugins: {
      auth_http: { ...server.address, timeout: 0.5, maxRequests: 20 },
    },
  }, logger);
  await using early = await TestClient.connect(broker);
  assertEquals(early.code, 0);
  answers = false;
  server.peak = server.open;
  const clients: TestClient[] = [];
  for (let i = 0; i < 100; i++) {
    const client = await TestClient.open(broker);
    clients.push(client);
    await client.send(connectPacket());
  }
  const codes = await Promise.all(clients.map(async (client) => {
    const { returnCode } = await client.expect("connack");
    await client.close();
    return returnCode;
  }));
  assertEquals(codes, Array(100).fill(5));
  // Some more than 20, because the server notices late what has ended.
  assert(server.peak <= 60, `${server.peak} connections at one time`);
  const { failures, counters } = broker.describePlugins()[0];
  assertEquals([failures, counters.failedRequests], [100, 100]);
  assert(counters.requests <= 100);
  const lines = logger.lines.filter((line) => line.includes("auth_http"));
  assert(lines.length >= 1 && lines.length < 10, lines.join("\n"));
  assertStringIncludes(
    lines[0],
    'error: The plugin "auth_http" failed in auth',
  );
  assertStringIncludes(lines[0], "/user: no answer in time");
  // It is back.
  answers = true;
  await using late = await TestClient.connect(broker);
  assertEquals(late.code, 0);
});
