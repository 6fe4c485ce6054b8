/** How `webhook` delivers events. */

import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Webhook as Verifier } from "standardwebhooks";
import { EventQueue } from "../../../plugins/_webhook/event_queue.ts";
import { makeCertificates } from "../../_certificates.ts";
import { eventually } from "../../_client.ts";
import { freePort } from "../../_ports.ts";
import { type Handler, HttpServer } from "./_http_server.ts";
import {
  bodyOf,
  eventsOf,
  makeWebhook,
  OK,
  SECRET,
  urlOf,
} from "./_webhook.ts";

Deno.test("webhook signs as Standard Webhooks says", async () => {
  for (
    const [secret, verifier] of [
      [SECRET, new Verifier(SECRET)],
      ["any text", new Verifier("any text", { format: "raw" })],
    ] as const
  ) {
    await using server = await HttpServer.start(OK);
    const { plugin, emit } = await makeWebhook(urlOf(server), { secret });
    emit();
    await plugin.close();
    const [{ headers, body }] = server.requests;
    const sent = headers as Record<string, string>;
    assertMatch(sent["webhook-id"], /^msg_[0-9a-f-]{36}$/);
    assertEquals(verifier.verify(body, sent), JSON.parse(body));
    const forged: Array<[string, Record<string, string>]> = [
      [`${body} `, sent],
      [body, { ...sent, "webhook-id": "msg_other" }],
      [body, {
        ...sent,
        "webhook-timestamp": `${+sent["webhook-timestamp"] + 1}`,
      }],
    ];
    for (const [text, fields] of forged) {
      assertThrows(() => verifier.verify(text, fields), Error);
    }
  }
});

Deno.test("webhook without a secret warns, and does not sign", async () => {
  await using server = await HttpServer.start(OK);
  const { plugin, fake, emit } = await makeWebhook(urlOf(server), {
    secret: undefined,
  });
  emit();
  await plugin.close();
  assertEquals(server.requests[0].headers["webhook-signature"], undefined);
  assertEquals(fake.logger.lines, [
    'warn: "secret" is not set: the server cannot tell who sends it events',
  ]);
});

Deno.test("webhook sends a full batch at once, and an event that waited long enough", async () => {
  await using server = await HttpServer.start(OK);
  const { plugin, fake, emit } = await makeWebhook(urlOf(server), {
    batchSize: 100,
  });
  emit(250);
  await eventually(() => server.requests.length === 2, "full batches");
  await plugin.close();
  assertEquals(
    server.requests.map((request) => bodyOf(request).events.length),
    [100, 100, 50],
  );
  assertEquals(
    eventsOf(server).map(({ sequence }) => sequence),
    Array.from({ length: 250 }, (_, i) => i + 1),
  );
  assertEquals(fake.counters, { requests: 3, deliveredEvents: 250 });
  const quick = await makeWebhook(urlOf(server), { batchDelay: 0.01 });
  quick.emit();
  await eventually(() => server.requests.length === 4, "single event");
  await quick.plugin.close();
});

Deno.test("webhook makes no batch that is much longer than 1 MiB", async () => {
  await using server = await HttpServer.start(OK);
  const { plugin } = await makeWebhook(urlOf(server), {
    events: ["broker_client_unsubscribed"],
  });
  for (const length of [700_000, 700_000, 2_000_000, 10]) {
    plugin.onBrokerClientUnsubscribed!({
      clientId: "c",
      topic: "t".repeat(length),
    });
  }
  await plugin.close();
  assertEquals(
    server.requests.map((request) => bodyOf(request).events.length),
    [1, 1, 1, 1],
  );
});

Deno.test("webhook sends the same batch again until it is delivered", async () => {
  const replies: Array<ReturnType<Handler>> = [
    { status: 500 },
    undefined,
    { status: 429, headers: { "retry-after": "0" } },
    { status: 408 },
    { status: 200, body: "thanks" },
  ];
  await using server = await HttpServer.start(() => replies.shift());
  const { plugin, fake, emit } = await makeWebhook(urlOf(server), {
    batchSize: 2,
    timeout: 1,
  });
  emit(2);
  await eventually(() => fake.counters.deliveredEvents === 2, "delivery");
  await plugin.close();
  assertEquals(server.requests.length, 5);
  assertEquals(new Set(server.requests.map(({ body }) => body)).size, 1);
  const ids = server.requests.map(({ headers }) => headers["webhook-id"]);
  assertEquals(new Set(ids).size, 1);
  assertEquals(fake.counters, {
    requests: 5,
    failedRequests: 4,
    deliveredEvents: 2,
  });
  // Once in an interval, and without what the query hides.
  assertEquals(fake.logger.lines, [
    `warn: Cannot deliver events to http://127.0.0.1:${server.port}/events: the status is 500; they are sent again`,
  ]);
});

Deno.test("webhook drops what the server does not take, and tells how much", async () => {
  const statuses = [400, 302, 503, 503, 503, 204];
  await using server = await HttpServer.start(() => ({
    status: statuses.shift(),
    headers: { location: "/elsewhere" },
  }));
  const { plugin, fake, emit } = await makeWebhook(urlOf(server), {
    batchSize: 10,
    maxRetries: 2,
  });
  emit(40);
  await eventually(() => fake.counters.deliveredEvents === 10, "delivery");
  await plugin.close();
  assertEquals(
    server.requests.map((request) => bodyOf(request).dropped),
    [0, 10, 20, 20, 20, 30],
  );
  assertEquals(bodyOf(server.requests[5]).events[0].sequence, 31);
  assertEquals(fake.counters.droppedEvents, 30);
});

