/** The admin listener, and the HTTP routes of plugins on it. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AdminServer } from "../../../broker/admin/server.ts";
import { Owned } from "../../../broker/services/owned.ts";
import { type Route, Routes } from "../../../broker/services/routes.ts";
import { type HttpHandler, ListenError } from "../../../mod.ts";
import {
  makeCertificates,
  makeClientCertificate,
} from "../../_certificates.ts";
import { startBroker } from "../../_client.ts";
import { RecordingLogger } from "../bundled/_context.ts";
import { startProbes } from "./_probe.ts";

const ADMIN = { admin: { bind: "127.0.0.1:0" } };
const TOKEN = "a-token-that-nobody-guesses";

/** Asks, and answers with status and text. */
async function ask(
  url: string,
  init: RequestInit & { client?: Deno.HttpClient } = {},
): Promise<[status: number, text: string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

/** Sends a request as it stands; `fetch()` writes some headers itself. */
async function askRaw(url: string, head: string): Promise<number> {
  const { hostname, port } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const request = `${head}\r\nConnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  const answer = await new Response(conn.readable).text();
  return Number(answer.slice(9, 12));
}

function bearer(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

Deno.test("/healthz and /readyz answer without a token, with reasons only for those who have it", async () => {
  const admin = { bind: "127.0.0.1:0", token: TOKEN };
  await using broker = await startProbes({ admin });
  const url = broker.broker.adminUrl!;
  assertEquals(await ask(`${url}/healthz`), [200, "ok\n"]);
  assertEquals(await ask(`${url}/readyz`), [200, "ready\n"]);
  broker.context.notReady("waits for rain");
  assertEquals(await ask(`${url}/healthz`), [200, "ok\n"]);
  assertEquals(await ask(`${url}/readyz`), [503, "not ready\n"]);
  assertEquals(
    await ask(`${url}/readyz`, bearer(TOKEN)),
    [503, "not ready\nprobe: waits for rain\n"],
  );
  broker.context.ready();
  assertEquals(await ask(`${url}/readyz`), [200, "ready\n"]);
  assertEquals((await ask(`${url}/readyz`, { method: "POST" }))[0], 405);
  assertEquals(await ask(`${url}/readyz`, { method: "HEAD" }), [200, ""]);
});

Deno.test("everything else needs the token", async () => {
  const admin = { bind: "127.0.0.1:0", token: TOKEN };
  await using broker = await startProbes({ admin });
  broker.context.http.route("GET", "/", () => new Response("in"));
  const url = broker.broker.adminUrl!;
  for (const path of ["/metrics", "/plugins/probe/", "/", "/unknown"]) {
    const refused = [
      undefined,
      "Bearer",
      "Bearer ",
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(0, -1)}`,
      `Bearer ${TOKEN.toUpperCase()}`,
      `Bearer ${TOKEN} ${TOKEN}`,
      `Basic ${btoa(`x:${TOKEN}`)}`,
      TOKEN,
    ];
    for (const authorization of refused) {
      const headers = new Headers();
      if (authorization !== undefined) {
        headers.set("authorization", authorization);
      }
      const response = await fetch(url + path, { headers });
      await response.body?.cancel();
      assertEquals(response.status, 401, `${path} ${authorization}`);
      assertEquals(
        response.headers.get("www-authenticate"),
        'Bearer realm="DinoMQ"',
      );
    }
  }
  assertEquals((await ask(`${url}/metrics`, bearer(TOKEN)))[0], 200);
  assertEquals(await ask(`${url}/plugins/probe/`, bearer(TOKEN)), [200, "in"]);
  assertEquals((await ask(`${url}/unknown`, bearer(TOKEN)))[0], 404);
  const lower = { headers: { authorization: `bearer ${TOKEN}` } };
  assertEquals((await ask(`${url}/metrics`, lower))[0], 200);
});

