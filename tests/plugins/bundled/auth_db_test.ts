import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { Broker } from "../../../mod.ts";
import AuthDb, { type AuthDbOptions } from "../../../plugins/auth_db.ts";
import { parseConnectionUrl } from "../../../plugins/_db/connection_url.ts";
import { openDatabase } from "../../../plugins/_db/database.ts";
import { syncSchema } from "../../../plugins/_db/schema.ts";
import { UserTable } from "../../../plugins/_db/user_table.ts";
import {
  parseHash,
  type PasswordHash,
} from "../../../plugins/_password/hash.ts";
import { makeHash } from "../../../plugins/_password/make.ts";
import { verifyPassword } from "../../../plugins/_password/verify.ts";
import { eventually, startBroker, TestClient } from "../../_client.ts";
import {
  checkedOptions,
  fakeContext,
  fakeSession,
  RecordingLogger,
} from "./_context.ts";

const PASSWORD = "correct horse";
const BCRYPT = "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2";
const PBKDF2 =
  "$pbkdf2-sha256$1000$....AAECAwQFBgcICQoLDA$Rd/AWIkwp1Wxc5JZtZBEqEbH5XlMtkZyydEDn2liAbc";
const SCRYPT =
  "$scrypt$ln=10,r=8,p=1$++++AAECAwQFBgcICQoLDA$U+BaaVemzw0wxSMXAFlh6mUfEOetddHIAFC0u4Csluc";
const ARGON2 = await makeHash("argon2", new TextEncoder().encode(PASSWORD));

/** A file of SQLite with users, removed at the end. */
class UserFile implements AsyncDisposable {
  private constructor(readonly folder: string, readonly file: string) {}

  static async create(users: Record<string, string> = {}): Promise<UserFile> {
    const folder = await Deno.makeTempDir();
    const made = new UserFile(folder, `${folder}/auth.db`);
    const database = await openDatabase(parseConnectionUrl(made.url), {
      connections: 1,
      timeout: 5000,
      create: true,
    });
    await syncSchema(database);
    const table = new UserTable(database);
    for (const [username, passwordHash] of Object.entries(users)) {
      await table.add({ username, passwordHash });
    }
    await database.close();
    return made;
  }

  get url(): string {
    return `sqlite+aiosqlite:///${this.file}`;
  }

