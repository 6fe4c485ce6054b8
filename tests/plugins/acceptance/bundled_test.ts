/** The bundled plugins that decide, as clients meet them. */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { startBroker, TestClient } from "../../_client.ts";
import {
  ARGON2,
  BCRYPT,
  PASSWORD,
  PBKDF2,
  SHA512,
  SHA512_CRYPT,
} from "../bundled/_passwords.ts";
import { MemoryLogger } from "../manager_support.ts";

const VERSIONS = [3, 4, 5] as const;
const REFUSED = { 3: 5, 4: 5, 5: 0x87 } as const;

for (const version of VERSIONS) {
  Deno.test(`aMQTT 33: level ${version}: auth_anonymous decides by the user name`, async () => {
    for (const allowAnonymous of [true, false]) {
      await using broker = await startBroker({
        plugins: { auth_anonymous: { allowAnonymous } },
      });
      await using nobody = await TestClient.connect(broker, { version });
      assertEquals(nobody.code, allowAnonymous ? 0 : REFUSED[version]);
      await using someone = await TestClient.connect(broker, {
        version,
        username: "someone",
      });
      assertEquals(someone.code, 0);
      // Whoever has a name is not anonymous, which aMQTT makes them.
      const [session] = [...broker.context.sessions].slice(-1);
      assertEquals([session.username, session.isAnonymous], ["someone", false]);
    }
  });
}

Deno.test("aMQTT 34: auth_file lets in who knows the password, whichever program wrote the file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const passwordFile = `${folder}/passwords`;
    const hashes = { ARGON2, BCRYPT, PBKDF2, SHA512, SHA512_CRYPT };
    const lines = Object.entries(hashes).map((pair) => pair.join(":"));
    await Deno.writeTextFile(passwordFile, `# users\n${lines.join("\n")}\n`);
    const logger = new MemoryLogger();
    await using broker = await startBroker({
      plugins: { auth_file: { passwordFile } },
      // Wrong passwords are answered later and later, unless nobody counts them.
      maxLoginFailuresPerAddress: 0,
      maxLoginFailuresPerUser: 0,
    }, logger);
    for (const version of VERSIONS) {
      const code = async (username?: string, password?: string) => {
        await using client = await TestClient.connect(broker, {
          version,
          username,
          ...(password !== undefined && { password: Buffer.from(password) }),
        });
        return client.code;
      };
      for (const username of Object.keys(hashes)) {
        assertEquals(await code(username, PASSWORD), 0, username);
        assertEquals(await code(username, "wrong"), REFUSED[version], username);
      }
      assertEquals(await code("unknown", PASSWORD), REFUSED[version]);
      assertEquals(await code("ARGON2"), REFUSED[version]);
      assertEquals(await code(), REFUSED[version]);
    }
    assertEquals(
      logger.text.includes("2 hashes of the password file"),
      true,
      logger.text,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("aMQTT 35: topic_taboo keeps its topics from everybody but admin", async () => {
  await using broker = await startBroker({
    plugins: ["auth_anonymous", "topic_taboo"],
  });
  const taboo = ["prohibited", "top-secret", "data/classified"];
  for (const username of [undefined, "user", "admin"]) {
    const admin = username === "admin";
    await using reader = await TestClient.connect(broker, { username });
    assertEquals(
      await reader.subscribe([...taboo, "free"], 1),
      [...taboo.map(() => admin ? 1 : 0x80), 1],
    );
    await reader.subscribe("#", 1);
    await using writer = await TestClient.connect(broker, { username });
    for (const topic of taboo) {
      await writer.publish(topic, "x", { qos: 1 });
      if (admin) assertEquals(await reader.message(), `${topic}: x`);
    }
    await writer.publish("free", "y", { qos: 1 });
    assertEquals(await reader.message(), "free: y");
  }
});

Deno.test("aMQTT 36: topic_acl decides for each user what is published, subscribed to and received", async () => {
  await using broker = await startBroker({
    plugins: {
      auth_anonymous: null,
      topic_acl: {
        "publish-acl": { alice: ["a/+/c", "d/#"], anonymous: ["open"] },
        "subscribe-acl": { alice: ["#"], bob: ["#"], anonymous: ["open"] },
        "receive-acl": { alice: ["#"], bob: ["a/#"], anonymous: ["open"] },
      },
    },
  });
  await using alice = await TestClient.connect(broker, { username: "alice" });
  await using bob = await TestClient.connect(broker, { username: "bob" });
  await using nobody = await TestClient.connect(broker);
  await using carol = await TestClient.connect(broker, { username: "carol" });
  assertEquals(await alice.subscribe("#"), [0]);
  assertEquals(await bob.subscribe("#"), [0]);
  assertEquals(await nobody.subscribe(["open", "#", "+"]), [0, 0x80, 0x80]);
  assertEquals(await carol.subscribe(["open", "a/b/c"]), [0x80, 0x80]);

  await using sender = await TestClient.connect(broker, { username: "alice" });
  for (
    const topic of ["a/b/c", "a/b", "a/b/c/d", "d", "d/e/f", "dd", "open"]
  ) await sender.publish(topic, "x", { qos: 1 });
  for (const topic of ["a/b/c", "d", "d/e/f"]) {
    assertEquals(await alice.message(), `${topic}: x`);
  }
  assertEquals(await bob.message(), "a/b/c: x");
  await nobody.publish("a/b/c", "no", { qos: 1 });
  await carol.publish("open", "no", { qos: 1 });
  await bob.publish("open", "no", { qos: 1 });
  await using stranger = await TestClient.connect(broker);
  await stranger.publish("open", "yes", { qos: 1 });
  assertEquals(await nobody.message(), "open: yes");
  assertEquals(await alice.message(), "open: yes");
  for (const client of [alice, bob, nobody, carol]) await client.ping();
});