Deno.test("pages of others do not get through a browser", async () => {
  let asked = 0;
  await using broker = await startProbes(ADMIN);
  broker.context.http.route("POST", "/", () => new Response(`${++asked}`));
  const url = broker.broker.adminUrl!;
  const { host, port } = new URL(url);
  const post = "POST /plugins/probe HTTP/1.1\r\nContent-Length: 0\r\nHost: ";
  // A name that leads to this machine, which is what rebinding makes.
  for (
    const name of [
      ...["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"],
      ...["0.0.0.0", "192.168.1.1", "[::2]"],
    ]
  ) {
    assertEquals(await askRaw(url, `${post}${name}:${port}`), 403, name);
  }
  for (
    const header of [
      ...["Origin: http://evil.example", "Origin: null"],
      ...[`Origin: http://localhost:${port}`, "Sec-Fetch-Site: cross-site"],
      ...["Sec-Fetch-Site: same-site", "Origin: http://127.0.0.1:1"],
    ]
  ) {
    assertEquals(await askRaw(url, `${post}${host}\r\n${header}`), 403, header);
  }
  assertEquals(asked, 0);
  for (
    const head of [
      ...[`${post}${host}`, `${post}LOCALHOST:${port}`, `${post}[::1]:1`],
      `${post}${host}\r\nOrigin: http://${host}\r\nSec-Fetch-Site: same-origin`,
      `${post}${host}\r\nSec-Fetch-Site: none`,
    ]
  ) assertEquals(await askRaw(url, head), 200, head);
});

Deno.test("with a token the listener has any name, but still no other origins", async () => {
  const admin = { bind: "127.0.0.1:0", token: TOKEN };
  await using broker = await startBroker({ admin });
  const get = `GET /metrics HTTP/1.1\r\nAuthorization: Bearer ${TOKEN}\r\n`;
  const url = broker.adminUrl!;
  assertEquals(await askRaw(url, `${get}Host: mqtt.example`), 200);
  const strange = `${get}Host: mqtt.example\r\nOrigin: http://evil.example`;
  assertEquals(await askRaw(url, strange), 403);
});

Deno.test("plugins answer requests below their names", async () => {
  const names = ["one", "a/b ü"];
  await using broker = await startProbes(ADMIN, { names });
  const { http } = broker.context;
  const url = `${broker.broker.adminUrl}/plugins`;
  http.route("GET", "/", () => new Response("root"));
  http.route(
    "GET",
    "/devices/:id",
    (_request, { params }) => Response.json(params),
  );
  http.route("PUT", "/devices/:id", async (request, info) => {
    const { method } = request;
    const { pathname, search } = new URL(request.url);
    assertEquals(info.remoteAddress, "127.0.0.1");
    const body = await request.text();
    return new Response(
      [method, pathname, search, body, request.headers.get("x-a")].join(" "),
      { status: 201, headers: { "x-b": "b" } },
    );
  });
  const other = broker.probes["a/b ü"].context.http;
  other.route("GET", "/files/*", () => new Response("files"));
  assertEquals(await ask(`${url}/one/`), [200, "root"]);
  assertEquals(await ask(`${url}/one`), [200, "root"]);
  assertEquals(await ask(`${url}/one/devices/a%2Fb`), [200, '{"id":"a%2Fb"}']);
  assertEquals(await ask(`${url}/one/devices/x`, { method: "HEAD" }), [
    200,
    "",
  ]);
  const put = await fetch(`${url}/one/devices/x?y=z`, {
    method: "PUT",
    body: "body ü",
    headers: { "x-a": "a" },
  });
  assertEquals(put.status, 201);
  assertEquals(put.headers.get("x-b"), "b");
  assertEquals(await put.text(), "PUT /plugins/one/devices/x ?y=z body ü a");
  const wrong = await fetch(`${url}/one/devices/x`, { method: "DELETE" });
  await wrong.body?.cancel();
  assertEquals(wrong.status, 405);
  assertEquals(wrong.headers.get("allow"), "GET, PUT");
  assertEquals(await ask(`${url}/a_b__/files/x/y`), [200, "files"]);
  for (const path of ["/one/devices", "/two/", "/a_b__/devices/x", "/"]) {
    assertEquals((await ask(url + path))[0], 404, path);
  }
  for (
    const [method, path] of [["get", "/x"], ["GET", "x"], ["", "/x"], [
      "GET",
      "/(",
    ]]
  ) {
    assertThrows(
      () => http.route(method, path, () => new Response()),
      TypeError,
    );
  }
  assertThrows(
    () => http.route("GET", "/", () => new Response()),
    TypeError,
    "has it already",
  );
});