  /** The hash that the table has now. */
  hashOf(username: string): string {
    const database = new DatabaseSync(this.file);
    const row = database.prepare(
      "SELECT password_hash FROM user_auth WHERE username = ?",
    ).get(username);
    database.close();
    return String(row?.password_hash);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A plugin under test. */
class TestPlugin implements AsyncDisposable {
  private constructor(
    readonly plugin: AuthDb,
    readonly logger: RecordingLogger,
  ) {}

  static async create(options: Partial<AuthDbOptions>): Promise<TestPlugin> {
    const config = await checkedOptions<AuthDbOptions>(AuthDb, options);
    const { context, logger } = fakeContext(config);
    return new TestPlugin(new AuthDb(context), logger);
  }

  login(username?: string, password?: string): boolean | Promise<boolean> {
    const session = fakeSession({
      username,
      password: password === undefined
        ? undefined
        : new TextEncoder().encode(password),
    });
    const answer = this.plugin.authenticate({ session });
    // The broker may use the bytes for something else.
    session.password?.fill(0);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.plugin.close();
  }
}

async function isRight(text: string, password: string): Promise<boolean> {
  const hash = parseHash(text) as PasswordHash;
  return await verifyPassword(hash, new TextEncoder().encode(password));
}

Deno.test("aMQTT 44: users log in with the right password only", async () => {
  await using users = await UserFile.create({ alice: ARGON2 });
  await using plugin = await TestPlugin.create({ connection: users.url });
  assertEquals(await plugin.login("alice", PASSWORD), true);
  assertEquals(await plugin.login("alice", "wrong"), false);
  assertEquals(await plugin.login("Alice", PASSWORD), false);
  assertEquals(await plugin.login("bob", PASSWORD), false);
  assertEquals(users.hashOf("alice"), ARGON2);
  assertEquals(plugin.logger.lines, []);
});

Deno.test("auth_db denies who sends no user name or no password", async () => {
  await using users = await UserFile.create({ alice: ARGON2 });
  await using plugin = await TestPlugin.create({ connection: users.url });
  assertEquals(plugin.login(undefined, undefined), false);
  assertEquals(plugin.login("", PASSWORD), false);
  assertEquals(plugin.login("alice"), false);
  assertEquals(plugin.login("alice", ""), false);
  assertEquals(await plugin.login("alice", "x".repeat(1025)), false);
});

Deno.test("auth_db takes no text of a client for SQL", async () => {
  await using users = await UserFile.create({ alice: ARGON2 });
  await using plugin = await TestPlugin.create({ connection: users.url });
  for (const name of ["' OR '1'='1", "alice'; DROP TABLE user_auth; --", "%"]) {
    assertEquals(await plugin.login(name, PASSWORD), false);
  }
  assertEquals(await plugin.login("alice", PASSWORD), true);
});

Deno.test("aMQTT 44: a login replaces an old hash by one of the first scheme", async () => {
  const old = { alice: BCRYPT, bob: PBKDF2, carol: SCRYPT };
  await using users = await UserFile.create(old);
  {
    await using plugin = await TestPlugin.create({
      connection: users.url,
      hashSchemes: ["argon2", "bcrypt", "pbkdf2_sha256", "scrypt"],
    });
    for (const [name, hash] of Object.entries(old)) {
      assertEquals(await plugin.login(name, "wrong"), false);
      assertEquals(users.hashOf(name), hash);
      assertEquals(await plugin.login(name, PASSWORD), true);
      await eventually(() => users.hashOf(name) !== hash, "new hash");
      assert(users.hashOf(name).startsWith("$argon2id$"), users.hashOf(name));
      assertEquals(await isRight(users.hashOf(name), PASSWORD), true);
      assertEquals(await plugin.login(name, PASSWORD), true);
    }
  }
  await using plugin = await TestPlugin.create({
    connection: users.url,
    hashSchemes: ["bcrypt", "argon2"],
  });
  const before = users.hashOf("alice");
  assertEquals(await plugin.login("alice", PASSWORD), true);
  await eventually(() => users.hashOf("alice") !== before, "new hash");
  assert(users.hashOf("alice").startsWith("$2a$12$"), users.hashOf("alice"));
});

Deno.test("auth_db denies users whose hash is not of the schemes, and says so once", async () => {
  await using users = await UserFile.create({
    alice: PBKDF2,
    bob: "plain-secret",
    carol:
      "$7$101$8g03eNwaXoXWJaCV$pnh2/CNnOpkQAlSeQt4wOQTTIOKG7s9zxnm6ZVLtt/LblUwg26PB1Pw78m6yWMIBcN/KGY3YiorNPkKJQ192Tw==",
  });
  await using plugin = await TestPlugin.create({ connection: users.url });
  for (const name of ["alice", "bob", "carol", "alice"]) {
    assertEquals(await plugin.login(name, PASSWORD), false);
  }
  assertEquals(await plugin.login("bob", "plain-secret"), false);
  const { lines } = plugin.logger;
  assertEquals(lines.length, 3);
  assertStringIncludes(
    lines[0],
    '"hash-schemes" does not have its kind "pbkdf2_sha256"',
  );
  assertStringIncludes(lines[1], "the kind of hash is not known");
  assertStringIncludes(lines[2], 'its kind "pbkdf2"');
  assertEquals(lines.join().includes("plain-secret"), false);
});

Deno.test("auth_db waits for the lock of another program", async () => {
  await using users = await UserFile.create({ alice: ARGON2 });
  await using plugin = await TestPlugin.create({
    connection: users.url,
    timeout: 30,
  });
  const other = new DatabaseSync(users.file);
  other.exec("BEGIN EXCLUSIVE");
  const answer = plugin.login("alice", PASSWORD);
  const early = await Promise.race([
    answer,
    new Promise((resolve) => setTimeout(resolve, 50, "waiting")),
  ]);
  assertEquals(early, "waiting");
  other.exec("COMMIT");
  other.close();
  assertEquals(await answer, true);
});

Deno.test("auth_db fails without its file or table, and says what to do", async () => {
  await using users = await UserFile.create();
  await Deno.writeTextFile(`${users.folder}/empty.db`, "");
  for (const file of ["missing.db", "empty.db"]) {
    await using plugin = await TestPlugin.create({
      connection: `sqlite:///${users.folder}/${file}`,
    });
    const { message } = await assertRejects(
      async () => await plugin.login("alice", PASSWORD),
      Error,
    );
    assertStringIncludes(message, `"${users.folder}/${file}"`);
    assertStringIncludes(message, '"sync-schema"');
    await assertRejects(() => plugin.plugin.onBrokerPreStart());
  }
  await assertRejects(() => Deno.stat(`${users.folder}/missing.db`));
});

Deno.test("auth_db makes file and table with sync-schema, for its own user only", async () => {
  await using users = await UserFile.create();
  const file = `${users.folder}/new.db`;
  await using plugin = await TestPlugin.create({
    connection: `sqlite:///${file}`,
    syncSchema: true,
  });
  await plugin.plugin.onBrokerPreStart();
  assertEquals(await plugin.login("alice", PASSWORD), false);
  assertEquals((await Deno.stat(file)).mode! & 0o777, 0o600);
});

Deno.test("auth_db refuses wrong options and connection URLs", async () => {
  for (
    const options of [
      {},
      { connection: "" },
      { connection: "sqlite:///a.db", hashSchemes: [] },
      { connection: "sqlite:///a.db", hashSchemes: ["md5"] },
      { connection: "sqlite:///a.db", timeout: 0 },
      { connection: "sqlite:///a.db", connections: 0 },
      { connection: "sqlite:///a.db", workers: 0 },
      { connection: "sqlite:///a.db", other: 1 },
    ]
  ) {
    await assertRejects(() => checkedOptions(AuthDb, options), TypeError);
  }
  const config = await checkedOptions<AuthDbOptions>(AuthDb, {
    connection: "nothing:///a.db",
  });
  assertThrows(
    () => new AuthDb(fakeContext(config).context),
    TypeError,
    'no database "nothing"',
  );
});

Deno.test("aMQTT 44: a broker lets in who is in the table, configured by aMQTT's name", async () => {
  await using users = await UserFile.create({ myuser: ARGON2 });
  await using broker = await startBroker({
    plugins: {
      "amqtt.contrib.auth_db.UserAuthDBPlugin": { connection: users.url },
    },
  });
  const connect = (username?: string, password?: string) =>
    TestClient.connect(broker, {
      version: 5,
      username,
      password: password === undefined ? undefined : Buffer.from(password),
    });
  await using client = await connect("myuser", PASSWORD);
  assertEquals(client.code, 0);
  assertEquals(await client.subscribe("my/topic", 1), [1]);
  await using publisher = await connect("myuser", PASSWORD);
  await publisher.publish("my/topic", "test", { qos: 1 });
  assertEquals(await client.message(), "my/topic: test");
  for (
    const [username, password] of [
      ["myuser", "mywrongpassword"],
      ["myuser", ""],
      ["other", PASSWORD],
      [undefined, undefined],
    ]
  ) {
    await using refused = await connect(username, password);
    assertNotEquals(refused.code, 0);
  }
});

Deno.test("a broker without its database lets nobody in, logs it once, and goes on", async () => {
  await using users = await UserFile.create({ alice: ARGON2 });
  const logger = new RecordingLogger("error");
  const missing = `${users.folder}/later.db`;
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: { auth_db: { connection: `sqlite:///${missing}` } },
  }, { logger });
  await broker.start();
  try {
    const login = async () => {
      await using client = await TestClient.connect(broker, {
        username: "alice",
        password: Buffer.from(PASSWORD),
      });
      return client.code;
    };
    const codes = await Promise.all(Array.from({ length: 20 }, login));
    assertEquals(codes, Array(20).fill(5));
    assertEquals(logger.lines.length, 1, logger.lines.join("\n"));
    assertStringIncludes(logger.lines[0], "there is no such file");
    await Deno.rename(users.file, missing);
    assertEquals(await login(), 0);
  } finally {
    await broker.shutdown();
  }
});
