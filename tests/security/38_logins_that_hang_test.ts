/** Class 38: a back-end that never answers, and those who try passwords. */

import { assert, assertEquals } from "@std/assert";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  BaseTopicPlugin,
  type Decision,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { limitsOf, reached } from "../limits/_helpers.ts";
import {
  connectPacket,
  eventually,
  startBroker,
  TestClient,
} from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { codeOf, VERSIONS } from "./_attack.ts";

/** Never answers to those named `hang`. */
class Door extends BaseAuthPlugin {
  static asked = 0;
  /** Ends the hanging of all of them. */
  static release: () => void = () => {};
  static #released = Promise.withResolvers<boolean>();

  authenticate({ session }: AuthenticateEvent): Decision | Promise<Decision> {
    if (session.username !== "hang") return session.username === "right";
    Door.asked++;
    Door.release = () => {
      Door.#released.resolve(false);
      Door.#released = Promise.withResolvers();
    };
    return Door.#released.promise;
  }
}

/** Never answers about `hang`. */
class Rule extends BaseTopicPlugin {
  topicFiltering(
    { topic }: TopicFilteringEvent,
  ): Decision | Promise<Decision> {
    return topic === "hang" ? new Promise(() => {}) : true;
  }
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: no answer is a no, in time, and others are served meanwhile`, async () => {
    await using broker = await startBroker({
      plugins: [Door, Rule],
      pluginTimeout: 0.2,
    });
    await using other = await TestClient.connect(broker, {
      version,
      username: "right",
    });
    assertEquals(other.code, 0);
    const before = Door.asked;
    const hanging: TestClient[] = [];
    for (let i = 0; i < 20; i++) {
      const client = await TestClient.open(broker, version);
      await client.send(connectPacket({ version, username: "hang" }));
      hanging.push(client);
    }
    await eventually(() => Door.asked === before + 20);
    await other.ping();
    assertEquals(await codeOf(broker, { version, username: "right" }), 0);
    for (const client of hanging) {
      const { reasonCode, returnCode } = await client.expect("connack");
      assert((reasonCode ?? returnCode)! > 0);
      await client.closed();
      await client.close();
    }
    // Of topics as well; the client waits, and goes on then.
    await using asking = await TestClient.connect(broker, {
      version,
      username: "right",
    });
    const granted = await asking.subscribe("hang");
    assert(granted[0] >= 0x80);
    await asking.send(publish("hang", "x", { qos: 1, messageId: 9 }));
    await asking.expect("puback");
    await asking.ping();
    // A back-end that is down is nobody's wrong password.
    assertEquals(limitsOf(broker), {});
  });
}

Deno.test("those who wait for a back-end are bounded in number", async () => {
  await using broker = await startBroker({
    plugins: [Door],
    maxPendingConnections: 10,
    pluginTimeout: 30,
    connectTimeout: 30,
  });
  const before = Door.asked;
  const clients: TestClient[] = [];
  for (let i = 0; i < 30; i++) {
    const client = await TestClient.open(broker);
    await client.send(connectPacket({ username: "hang" })).catch(() => {});
    clients.push(client);
  }
  await reached(broker, { maxPendingConnections: 20 });
  assertEquals(Door.asked - before, 10);
  for (const client of clients) await client.close();
  Door.release();
});

/** Logs in forty times at once; says how many passwords were looked at. */
async function tryPasswords(names: (i: number) => string): Promise<number> {
  await using broker = await startBroker({ plugins: [Door] });
  const codes = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      codeOf(broker, {
        version: 5,
        username: names(i),
        password: `${i}` as never,
      })),
  );
  assertEquals(new Set(codes), new Set([0x87, 0x8a]));
  // Even the right one is refused now.
  assertEquals(await codeOf(broker, { version: 5, username: "right" }), 0x8a);
  return codes.filter((code) => code === 0x87).length;
}

Deno.test("by default passwords cannot be tried for long, of one user or of many", async () => {
  const counts = await Promise.all([
    tryPasswords(() => "alice"),
    tryPasswords((i) => `user-${i}`),
  ]);
  for (const count of counts) assert(count <= 20, `${count} were looked at`);
});
