/** Class 36: files that everybody can read, and secrets in the log. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { createLogger } from "../../broker/log.ts";
import { BaseAuthPlugin, type Broker, type Logger } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { ARGON2, PASSWORD } from "../plugins/bundled/_passwords.ts";
import { gone, publish } from "../protocol/_helpers.ts";
import { codeOf, lasting, makeFolder, VERSIONS } from "./_attack.ts";

const SECRETS = {
  password: PASSWORD,
  wrong: "wr0ng-passw0rd",
  payload: "payload-secret",
  will: "will-secret",
  authentication: "method-secret",
};

/** A logger that writes everything there is to write. */
function recorder(format: "text" | "json"): [Logger, string[]] {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return [createLogger({ level: "debug", format, write }), lines];
}

/** Fails, and has the password in its hands while it does. */
class Failing extends BaseAuthPlugin {
  authenticate(): undefined {
    throw new Error("broken on purpose");
  }
}

/** Everything that may come into a log. */
async function liveThroughEverything(broker: Broker): Promise<void> {
  for (const version of VERSIONS) {
    const will = {
      topic: "w",
      payload: SECRETS.will as never,
      qos: 1,
      retain: true,
    } as const;
    const alice = {
      version,
      clientId: `c${version}`,
      username: "alice",
      password: SECRETS.password as never,
      will,
    };
    assertEquals(
      await codeOf(broker, { ...alice, password: SECRETS.wrong as never }),
      version === 5 ? 0x87 : 5,
    );
    const client = await TestClient.connect(broker, alice);
    assertEquals(client.code, 0);
    await client.subscribe("#", 1);
    for (const qos of [0, 1, 2] as const) {
      const messageId = qos === 0 ? undefined : qos;
      await client.send(
        publish("t", SECRETS.payload, { qos, messageId, retain: true }),
      );
    }
    await client.send({ cmd: "pingreq" });
    while ((await client.next()).cmd !== "pingresp");
    // Malformed: the log may say what is wrong, not what is in it.
    await client.raw([0x36, SECRETS.payload.length + 2, 0, 1]);
    await client.raw(new TextEncoder().encode(SECRETS.payload));
    await client.closed();
    await client.close();
    await gone(broker, alice.clientId);
  }
  const properties = {
    authenticationMethod: "m",
    authenticationData: SECRETS.authentication as never,
  };
  assertEquals(await codeOf(broker, { version: 5, properties }), 0x8c);
}

for (const format of ["text", "json"] as const) {
  Deno.test(`${format}: no password and no payload is in the log, at whatever level`, async () => {
    await using folder = await makeFolder();
    const passwordFile = `${folder.path}/passwords`;
    await Deno.writeTextFile(passwordFile, `alice:${ARGON2}\n`);
    const [logger, lines] = recorder(format);
    await using broker = await startBroker({
      plugins: [{ auth_file: { passwordFile } }, "event_logger", {
        packet_logger: null,
      }, "sys"],
      maxLoginFailuresPerAddress: 0,
      maxLoginFailuresPerUser: 0,
    }, logger);
    await liveThroughEverything(broker);
    const log = lines.join("");
    // It was written at all.
    for (const word of ["alice", "publish", "connect"]) {
      assertStringIncludes(log, word);
    }
    for (const secret of Object.values(SECRETS)) {
      const base64 = btoa(secret).replace(/=+$/, "").slice(0, -1);
      const numbers = [...new TextEncoder().encode(secret)].join(",");
      for (const form of [secret, base64, numbers]) {
        assertEquals(log.includes(form), false, form);
      }
    }
    assertEquals(log.includes(ARGON2.slice(-20)), false);
  });
}

Deno.test("a plugin that fails over a login does not take the password into the log", async () => {
  const [logger, lines] = recorder("json");
  await using broker = await startBroker({ plugins: [Failing] }, logger);
  const password = SECRETS.password as never;
  await codeOf(broker, { username: "alice", password });
  const log = lines.join("");
  assertStringIncludes(log, "broken on purpose");
  assertEquals(log.includes(SECRETS.password), false);
});

Deno.test("a client cannot forge a line of the log", async () => {
  const [logger, lines] = recorder("text");
  await using broker = await startBroker({
    plugins: ["auth_anonymous", "event_logger", "packet_logger"],
  }, logger);
  const forged =
    "x\n[2030-01-01] :: ERROR :: dinomq :: forged\r\u2028y\u001b[2J";
  await using client = await TestClient.connect(broker, {
    version: 5,
    clientId: forged,
    username: forged,
    properties: { userProperties: { [forged]: forged } },
  });
  await client.subscribe(`t/${forged}`);
  await client.send(publish(`t/${forged}`, "x"));
  await client.message();
  await client.send(publish("$x", "x", { qos: 1, messageId: 1 }));
  await client.expect("puback");
  for (const line of lines) {
    // deno-lint-ignore no-control-regex
    assertEquals(/[\u0000-\u001f\u2028]/.test(line.slice(0, -1)), false, line);
    assertEquals(line.startsWith("[2030"), false, line);
  }
  assertStringIncludes(lines.join(""), "forged");
});

Deno.test("what the broker keeps of its clients is for its own user only", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/dinomq.db`;
  await using broker = await startBroker({ store: { type: "sqlite", path } });
  const client = await TestClient.connect(broker, lasting(5));
  await client.subscribe("t", 1);
  await client.publish("u", SECRETS.payload, { retain: true });
  await client.close();
  let count = 0;
  for await (const { name } of Deno.readDir(folder.path)) {
    const { mode } = await Deno.stat(`${folder.path}/${name}`);
    assertEquals(mode! & 0o077, 0, name);
    count++;
  }
  // The database, what is written ahead of it, and the lock.
  assertEquals(count >= 3, true);
});
