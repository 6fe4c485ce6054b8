import { assertEquals, assertRejects } from "@std/assert";
import { ExpiringCache } from "../../../plugins/_backend/cache.ts";
import { messageOf } from "../../../plugins/_backend/message.ts";
import { Pool } from "../../../plugins/_backend/pool.ts";

/** A connection that does what the test says. */
interface FakeConnection {
  readonly number: number;
  usable: boolean;
  ended: boolean;
}

/** A pool, and every connection that it ever made. */
function fakePool(
  limits: { connections?: number; timeout?: number; queueLimit?: number } = {},
): { pool: Pool<FakeConnection>; made: FakeConnection[] } {
  const made: FakeConnection[] = [];
  const pool = new Pool<FakeConnection>({
    connections: 2,
    timeout: 60_000,
    ...limits,
    create: () => {
      const connection = { number: made.length, usable: true, ended: false };
      made.push(connection);
      return connection;
    },
    destroy: (connection) => {
      connection.ended = true;
    },
    isUsable: (connection) => connection.usable,
  });
  return { pool, made };
}

const never = () => new Promise<never>(() => {});

Deno.test("Pool shares a few connections among many requests, in their order", async () => {
  const { pool, made } = fakePool();
  let running = 0;
  let most = 0;
  const order: number[] = [];
  await Promise.all(Array.from({ length: 20 }, (_, i) =>
    pool.use(async () => {
      most = Math.max(most, ++running);
      order.push(i);
      await Promise.resolve();
      running--;
    })));
  assertEquals([most, made.length], [2, 2]);
  assertEquals(order, Array.from({ length: 20 }, (_, i) => i));
  await pool.close();
  assertEquals(made.map(({ ended }) => ended), [true, true]);
});

Deno.test("Pool ends a connection that does not answer in time, and serves those who wait with a new one", async () => {
  const { pool, made } = fakePool({ connections: 1, timeout: 300 });
  const late = assertRejects(
    () => pool.use(never),
    Error,
    "no answer within 0.3 s",
  );
  const waiting: Promise<unknown> = pool.use(never).catch(messageOf);
  await late;
  // Both came at the same time: who waits has no more time than who runs.
  assertEquals(await waiting, "no answer within 0.3 s");
  const last = await pool.use((connection) => Promise.resolve(connection));
  assertEquals(made.filter(({ ended }) => !ended), [last]);
  await pool.close();
});

Deno.test("Pool refuses at once what its queue cannot take", async () => {
  const { pool } = fakePool({ connections: 1, queueLimit: 2 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const answers = Array.from(
    { length: 5 },
    (_, i) => pool.use(() => promise.then(() => i)).catch(messageOf),
  );
  const refused = "2 requests wait already";
  assertEquals(await answers[3], refused);
  assertEquals(await answers[4], refused);
  resolve();
  assertEquals(await Promise.all(answers), [0, 1, 2, refused, refused]);
  await pool.close();
});

Deno.test("Pool replaces a connection that broke, while it was used or while it was not", async () => {
  const { pool, made } = fakePool({ connections: 1 });
  await assertRejects(
    () =>
      pool.use((connection) => {
        connection.usable = false;
        return Promise.reject(new Error("broken on purpose"));
      }),
    Error,
    "broken on purpose",
  );
  assertEquals(await pool.use(({ number }) => Promise.resolve(number)), 1);
  made[1].usable = false;
  assertEquals(await pool.use(({ number }) => Promise.resolve(number)), 2);
  // An error that is not the connection's leaves it.
  await assertRejects(() => pool.use(() => Promise.reject(new Error("no"))));
  assertEquals(await pool.use(({ number }) => Promise.resolve(number)), 2);
  assertEquals(made.map(({ ended }) => ended), [true, true, false]);
  await pool.close();
});

Deno.test("Pool survives connections that cannot be made", async () => {
  let attempts = 0;
  const pool = new Pool<string>({
    connections: 1,
    timeout: 60_000,
    create: () => {
      if (++attempts < 3) throw new Error("no file");
      return "connection";
    },
    destroy: () => {},
    isUsable: () => true,
  });
  const use = () => pool.use((connection) => Promise.resolve(connection));
  await assertRejects(use, Error, "no file");
  await assertRejects(use, Error, "no file");
  assertEquals(await use(), "connection");
  await pool.close();
});

Deno.test("Pool.close() ends what runs and what waits", async () => {
  const { pool, made } = fakePool({ connections: 1 });
  const answers = [pool.use(never), pool.use(never)].map((answer) =>
    (answer as Promise<unknown>).catch(messageOf)
  );
  await pool.close();
  assertEquals(await Promise.all(answers), ["it is closed", "it is closed"]);
  assertEquals(made.map(({ ended }) => ended), [true]);
  await assertRejects(() => pool.use(never), Error, "it is closed");
});

Deno.test("ExpiringCache loads a value once, and answers without a promise", async () => {
  const cache = new ExpiringCache<number>({ lifetime: 60_000 });
  let loads = 0;
  const load = () => Promise.resolve(++loads);
  assertEquals(
    await Promise.all([cache.get("a", load), cache.get("a", load)]),
    [1, 1],
  );
  assertEquals(cache.get("a", load), 1);
  assertEquals(await cache.get("b", load), 2);
});

Deno.test("ExpiringCache keeps no failure, nothing without a lifetime, and not too much", async () => {
  const cache = new ExpiringCache<number>({ lifetime: 60_000, capacity: 2 });
  await assertRejects(async () =>
    await cache.get("a", () => Promise.reject(new Error("down")))
  );
  const load = (value: number) => () => Promise.resolve(value);
  assertEquals(await cache.get("a", load(1)), 1);
  await cache.get("b", load(2));
  await cache.get("c", load(3));
  assertEquals(cache.get("c", load(4)), 3);
  assertEquals(await cache.get("a", load(5)), 5);

  const none = new ExpiringCache<number>({ lifetime: 0 });
  assertEquals(await none.get("a", load(1)), 1);
  assertEquals(await none.get("a", load(2)), 2);
});
