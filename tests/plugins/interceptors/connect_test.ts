/** Interceptors of connections: accept, CONNECT, CONNACK, DISCONNECT. */

import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import type {
  AcceptEvent,
  AuthenticateEvent,
  ConnackEvent,
  ConnectEvent,
  DisconnectEvent,
} from "../../../plugins/mod.ts";
import { Broker, silentLogger } from "../../../mod.ts";
import { connectPacket, eventually, TestClient } from "../../_client.ts";
import {
  brokerWith,
  bytes,
  failures,
  forVersions,
  textOf,
} from "./_helpers.ts";

forVersions(
  "interceptAccept sees who comes and refuses without a word",
  async (version) => {
    const seen: AcceptEvent[] = [];
    let refuse = false;
    await using broker = await brokerWith([{
      interceptAccept: (event) => {
        seen.push(event);
        return refuse ? false : true;
      },
    }]);
    await using client = await TestClient.connect(broker, { version });
    assertEquals(client.code, 0);
    assertEquals(
      seen.map(({ remoteAddress, listener, peerCertificate }) => [
        remoteAddress,
        listener,
        peerCertificate,
      ]),
      [["127.0.0.1", "default", undefined]],
    );
    refuse = true;
    await using other = await TestClient.open(broker, version);
    await other.closed();
    assertEquals(other.unread, 0);
    assertEquals(failures(broker), 0);
  },
);

Deno.test("interceptAccept may take its time; nothing is read before", async () => {
  const gate = Promise.withResolvers<true>();
  let asked = 0;
  await using broker = await brokerWith([{
    interceptAccept: () => {
      asked++;
      return gate.promise;
    },
    interceptConnect: () => {
      asked += 10;
    },
  }]);
  await using client = await TestClient.open(broker);
  await client.send(connectPacket());
  await eventually(() => asked === 1, "question");
  gate.resolve(true);
  assertEquals((await client.expect("connack")).returnCode, 0);
  assertEquals(asked, 11);
});

Deno.test("interceptAccept: who leaves while a plugin thinks, leaves nothing behind", async () => {
  const gate = Promise.withResolvers<false>();
  let asked = 0;
  await using broker = await brokerWith([{
    interceptAccept: () => {
      asked++;
      return gate.promise;
    },
  }]);
  const client = await TestClient.open(broker);
  await eventually(() => asked === 1, "question");
  await client.close();
  gate.resolve(false);
  await eventually(() => broker.context.stats().clientsConnected === 0);
});

Deno.test("interceptAccept is asked about the transports of a host program", async () => {
  await using broker = new Broker({
    listeners: { default: { type: "external" } },
    plugins: ["auth_anonymous", {
      interceptAccept: ({ listener }: AcceptEvent) => listener !== "mine",
    }] as never,
  }, { logger: silentLogger });
  await broker.start();
  let reads = 0;
  let closed = false;
  await broker.handleTransport({
    kind: "external",
    remoteAddress: "192.0.2.1",
    remotePort: 1,
    read: () => {
      if (!closed) reads++;
      return Promise.resolve(null);
    },
    write: ({ length }) => Promise.resolve(length),
    close: () => void (closed = true),
  }, { listener: "mine" });
  assertEquals([reads, closed], [0, true]);
});

forVersions(
  "interceptConnect changes who it is, before anyone is asked",
  async (version) => {
    const asked: unknown[] = [];
    await using broker = await brokerWith([{
      interceptConnect: ({ session, userProperties }) => {
        asked.push(session.clientId, session.username, userProperties);
        session.attributes.set("test:mark", 1);
        return {
          clientId: `tenant-${session.clientId}`,
          username: "renamed",
          password: bytes("other"),
        };
      },
      authenticate: ({ session }: AuthenticateEvent) => {
        asked.push(
          session.clientId,
          session.username,
          textOf(session.password!),
          session.attributes.get("test:mark"),
        );
        return true;
      },
    }]);
    await using client = await TestClient.connect(broker, {
      version,
      clientId: "one",
      username: "someone",
      password: Buffer.from("secret"),
      ...(version === 5 &&
        { properties: { userProperties: { a: ["b", "c"] } } }),
    });
    assertEquals(client.code, 0);
    assertEquals(asked, [
      ...["one", "someone"],
      version === 5 ? [["a", "b"], ["a", "c"]] : undefined,
      ...["tenant-one", "renamed", "other", 1],
    ]);
    const session = broker.context.getSession("tenant-one")!;
    assertEquals([session.username, session.connected], ["renamed", true]);
    assertEquals(broker.context.getSession("one"), undefined);
    assertEquals(
      client.connack?.properties?.assignedClientIdentifier,
      undefined,
    );
  },
);

