/**
 * What every store must do. Each store's own test file calls `testStore`.
 *
 * @module
 */

import { assertEquals, assertExists } from "@std/assert";
import { Batch, type BatchMessage } from "../../broker/store/batch.ts";
import type { Store } from "../../broker/store/store.ts";
import type { StoredSession } from "../../broker/store/stored_types.ts";

/** How the suite gets at a store. */
export interface StoreFixture {
  /** Opens the store; what was committed before is there again. */
  open(): Promise<Store>;
  /** Removes everything that the store has left. */
  dispose(): Promise<void>;
}

const encoder = new TextEncoder();

/** A message as the journal hands it to a batch: ranges of larger arrays. */
export function message(
  topic: string,
  payload: string,
  changes: Partial<BatchMessage> = {},
): BatchMessage {
  const bytes = encoder.encode(`..${payload}...`);
  const forward = encoder.encode(".props.");
  return {
    target: { bytes: encoder.encode(topic) },
    bytes,
    start: 2,
    end: bytes.length - 3,
    forward,
    forwardStart: 1,
    forwardEnd: 6,
    qos: 1,
    retain: false,
    expiresAt: 0,
    publisher: "p",
    ...changes,
  };
}

function session(key: number, changes: Partial<StoredSession> = {}) {
  return {
    key,
    clientId: `client-${key}`,
    username: undefined,
    claimed: true,
    protocolVersion: 5,
    expiryInterval: 60,
    disconnectedAt: 0,
    will: undefined,
    ...changes,
  } as StoredSession;
}

function flight(seq: number, changes = {}) {
  return {
    seq,
    session: 1,
    weight: 42,
    qos: 1,
    retain: false,
    packetId: 0,
    released: false,
    identifiers: [],
    group: undefined,
    ...changes,
  } as const;
}

/** What a store has of messages and deliveries, in a form that is easy to compare. */
function deliveries(store: Store) {
  return [...store.deliveries()].map(({ seq }) => {
    const [found] = store.read([seq]);
    return `${found.seq} to ${found.session}: ${found.message.topic} ${
      new TextDecoder().decode(found.message.payload)
    }`;
  });
}

/** Writes operations to a store. */
export async function write(
  store: Store,
  fill: (batch: Batch) => void,
): Promise<void> {
  const batch = new Batch();
  fill(batch);
  await store.commit(batch);
}

/**
 * Tests a store.
 *
 * @param name Its name.
 * @param create Makes an empty store.
 */
