/** What `webhook` tells of events. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { startBroker, TestClient } from "../../_client.ts";
import { fakeSession } from "./_context.ts";
import { HttpServer } from "./_http_server.ts";
import {
  bodyOf,
  eventsOf,
  makeWebhook,
  OK,
  SECRET,
  urlOf,
} from "./_webhook.ts";

Deno.test("webhook tells of a client's life, and never of a password", async () => {
  await using server = await HttpServer.start(OK);
  const broker = await startBroker({
    plugins: {
      "auth_anonymous": null,
      webhook: {
        url: urlOf(server),
        secret: SECRET,
        "batch-delay": 60,
        headers: { Authorization: "Bearer abc" },
        events: [
          "broker_post_start",
          "broker_client_connected",
          "broker_client_subscribed",
          "broker_client_unsubscribed",
          "broker_message_received",
          "broker_message_broadcast",
          "broker_retained_message",
          "broker_client_disconnected",
          "broker_pre_shutdown",
          "broker_post_shutdown",
        ],
      },
    },
  });
  const client = await TestClient.connect(broker, {
    version: 5,
    clientId: "phone",
    username: "alice",
    password: "correct horse" as never,
    keepalive: 30,
  });
  await client.subscribe("news/#", 1);
  await client.publish("a", "text ü", {
    qos: 1,
    retain: true,
    properties: {
      contentType: "text/plain",
      correlationData: new Uint8Array([255]) as never,
      userProperties: { key: "value" },
    },
  });
  await client.publish("b", new Uint8Array([0, 255]), { qos: 1 });
  await client.unsubscribe("news/#");
  await client.disconnect();
  // Nothing is due before: this sends what waits.
  await broker.shutdown();
  assertEquals(server.requests.length, 1);
  const [request] = server.requests;
  assertEquals(request.method, "POST");
  assertEquals(request.headers["content-type"], "application/json");
  assertEquals(request.headers["user-agent"], "dinomq");
  assertEquals(request.headers.authorization, "Bearer abc");
  assert(!request.body.includes("horse"));
  assert(!/password/i.test(request.body));
  const { dropped, events } = bodyOf(request);
  assertEquals(dropped, 0);
  const seen = events.map(
    ({ sequence, time, remote_port: port, ...rest }, i) => {
      assertEquals(sequence, i + 1);
      assertMatch(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assertEquals(
        typeof port,
        "client_id" in rest && "listener" in rest ? "number" : "undefined",
      );
      return rest;
    },
  );
  const phone = {
    "client_id": "phone",
    username: "alice",
    listener: "default",
    "remote_address": "127.0.0.1",
    "protocol_version": 5,
    "clean_start": true,
    "keep_alive": 30,
  };
  const a = {
    topic: "a",
    qos: 1,
    retain: true,
    payload: "text ü",
    "payload_encoding": "utf-8",
    properties: {
      "content_type": "text/plain",
      "correlation_data": "/w==",
      "user_properties": [["key", "value"]],
    },
  };
  const b = {
    "client_id": "phone",
    topic: "b",
    qos: 1,
    retain: false,
    payload: "AP8=",
    "payload_encoding": "base64",
  };
  assertEquals(seen, [
    { event: "broker_post_start" },
    { event: "broker_client_connected", ...phone },
    {
      event: "broker_client_subscribed",
      "client_id": "phone",
      topic: "news/#",
      qos: 1,
    },
    { event: "broker_message_received", "client_id": "phone", ...a },
    { event: "broker_message_broadcast", "client_id": "phone", ...a },
    { event: "broker_retained_message", "client_id": null, ...a },
    { event: "broker_message_received", ...b },
    { event: "broker_message_broadcast", ...b },
    {
      event: "broker_client_unsubscribed",
      "client_id": "phone",
      topic: "news/#",
    },
    { event: "broker_client_disconnected", ...phone },
    { event: "broker_pre_shutdown" },
    { event: "broker_post_shutdown" },
  ]);
});

Deno.test("webhook: events that are not sent cost nothing", async () => {
  const url = "http://127.0.0.1:1/";
  await using broker = await startBroker({
    plugins: [
      "auth_anonymous",
      { webhook: { url } },
      { webhook: { url, events: ["broker_message_broadcast"] } },
    ],
  });
  assertEquals(broker.describePlugins().slice(1).map(({ hooks }) => hooks), [
    [
      "onBrokerClientConnected",
      "onBrokerClientDisconnected",
      "onBrokerClientSubscribed",
      "onBrokerClientUnsubscribed",
    ],
    ["onBrokerMessageBroadcast"],
  ]);
});

Deno.test("webhook sends only messages of the topics that are asked for", async () => {
  await using server = await HttpServer.start(OK);
  {
    await using broker = await startBroker({
      plugins: {
        "auth_anonymous": null,
        webhook: {
          url: urlOf(server),
          events: ["broker_message_broadcast", "broker_client_subscribed"],
          topics: ["alarms/#", "+/status"],
        },
      },
    });
    await using client = await TestClient.connect(broker);
    for (const topic of ["alarms/fire", "news", "a/status", "a/b/status"]) {
      await client.publish(topic, "x", { qos: 1 });
    }
    await client.subscribe("news");
  }
  assertEquals(eventsOf(server).map(({ topic }) => topic), [
    "alarms/fire",
    "a/status",
    // This is no message.
    "news",
  ]);
});

Deno.test("webhook: an event without a session's user name says null", async () => {
  await using server = await HttpServer.start(OK);
  const { plugin } = await makeWebhook(urlOf(server));
  plugin.onBrokerClientConnected!({
    clientId: "c",
    clientSession: fakeSession({ username: undefined }),
  });
  await plugin.close();
  assertEquals(eventsOf(server)[0].username, null);
});