forVersions(
  "interceptConnect changes what is asked for, within the broker's limits",
  async (version) => {
    await using broker = await brokerWith([{
      interceptConnect: () => ({
        keepAlive: 7,
        expiryInterval: 1000,
        cleanStart: false,
      }),
    }], { sessionExpiryInterval: 600 });
    const clientId = "one";
    await using client = await TestClient.connect(broker, {
      version,
      clientId,
    });
    const session = broker.context.getSession(clientId)!;
    assertEquals([session.keepAlive, session.expiryInterval], [7, 600]);
    if (version === 5) {
      const { serverKeepAlive, sessionExpiryInterval } = client.connack!
        .properties!;
      assertEquals([serverKeepAlive, sessionExpiryInterval], [7, 600]);
    }
    await client.subscribe("kept");
    await client.disconnect();
    await using again = await TestClient.connect(broker, { version, clientId });
    // The client asked for a new session, and is told that it has one [MQTT-3.2.2-2].
    assertEquals(again.connack!.sessionPresent, false);
    assertEquals([...broker.context.subscriptions(clientId)].length, 1);
  },
);

forVersions("interceptConnect refuses with a reason", async (version) => {
  let authenticated = 0;
  await using broker = await brokerWith([{
    interceptConnect: () => ({
      allow: false,
      reasonCode: 0x9d,
      reasonString: "use another server",
    }),
    authenticate: () => {
      authenticated++;
      return true;
    },
  }]);
  await using client = await TestClient.connect(broker, { version });
  assertEquals(client.code, version === 5 ? 0x9d : 5);
  if (version === 5) {
    assertEquals(
      client.connack!.properties!.reasonString,
      "use another server",
    );
  }
  await client.closed();
  assertEquals(authenticated, 0);
});

forVersions(
  "interceptConnect: a client identifier of another user is still refused",
  async (version) => {
    await using broker = await brokerWith([{
      interceptConnect: () => ({ clientId: "theirs" }),
    }]);
    await using owner = await TestClient.connect(broker, {
      version,
      username: "owner",
    });
    await using thief = await TestClient.connect(broker, {
      version,
      username: "thief",
    });
    assertEquals(thief.code, version === 5 ? 0x85 : 2);
    await owner.ping();
  },
);

forVersions(
  "interceptConnack tells the client more, or turns it away",
  async (version) => {
    const events: ConnackEvent[] = [];
    const turnedAway = new Set<string>();
    const first = {
      interceptConnack: (event: ConnackEvent) => {
        events.push(event);
        if (turnedAway.has(event.session.clientId)) return false as const;
        return {
          userProperties: [["region", "eu"]],
          reasonString: "welcome",
          responseInformation: `answers/${event.session.clientId}`,
        } as const;
      },
    };
    const second = {
      interceptConnack: ({ userProperties }: ConnackEvent) => ({
        userProperties: [["seen", String(userProperties.length)]] as const,
      }),
    };
    await using broker = await brokerWith([first, second]);
    const connect = () =>
      TestClient.connect(broker, {
        version,
        clientId: "one",
        clean: false,
        ...(version === 5 && {
          properties: {
            sessionExpiryInterval: 100,
            requestResponseInformation: true,
          },
        }),
      });
    await using client = await connect();
    assertEquals(client.code, 0);
    const { properties } = client.connack!;
    if (version === 5) {
      const { userProperties, reasonString, responseInformation } = properties!;
      assertEquals({ ...userProperties }, { region: "eu", seen: "1" });
      assertEquals([reasonString, responseInformation], [
        "welcome",
        "answers/one",
      ]);
    }
    await client.disconnect();
    turnedAway.add("one");
    await using again = await connect();
    assertEquals(again.code, version === 5 ? 0x87 : 5);
    assertEquals(events.map((event) => event.sessionPresent), [false, true]);
    assertEquals(broker.context.getSession("one")!.connected, false);
  },
);