export function testStore(
  name: string,
  create: () => Promise<StoreFixture>,
): void {
  const test = (
    title: string,
    body: (open: () => Promise<Store>) => Promise<void>,
  ): void =>
    Deno.test(`${name} ${title}`, async () => {
      const fixture = await create();
      const opened: Store[] = [];
      try {
        await body(async () => {
          await opened.pop()?.close();
          const store = await fixture.open();
          opened.push(store);
          return store;
        });
      } finally {
        await opened.pop()?.close();
        await fixture.dispose();
      }
    });

  test("is empty at first", async (open) => {
    const store = await open();
    assertEquals([...store.sessions()], []);
    assertEquals([...store.subscriptions()], []);
    assertEquals([...store.incoming()], []);
    assertEquals([...store.deliveries()], []);
    assertEquals([...store.retained()], []);
    assertEquals([...store.values()], []);
    assertEquals(store.read([1]), []);
  });

  test("keeps sessions and their wills", async (open) => {
    const sessions = [
      session(1),
      session(2, { username: "ü", claimed: false, protocolVersion: 3 }),
      session(3, { expiryInterval: Infinity, disconnectedAt: 1234567890123 }),
      session(4, {
        expiryInterval: 0,
        will: {
          delay: 5,
          expiry: undefined,
          message: {
            topic: "will",
            payload: Uint8Array.of(0, 255),
            properties: Uint8Array.of(1),
            qos: 2,
            retain: true,
            expiresAt: 0,
            publisher: "client-4",
          },
        },
      }),
      session(5, {
        will: {
          delay: 0,
          expiry: 7,
          message: {
            topic: "empty",
            payload: new Uint8Array(),
            properties: new Uint8Array(),
            qos: 0,
            retain: false,
            expiresAt: 0,
            publisher: "client-5",
          },
        },
      }),
    ];
    const store = await open();
    await write(store, (batch) => {
      for (const one of sessions) batch.putSession(one);
    });
    // A will is its client's.
    const expected = sessions;
    const found = [...(await open()).sessions()].map((one) =>
      one.will === undefined ? one : {
        ...one,
        will: {
          ...one.will,
          message: { ...one.will.message, publisher: one.clientId },
        },
      }
    );
    assertEquals(found, expected);
    await write(await open(), (batch) => {
      batch.putSession(session(1, { expiryInterval: 9, username: "new" }));
      for (const key of [2, 3, 4, 5]) batch.deleteSession(key);
    });
    assertEquals([...(await open()).sessions()], [
      session(1, { expiryInterval: 9, username: "new" }),
    ]);
  });

  test("keeps subscriptions with their options", async (open) => {
    const one = {
      session: 1,
      filter: "$share/g/ä/#",
      qos: 2,
      noLocal: true,
      retainAsPublished: true,
      exempt: true,
      identifiers: [1, 268435455],
    } as const;
    const other = {
      session: 1,
      filter: "+",
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      exempt: false,
      identifiers: [],
    } as const;
    const store = await open();
    await write(store, (batch) => {
      batch.putSession(session(1));
      batch.putSubscription({ ...one, qos: 0 });
      batch.putSubscription(other);
      batch.putSubscription(one);
      batch.putSubscription({ ...other, filter: "gone" });
      batch.deleteSubscription(1, "gone");
    });
    assertEquals(
      [...(await open()).subscriptions()].sort((a, b) => b.qos - a.qos),
      [one, other],
    );
    await write(await open(), (batch) => batch.deleteSession(1));
    assertEquals([...(await open()).subscriptions()], []);
  });

  test("keeps QoS 2 messages that are not released", async (open) => {
    await write(await open(), (batch) => {
      batch.putSession(session(1));
      for (const id of [1, 2, 65535]) batch.addIncoming(1, id);
      batch.cancel(batch.addIncoming(1, 3));
      batch.deleteIncoming(1, 2);
    });
    assertEquals(
      [...(await open()).incoming()].map(({ packetId }) => packetId).sort(
        (a, b) => a - b,
      ),
      [1, 65535],
    );
    await write(await open(), (batch) => batch.deleteSession(1));
    assertEquals([...(await open()).incoming()], []);
  });

  test("keeps deliveries, their order and their messages", async (open) => {
    const sent = flight(3, {
      qos: 2,
      retain: true,
      packetId: 65535,
      identifiers: [1, 2],
      group: "$share/g/a",
    });
    await write(await open(), (batch) => {
      batch.putSession(session(1));
      batch.putSession(session(2));
      const first = batch.addBody(message("a", "one", { expiresAt: 99 }));
      batch.addFlight(flight(1), first);
      batch.addFlight(flight(2, { session: 2 }), first);
      batch.addFlight(sent, batch.addBody(message("b/ü", "two")));
    });
    let store = await open();
    assertEquals([...store.deliveries()].map(({ seq }) => seq), [1, 2, 3]);
    const [, , { message: body, ...rest }] = store.read([1, 2, 3, 4]);
    assertEquals(rest, sent);
    assertEquals(body, {
      topic: "b/ü",
      payload: encoder.encode("two"),
      properties: encoder.encode("props"),
      qos: 1,
      retain: false,
      expiresAt: 0,
      publisher: "p",
    });
    assertEquals(store.read([1])[0].message.expiresAt, 99);
    await write(store, (batch) => {
      batch.updateFlight(3, 7, true);
      batch.deleteFlight(1);
    });
    store = await open();
    assertEquals(deliveries(store), ["2 to 2: a one", "3 to 1: b/ü two"]);
    const [changed] = store.read([3]);
    assertEquals([changed.packetId, changed.released], [7, true]);
    await write(store, (batch) => {
      batch.deleteFlight(2);
      batch.deleteFlight(3);
    });
    assertEquals([...(await open()).deliveries()], []);
  });

  test("has nothing of what a batch took back", async (open) => {
    const store = await open();
    await write(store, (batch) => {
      batch.putSession(session(1));
      const shared = batch.addBody(message("a", "shared"));
      const gone = batch.addFlight(flight(1), shared);
      batch.addFlight(flight(2), shared);
      const body = batch.addBody(message("a", "gone"));
      batch.cancelFlight(batch.addFlight(flight(3), body));
      batch.cancelFlight(gone);
      batch.cancel(batch.putRetained(message("r", "old")));
      batch.putRetained(message("r", "new"));
      batch.cancel(batch.deleteRetained("r"));
    });
    assertEquals(deliveries(store), ["2 to 1: a shared"]);
    assertEquals([...store.retained()].length, 1);
  });

  test("keeps retained messages, the last of each topic", async (open) => {
    await write(await open(), (batch) => {
      batch.putRetained(message("a", "1", { expiresAt: 5 }));
      batch.putRetained(message("a", "2", { publisher: undefined, qos: 2 }));
      batch.putRetained(message("b", "1"));
      batch.putRetained(message("c", "1"));
      batch.deleteRetained("b");
      batch.deleteRetained("unknown");
    });
    const found = [...(await open()).retained()];
    assertEquals(found.map(({ topic }) => topic).sort(), ["a", "c"]);
    const one = found.find(({ topic }) => topic === "a");
    assertExists(one);
    assertEquals({ ...one, retain: true }, {
      topic: "a",
      payload: encoder.encode("2"),
      properties: encoder.encode("props"),
      qos: 2,
      retain: true,
      expiresAt: 0,
      publisher: undefined,
    });
  });

  test("keeps values of plugins, the last of each key", async (open) => {
    const value = (plugin: string, key: string, text: string) => ({
      plugin,
      key,
      kind: "text" as const,
      bytes: encoder.encode(text),
    });
    const bytes = {
      plugin: "a",
      key: "bytes",
      kind: "bytes" as const,
      bytes: Uint8Array.of(0, 255),
    };
    const json = { ...value("a", "json", "null"), kind: "json" as const };
    await write(await open(), (batch) => {
      batch.putValue(value("a", "ü/1", "old"));
      batch.putValue(value("a", "ü/1", ""));
      batch.cancel(batch.putValue(value("a", "taken back", "x")));
      batch.putValue(value("a", "gone", "x"));
      batch.deleteValue("a", "gone");
      batch.deleteValue("a", "unknown");
      batch.putValue(bytes);
      batch.putValue(json);
      batch.putValue(value("b", "gone", "x"));
      batch.clearValues("b");
      batch.putValue(value("b", "ü/1", "of b"));
      batch.putValue(value("c", "gone", "x"));
    });
    const sorted = (store: Store) =>
      [...store.values()].sort((a, b) =>
        a.plugin + a.key < b.plugin + b.key ? -1 : 1
      );
    assertEquals(sorted(await open()), [
      bytes,
      json,
      value("a", "ü/1", ""),
      value("b", "ü/1", "of b"),
      value("c", "gone", "x"),
    ]);
    await write(await open(), (batch) => {
      batch.clearValues("c");
      batch.clearValues("a");
      batch.putValue(json);
    });
    assertEquals(sorted(await open()), [json, value("b", "ü/1", "of b")]);
  });

  test("writes batches that were put behind each other", async (open) => {
    const store = await open();
    const first = new Batch();
    const second = new Batch();
    first.putSession(session(1));
    first.addFlight(flight(1), first.addBody(message("a", "1")));
    const body = second.addBody(message("a", "2"));
    second.addFlight(flight(2), body);
    second.addFlight(flight(3), body);
    second.deleteFlight(1);
    first.append(second);
    await store.commit(first);
    assertEquals(deliveries(store), ["2 to 1: a 2", "3 to 1: a 2"]);
  });

  test("takes large messages and many of them", async (open) => {
    const store = await open();
    const large = "x".repeat(1 << 20);
    await write(store, (batch) => {
      batch.putSession(session(1));
      batch.addFlight(flight(1), batch.addBody(message("large", large)));
      for (let seq = 2; seq <= 5000; seq++) {
        batch.addFlight(flight(seq), batch.addBody(message("many", `${seq}`)));
      }
    });
    const again = await open();
    assertEquals([...again.deliveries()].length, 5000);
    assertEquals(again.read([1])[0].message.payload.length, large.length);
    assertEquals(
      again.read([4999, 5000]).map(({ message }) =>
        new TextDecoder().decode(message.payload)
      ),
      ["4999", "5000"],
    );
  });
}
