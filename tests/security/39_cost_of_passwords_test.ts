/** Class 39: passwords that cost the broker its time, or tell by it who exists. */

import { assert, assertEquals } from "@std/assert";
import type { Broker } from "../../mod.ts";
import { connectPacket, startBroker, TestClient } from "../_client.ts";
import { makeFolder } from "./_attack.ts";

/** bcrypt of cost 12: long enough to be seen. */
const SLOW = "$2b$12$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
const BUSY = 0x89;
const WRONG = 0x87;

async function start(folder: string, maxWaiting: number): Promise<Broker> {
  const passwordFile = `${folder}/passwords`;
  await Deno.writeTextFile(passwordFile, `alice:${SLOW}\nbob:${SLOW}\n`);
  return await startBroker({
    plugins: [{ auth_file: { passwordFile, maxWaiting } }],
    pluginTimeout: 60,
    connectTimeout: 60,
    maxLoginFailuresPerAddress: 0,
    maxLoginFailuresPerUser: 0,
  });
}

/** Sends the logins one right after the other; says how each was answered. */
async function login(
  broker: Broker,
  ...logins: (readonly [username: string, password: string])[]
): Promise<(number | undefined)[]> {
  const clients: TestClient[] = [];
  for (const _ of logins) clients.push(await TestClient.open(broker, 5));
  const answers = logins.map(async ([username, password], i) => {
    await clients[i].send(connectPacket({
      version: 5,
      username,
      password: password as never,
    }));
    return (await clients[i].expect("connack")).reasonCode;
  });
  const codes = await Promise.all(answers);
  for (const client of clients) await client.close();
  return codes;
}

Deno.test("a login of a user who does not exist costs a hash like any other, so that its time tells nothing", async () => {
  await using folder = await makeFolder();
  // One hash at a time: whoever needs one meanwhile is told that the broker is busy.
  await using broker = await start(folder.path, 0);
  for (const pair of [["alice", "nobody"], ["nobody", "else"], ["no", "bob"]]) {
    const codes = await login(broker, [pair[0], "x"], [pair[1], "x"]);
    assertEquals(codes.sort(), [WRONG, BUSY]);
  }
});

Deno.test("hashes are computed beside the broker: clients are served meanwhile", async () => {
  await using folder = await makeFolder();
  await using broker = await start(folder.path, 1000);
  const order: string[] = [];
  const tries = Array.from({ length: 5 }, () => ["alice", "x"] as const);
  const logins = login(broker, ...tries).then(() => order.push("logins"));
  for (let i = 0; i < 5; i++) {
    // Not authenticated, and yet answered.
    await using client = await TestClient.open(broker);
    await client.raw([0xc0, 0]);
    await client.closed();
  }
  order.push("others");
  await logins;
  assertEquals(order, ["others", "logins"]);
});

Deno.test("the logins that wait are bounded: the others are told that the broker is busy", async () => {
  await using folder = await makeFolder();
  await using broker = await start(folder.path, 2);
  const tries = Array.from({ length: 20 }, () => ["alice", "x"] as const);
  const codes = await login(broker, ...tries);
  const wrong = codes.filter((code) => code === WRONG).length;
  assert(wrong >= 1 && wrong < 20, `${wrong} were looked at`);
  assertEquals(codes.filter((code) => code === BUSY).length, 20 - wrong);
});

Deno.test("passwords without end, or without a beginning, are not hashed", async () => {
  await using folder = await makeFolder();
  await using broker = await start(folder.path, 0);
  const endless = "x".repeat(65535);
  // At the same time: with a hash for each all but one were refused as busy.
  const codes = await login(
    broker,
    ...[["alice", endless], ["bob", endless], ["nobody", endless]] as const,
    ...[["alice", ""], ["bob", ""], ["nobody", ""]] as const,
  );
  assertEquals(codes, codes.map(() => WRONG));
});

Deno.test("a login whose client has gone does not keep its place for ever", async () => {
  await using folder = await makeFolder();
  await using broker = await start(folder.path, 1000);
  for (let i = 0; i < 3; i++) {
    await using client = await TestClient.open(broker, 5);
    await client.send(connectPacket({
      version: 5,
      username: "alice",
      password: "x" as never,
    }));
  }
  assertEquals(await login(broker, ["alice", "x"]), [WRONG]);
  assertEquals([...broker.context.sessions], []);
});