Deno.test("webhook keeps the newest events when its queue is full", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await HttpServer.start(async () => {
    await gate.promise;
    return { status: 204 };
  });
  const { plugin, fake, emit } = await makeWebhook(urlOf(server), {
    batchSize: 5,
    maxQueuedEvents: 20,
    timeout: 60,
  });
  emit(5);
  await eventually(() => server.requests.length === 1, "request");
  emit(100);
  assertEquals(fake.counters.droppedEvents, 80);
  gate.resolve();
  await eventually(() => fake.counters.deliveredEvents === 25, "delivery");
  await plugin.close();
  const sequences = eventsOf(server).map(({ sequence }) => sequence);
  assertEquals(sequences.slice(0, 6), [1, 2, 3, 4, 5, 86]);
  assertEquals(sequences.at(-1), 105);
  assertEquals(bodyOf(server.requests[1]).dropped, 80);
  assertEquals(fake.logger.lines, [
    "warn: Events are dropped: the queue is full, the oldest go first",
  ]);
});

Deno.test("webhook: new events do not cut the time between two attempts short", async () => {
  let isUp = false;
  await using server = await HttpServer.start(() => ({
    status: isUp ? 204 : 500,
  }));
  const { plugin, fake, emit } = await makeWebhook(urlOf(server), {
    batchSize: 1,
    retryDelay: 60,
  });
  emit();
  await eventually(() => fake.counters.failedRequests === 1, "failure");
  emit(10);
  // Long enough for a request, if one were under way.
  await (await fetch(urlOf(server))).body?.cancel();
  assertEquals(fake.counters.requests, 1);
  isUp = true;
  await plugin.close();
  assertEquals(fake.counters.deliveredEvents, 11);
});

Deno.test("webhook: a shutdown tries once, and tells what was not delivered", async () => {
  const { plugin, fake, emit } = await makeWebhook(
    `http://127.0.0.1:${freePort()}/`,
    { batchSize: 10, retryDelay: 60 },
  );
  emit(35);
  await eventually(() => fake.counters.failedRequests === 1, "failure");
  await plugin.close();
  assertEquals(fake.counters, {
    requests: 2,
    failedRequests: 2,
    droppedEvents: 35,
  });
  assertEquals(
    fake.logger.lines.at(-1),
    "warn: 35 events were not delivered before the shutdown",
  );
});

Deno.test("webhook trusts who signed the server's certificate", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { server: pair } = await makeCertificates(dir);
    await using server = await HttpServer.start(OK, pair);
    const url = `https://localhost:${server.port}/`;
    for (const [cafile, delivered] of [["ca", 1], ["other_ca", undefined]]) {
      const { plugin, fake, emit } = await makeWebhook(url, {
        cafile: `${dir}/${cafile}.pem`,
        maxRetries: 0,
      });
      emit();
      await plugin.close();
      assertEquals(fake.counters.deliveredEvents, delivered);
    }
    await assertRejects(
      () => makeWebhook(url, { cafile: `${dir}/no.pem` }),
      Error,
      'of "cafile": there is no such file',
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("webhook refuses options that cannot work", async () => {
  const url = "https://example.org/";
  const bad: Array<[object, string]> = [
    [{ url: "example.org" }, ""],
    [{ url: "ftp://example.org/" }, "it must begin with"],
    [{ url: undefined }, ""],
    [{ secret: "" }, ""],
    [{ secret: "whsec_not base64!" }, "must be base64"],
    [{ headers: { "a b": "c" } }, "header names"],
    [{ headers: { a: "b\r\nc: d" } }, "header names"],
    [{ events: [] }, ""],
    [{ events: ["mqtt_packet_received"] }, "it must be one of broker_pre"],
    [{ topics: ["a/#/b"] }, "it is not a valid topic filter"],
    [{ batchSize: 0 }, ""],
    [{ maxQueuedEvents: 0 }, ""],
    [{ maxRetries: -1 }, ""],
    [{ a: 1 }, ""],
  ];
  for (const [options, why] of bad) {
    const error = await assertRejects(
      () => makeWebhook(url, options),
      TypeError,
    );
    assertStringIncludes(error.message, why);
  }
});

Deno.test("EventQueue is bounded by number and by length, and keeps the order", () => {
  const queue = new EventQueue({ maxEvents: 3, maxLength: 10 });
  const dropped = ["a", "b", "c", "d"].map((event) => queue.add(event));
  assertEquals(dropped, [0, 0, 0, 1]);
  assertEquals([queue.size, queue.length], [3, 3]);
  assertEquals(queue.add("123456789"), 2);
  assertEquals(queue.take(9, 9), ["d"]);
  assertEquals(queue.take(9, 1), ["123456789"]);
  assertEquals(queue.add("12345678901"), 1);
  assertEquals([queue.size, queue.length, queue.take(9, 9)], [0, 0, []]);
  const long = new EventQueue({ maxEvents: 100, maxLength: 1000 });
  const seen: string[] = [];
  for (let i = 0; i < 1000; i++) {
    assertEquals(long.add(`${i}`), 0);
    if (i % 3 === 2) seen.push(...long.take(3, 1000));
  }
  seen.push(...long.take(3, 1000));
  assertEquals(seen, Array.from({ length: 1000 }, (_, i) => `${i}`));
});