Deno.test("a route ends when it is removed, and with its broker", async () => {
  await using broker = await startProbes(ADMIN);
  const remove = broker.context.http.route("GET", "/", () => new Response("a"));
  const url = `${broker.broker.adminUrl}/plugins/probe/`;
  assertEquals(await ask(url), [200, "a"]);
  remove();
  remove();
  assertEquals((await ask(url))[0], 404);
  broker.context.http.route("GET", "/", () => new Response("b"));
  assertEquals(await ask(url), [200, "b"]);
  const { broker: host } = broker;
  const { http } = broker.context;
  await host.shutdown();
  await assertRejects(() => ask(url), TypeError);
  await host.start();
  http.route("GET", "/", () => new Response("of a plugin that is gone"));
  const again = `${host.adminUrl}/plugins/probe/`;
  assertEquals((await ask(again))[0], 404);
});

Deno.test("what a plugin does wrong is answered for without details", async () => {
  const logger = new RecordingLogger("error");
  await using broker = await startProbes(ADMIN, { logger });
  const { http } = broker.context;
  http.route("GET", "/throws", () => {
    throw new Error("secret");
  });
  http.route("GET", "/rejects", () => Promise.reject(new Error("secret")));
  http.route("GET", "/nothing", (() => "text") as unknown as HttpHandler);
  http.route(
    "POST",
    "/length",
    async (request) => new Response(`${(await request.bytes()).length}`),
  );
  const url = `${broker.broker.adminUrl}/plugins/probe`;
  for (const path of ["/throws", "/rejects", "/nothing"]) {
    assertEquals(await ask(url + path), [500, "the plugin failed\n"], path);
  }
  assertEquals(logger.lines, [
    "error: Cannot answer GET /plugins/probe/throws",
    "error: Cannot answer GET /plugins/probe/rejects",
    "error: Cannot answer GET /plugins/probe/nothing",
  ]);
  const post = (size: number, stream: boolean) => {
    const bytes = new Uint8Array(size);
    const body = stream ? new Blob([bytes]).stream() : bytes;
    return ask(`${url}/length`, { method: "POST", body });
  };
  for (const stream of [false, true]) {
    assertEquals(await post(1 << 20, stream), [200, `${1 << 20}`]);
    assertEquals((await post((1 << 20) + 1, stream))[0], 413);
  }
});

/** An admin listener alone, whose plugins a test can end. */
function openServer(timeLimit: number, logger = new RecordingLogger()) {
  const routes = new Owned<Route>();
  const server = new AdminServer({ hostname: "127.0.0.1", port: 0 }, {
    metrics: () => [],
    routes,
    waiting: () => [],
    logger,
    timeLimit,
  });
  const plugin = (name: string, live = true) => {
    const controller = new AbortController();
    const { signal } = controller;
    const owner = { name, logger, signal, live };
    const http = new Routes(owner, routes, () => true);
    return { http, owner, end: () => controller.abort() };
  };
  return { server, plugin, logger };
}

Deno.test("a plugin that takes too long, or ends, does not hold a request", async () => {
  const { server, plugin, logger } = openServer(50);
  const aborted: boolean[] = [];
  const never: HttpHandler = ({ signal }) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener("abort", () => {
        aborted.push(true);
        reject(signal.reason);
      })
    );
  const one = plugin("one");
  one.http.route("GET", "/", never);
  assertEquals(
    await ask(`${server.url}/plugins/one`),
    [503, "there was no answer in time\n"],
  );
  assertEquals(logger.lines, ["error: No answer to GET /plugins/one"]);
  await server.close();

  const { server: slow, plugin: slowPlugin } = openServer(1 << 30);
  const two = slowPlugin("two");
  const arrived = Promise.withResolvers<void>();
  two.http.route("GET", "/", (request, info) => {
    arrived.resolve();
    return never(request, info);
  });
  const answer = ask(`${slow.url}/plugins/two`);
  await arrived.promise;
  two.end();
  assertEquals(await answer, [503, "the plugin has ended\n"]);
  assertEquals((await ask(`${slow.url}/plugins/two`))[0], 404);
  assertEquals(aborted.length, 2);
  await slow.close();
});

