import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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
  limits: { connections?: number; timeout?: number; maxWaiting?: number } = {},
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

Deno.test("Pool shares a few connections among many requests", async () => {
  const { pool, made } = fakePool();
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const all = Promise.withResolvers<void>();
  const uses = Array.from({ length: 20 }, (_, i) =>
    pool.use(async () => {
      most = Math.max(most, ++running);
      order.push(i);
      await all.promise;
      running--;
    }));
  all.resolve();
  await Promise.all(uses);
  assertEquals([most, made.length], [2, 2]);
  // Who came last has the most time left.
  assertEquals(order, [0, 1, ...Array.from({ length: 18 }, (_, i) => 19 - i)]);
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
  assertStringIncludes(`${await waiting}`, "no answer within 0.3 s");
  const last = await pool.use((connection) => Promise.resolve(connection));
  assertEquals(made.filter(({ ended }) => !ended), [last]);
  await pool.close();
});

Deno.test("Pool refuses at once what its queue cannot take", async () => {
  const { pool } = fakePool({ connections: 1, maxWaiting: 2 });
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
  const runs = Promise.withResolvers<void>();
  const answers = [
    pool.use(() => {
      runs.resolve();
      return never();
    }),
    pool.use(never),
  ].map((answer) => (answer as Promise<unknown>).catch(messageOf));
  await runs.promise;
  await pool.close();
  assertEquals(await Promise.all(answers), ["it was closed", "it was closed"]);
  assertEquals(made.map(({ ended }) => ended), [true]);
  await assertRejects(() => pool.use(never), Error, "it was closed");
});

Deno.test("Pool.close() makes no connection for who was just let in", async () => {
  const { pool, made } = fakePool();
  const answer = (pool.use(never) as Promise<unknown>).catch(messageOf);
  await pool.close();
  assertEquals([await answer, made], ["it was closed", []]);
});