Deno.test("interceptConnack: what does not fit into the client's packets is left out", async () => {
  await using broker = await brokerWith([{
    interceptConnack: () => ({
      reasonString: "x".repeat(500),
      userProperties: [["a", "y".repeat(500)]],
    }),
  }]);
  await using client = await TestClient.connect(broker, {
    version: 5,
    properties: { maximumPacketSize: 100 },
  });
  assertEquals(client.code, 0);
  assertEquals(client.connack!.properties!.userProperties, undefined);
});

forVersions(
  "interceptDisconnect sees both directions and decides about the will",
  async (version) => {
    const events: (readonly [boolean, number, boolean])[] = [];
    await using broker = await brokerWith([{
      interceptDisconnect: (
        { byClient, reasonCode, sendWill }: DisconnectEvent,
      ) => {
        events.push([byClient, reasonCode, sendWill]);
        return { sendWill: !sendWill, reasonCode: 0x9c, reasonString: "moved" };
      },
    }]);
    await using witness = await TestClient.connect(broker, { version });
    await witness.subscribe("will/#");
    const withWill = (clientId: string) =>
      TestClient.connect(broker, {
        version,
        clientId,
        will: {
          topic: `will/${clientId}`,
          payload: Buffer.from("gone"),
          qos: 0,
          retain: false,
        },
      });
    const leaving = await withWill("leaving");
    await leaving.disconnect();
    assertEquals(await witness.message(), "will/leaving: gone");
    await using kicked = await withWill("kicked");
    broker.context.disconnect("kicked", { reasonCode: 0x98 });
    if (version === 5) {
      const { reasonCode, properties } = await kicked.expect("disconnect");
      assertEquals([reasonCode, properties?.reasonString], [0x9c, "moved"]);
    }
    await kicked.closed();
    await witness.ping();
    assertEquals(events, [[true, 0, false], [false, 0x98, true]]);
  },
);

forVersions(
  "interceptDisconnect: a failure changes nothing, and nobody waits",
  async (version) => {
    let disconnects = 0;
    const answers: (() => unknown)[] = [
      () => Promise.reject(new Error("late")),
      () => ({ reasonCode: 0x10 }),
      () => {
        broker.context.disconnect("kicked");
        throw new Error("broken");
      },
    ];
    const broker = await brokerWith([
      { interceptDisconnect: () => answers[disconnects++]() as undefined },
    ]);
    await using _ = broker;
    for (let i = 0; i < answers.length; i++) {
      await using client = await TestClient.connect(broker, {
        version,
        clientId: "kicked",
      });
      broker.context.disconnect("kicked", { reasonCode: 0x98 });
      if (version === 5) {
        assertEquals((await client.expect("disconnect")).reasonCode, 0x98);
      }
      await client.closed();
    }
    assertEquals([disconnects, failures(broker)], [3, 3]);
  },
);

Deno.test("a connection that a plugin never answers is closed in time", async () => {
  await using broker = await brokerWith([{
    interceptAccept: () => new Promise<true>(() => {}),
  }], { pluginTimeout: 0.05 });
  await using client = await TestClient.open(broker);
  await client.closed();
  await assertRejects(() => client.next());
  assertEquals(failures(broker), 1);
});

forVersions(
  "interceptConnect: what cannot be a CONNECT refuses it",
  async (version) => {
    const answers: unknown[] = [
      { clientId: "" },
      { clientId: "\ud800" },
      { keepAlive: 65536 },
      { keepAlive: 1.5 },
      { password: "text" },
      { expiryInterval: -1 },
      { cleanStart: "yes" },
      { user: "typo" },
      true,
      "no",
      [],
      new Error("returned"),
      () => true,
      { allow: true },
    ];
    let at = 0;
    await using broker = await brokerWith([{
      interceptConnect: (_: ConnectEvent) => answers[at++] as undefined,
    }]);
    for (const _ of answers) {
      await using client = await TestClient.connect(broker, { version });
      assertEquals(client.code, version === 5 ? 0x87 : 5);
    }
    assertEquals(failures(broker), answers.length);
  },
);