Deno.test("of two instances of a plugin the newer one that is live answers", async () => {
  const { server, plugin } = openServer(10_000);
  const text = async () => (await ask(`${server.url}/plugins/a`))[1];
  const instance = (answer: string) => {
    const made = plugin("a");
    made.http.route("GET", "/", () => new Response(answer));
    return made;
  };
  const first = instance("first");
  const second = instance("second");
  assertEquals(await text(), "second");
  second.end();
  assertEquals(await text(), "first");
  instance("third");
  first.end();
  assertEquals(await text(), "third");
  const fourth = plugin("a", false);
  fourth.http.route("GET", "/", () => new Response("fourth"));
  assertEquals(await text(), "third");
  fourth.owner.live = true;
  assertEquals(await text(), "fourth");
  await server.close();
});

Deno.test("an answer without an end does not keep the broker from stopping", async () => {
  const broker = await startProbes(ADMIN);
  broker.context.http.route("GET", "/", () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(Uint8Array.of(97)),
      }),
    ));
  const response = await fetch(`${broker.broker.adminUrl}/plugins/probe`);
  const reader = response.body!.getReader();
  assertEquals((await reader.read()).value, Uint8Array.of(97));
  await broker.broker.shutdown();
  await reader.read().catch(() => {});
  await reader.cancel().catch(() => {});
});

Deno.test("a port that is in use keeps the broker from starting", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const admin = { bind: `127.0.0.1:${taken.addr.port}` };
  const error = await assertRejects(() => startBroker({ admin }), ListenError);
  assert(error.message.includes("(admin.bind): the port is in use"));
});

Deno.test("a plugin with routes that nobody can use is told so once", async () => {
  const logger = new RecordingLogger("warn");
  await using _broker = await startProbes({}, {
    logger,
    onConstruct({ http }) {
      http.route("GET", "/a", () => new Response());
      http.route("GET", "/b", () => new Response());
    },
  });
  const warnings = logger.lines.filter((line) => line.includes("no admin"));
  assertEquals(warnings.length, 1);
});

Deno.test("over TLS; a reload exchanges token and certificate", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { ca } = await makeCertificates(folder);
    await makeClientCertificate(
      folder,
      "second",
      "subjectAltName=IP:127.0.0.1,DNS:second\n",
    );
    const config = (name: string, token: string) => ({
      listeners: { default: { bind: "127.0.0.1:0" } },
      plugins: { auth_anonymous: null },
      admin: {
        bind: "127.0.0.1:0",
        token,
        ssl: true,
        certfile: `${folder}/${name}.pem`,
        keyfile: `${folder}/${name}.key`,
      },
    });
    await using broker = await startBroker(config("server", TOKEN));
    const url = `${broker.adminUrl}/metrics`;
    assert(url.startsWith("https://127.0.0.1:"), url);
    const status = async (token: string) => {
      using client = Deno.createHttpClient({ caCerts: [ca.cert] });
      return (await ask(url, { ...bearer(token), client }))[0];
    };
    assertEquals(await status(TOKEN), 200);
    const other = `${TOKEN}-2`;
    let result = await broker.reload(config("server", other));
    assertEquals(result.restart, []);
    assertEquals(await status(TOKEN), 401);
    assertEquals(await status(other), 200);
    // The second certificate has another name.
    const named = url.replace("127.0.0.1", "localhost");
    using client = Deno.createHttpClient({ caCerts: [ca.cert] });
    const asNamed = () => ask(named, { ...bearer(other), client });
    assertEquals((await asNamed())[0], 200);
    result = await broker.reload(config("second", other));
    assertEquals(result.restart, []);
    assertEquals(await status(other), 200);
    await assertRejects(asNamed, TypeError);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a reload names what needs a restart of the admin listener", async () => {
  const base = {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: { auth_anonymous: null },
  };
  await using broker = await startBroker({ ...base, ...ADMIN });
  const url = `${broker.adminUrl}/metrics`;
  const restartFor = async (config: object) =>
    (await broker.reload({ ...base, ...config })).restart;
  assertEquals(await restartFor({}), ["admin"]);
  assertEquals(await restartFor({ admin: { bind: "127.0.0.1:1" } }), [
    "admin.bind",
  ]);
  assertEquals((await ask(url))[0], 200);
  assertEquals(await restartFor({ admin: { bind: ":1", token: TOKEN } }), [
    "admin.bind",
  ]);
  // The token holds at once, also at the old address.
  assertEquals((await ask(url))[0], 401);
  assertEquals(await restartFor(ADMIN), []);
  assertEquals((await ask(url))[0], 200);
});
