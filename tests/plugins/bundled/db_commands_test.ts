import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { Command } from "../../../broker/cli/mod.ts";
import topics from "../../../plugins/_db/topics_command.ts";
import users from "../../../plugins/_db/users_command.ts";
import {
  parseHash,
  type PasswordHash,
} from "../../../plugins/_password/hash.ts";
import { verifyPassword } from "../../../plugins/_password/verify.ts";
import { run as runCommand } from "../../cli/_context.ts";
import { freePort } from "../../_ports.ts";
import { startPostgresql } from "./_databases.ts";
import { findProgram } from "./_server_process.ts";

/** What a command said. */
interface Outcome {
  code: number;
  out: string;
  error: string;
}

/** Runs a command with these lines as standard input. */
async function run(
  command: Command,
  args: string[],
  input: string[] = [],
  terminal = false,
): Promise<Outcome> {
  const stdin = input.map((line) => `${line}\n`).join("");
  const { code, stdout, stderr } = await runCommand(command, args, {
    stdin,
    terminal,
  });
  return { code, out: stdout.trimEnd(), error: stderr.trimEnd() };
}

/** Runs `body` with the arguments that name a synced file of SQLite. */
async function withFile(
  body: (database: string[], file: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/auth.db`;
  try {
    const database = ["-d", "sqlite", "-f", file];
    assertEquals(await run(users, [...database, "sync"]), {
      code: 0,
      out: "Success: database synced.",
      error: "",
    });
    await body(database, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function hashOf(file: string, username: string): string | undefined {
  const database = new DatabaseSync(file);
  const row = database.prepare(
    "SELECT password_hash FROM user_auth WHERE username = ?",
  ).get(username);
  database.close();
  return row?.password_hash as string | undefined;
}

async function isRight(text: string, password: string): Promise<boolean> {
  const hash = parseHash(text) as PasswordHash;
  return await verifyPassword(hash, new TextEncoder().encode(password));
}

for (const [name, command] of [["users", users], ["topics", topics]] as const) {
  Deno.test(`aMQTT 45: ${name} shows its usage, and refuses what it does not understand`, async () => {
    const help = await run(command, ["--help"]);
    assertEquals([help.code, help.error], [0, ""]);
    assertMatch(help.out, /^Usage: /m);
    for (const word of ["--db", "sync", "list", "add -c ID", "rm -c ID"]) {
      assertStringIncludes(help.out, word);
    }
    assertEquals(help.out.includes("--action"), name === "topics");
    for (
      const args of [
        [],
        ["sync"],
        ["-d", "oracle", "sync"],
        ["-d", "sqlite"],
        ["-d", "sqlite", "dance"],
        ["-d", "sqlite", "toString"],
        ["-d", "sqlite", "list", "more"],
        ["-d", "sqlite", "list", "--nope"],
        ["-d", "sqlite", "-f"],
        ["-d", "sqlite", "-f", "", "list"],
        ["-d", "sqlite", "add", "-c", "", "-a", "publish", "a"],
        ["-d", "sqlite", "add"],
        ["-d", "sqlite", "rm"],
        ["-d", "mysql", "-u", "root", "sync"],
        ["-d", "postgresql", "-u", "root", "-p", "x", "sync"],
        ["--url", "nothing", "sync"],
      ]
    ) {
      const { code, error } = await run(command, args);
      assertEquals(code, 2, `${args}: ${error}`);
      assertMatch(error, /^error: Cannot .*\nTry command --help\.$/);
    }
  });

  Deno.test(`aMQTT 45: ${name} needs a user name for a server, and a file that exists`, async () => {
    for (const kind of ["mysql", "mariadb", "postgresql"]) {
      const { code, error } = await run(command, ["-d", kind, "sync"]);
      assertEquals([code, error], [
        1,
        "DB access requires a username be provided.",
      ]);
    }
    const file = "/nowhere/auth.db";
    const missing = await run(command, ["-d", "sqlite", "-f", file, "list"]);
    assertEquals(missing.code, 1);
    assertEquals(missing.error, `SQLite option could not find '${file}'`);
    const failed = await run(command, ["-d", "sqlite", "-f", file, "sync"]);
    assertEquals(failed.code, 1);
    assertStringIncludes(failed.error, file);
  });

  Deno.test(`aMQTT 45: ${name} fails when the server cannot be reached`, async () => {
    const port = freePort();
    for (const kind of ["mysql", "postgresql"]) {
      const { code, error } = await run(command, [
        ...["-d", kind, "-u", "root", "-h", "127.0.0.1", "-p", `${port}`],
        ...["-n", "auth", "sync"],
      ], ["db-secret"]);
      assertEquals(code, 1);
      assertStringIncludes(error, `127.0.0.1:${port}`);
      assertEquals(error.includes("db-secret"), false);
    }
  });
}

Deno.test("aMQTT 45: users adds, lists, changes and removes users", async () => {
  await withFile(async (database, file) => {
    const empty = await run(users, [...database, "list"]);
    assertEquals([empty.code, empty.out], [
      0,
      "No client authentications exist.",
    ]);

    for (const id of ["client456", "client123"]) {
      const added = await run(users, [...database, "add", "-c", id], [
        "secret",
      ]);
      assertEquals([added.code, added.error], [0, ""]);
      const hash = hashOf(file, id)!;
      assertEquals(
        added.out,
        `Success: created '${id}' with password hash: ${hash}`,
      );
      assertMatch(hash, /^\$argon2id\$/);
      assertEquals(await isRight(hash, "secret"), true);
    }
    const again = await run(users, [...database, "add", "-c", "client123"], [
      "other",
    ]);
    assertEquals([again.code, again.error], [
      1,
      "Error: client 'client123' already exists.",
    ]);
    assertEquals(await isRight(hashOf(file, "client123")!, "secret"), true);

    const list = await run(users, [...database, "list"]);
    assertMatch(
      list.out,
      /^'client123' with password hash: \$argon2.*\n'client456' with/,
    );

    const before = hashOf(file, "client123");
    const pwd = [...database, "pwd", "-c", "client123"];
    const changed = await run(users, pwd, ["myotherpassword"]);
    assertEquals([changed.code, changed.out], [
      0,
      "Success: client 'client123' password updated.",
    ]);
    assertNotEquals(hashOf(file, "client123"), before);
    assertEquals(
      await isRight(hashOf(file, "client123")!, "myotherpassword"),
      true,
    );

    for (const command of ["rm", "pwd"]) {
      const unknown = await run(
        users,
        [...database, command, "-c", "device123"],
        ["y"],
      );
      assertEquals([unknown.code, unknown.error], [
        1,
        "Error: client 'device123' does not exist.",
      ]);
    }

    const rm = [...database, "rm", "--client-id", "client123"];
    const refused = await run(users, rm, ["N"]);
    assertEquals([refused.code, refused.out], [0, ""]);
    assertEquals((await run(users, rm)).code, 1);
    assert(hashOf(file, "client123") !== undefined);
    const removed = await run(users, rm, ["y"]);
    assertEquals([removed.code, removed.out], [
      0,
      "Success: 'client123' was removed.",
    ]);
    assertEquals(hashOf(file, "client123"), undefined);
  });
});

Deno.test("aMQTT 45: users refuses empty passwords, and leaves everything as it was", async () => {
  await withFile(async (database, file) => {
    const add = [...database, "add", "-c", "client123"];
    const pwd = [...database, "pwd", "-c", "client123"];
    for (const input of [[" "], [""], []]) {
      const { code, error } = await run(users, add, input);
      assertEquals([code, error], [
        1,
        "Error: client password cannot be empty.",
      ]);
    }
    assertEquals(hashOf(file, "client123"), undefined);
    const long = await run(users, add, ["x".repeat(1025)]);
    assertEquals(long.code, 1);
    assertStringIncludes(long.error, "1024 bytes");
    await run(users, add, ["secret"]);
    const before = hashOf(file, "client123");
    assertEquals((await run(users, pwd, [" "])).code, 1);
    assertEquals(hashOf(file, "client123"), before);
  });
});

Deno.test("users asks a person twice for a new password", async () => {
  await withFile(async (database, file) => {
    const add = [...database, "add", "-c", "alice"];
    const different = await run(users, add, ["secret", "secert"], true);
    assertEquals(different.code, 1);
    assertStringIncludes(different.error, "New password of alice: ");
    assertStringIncludes(different.error, "the two are not equal");
    const aborted = await run(users, add, ["\x03"], true);
    assertEquals(aborted.code, 1);
    assertStringIncludes(aborted.error, "interrupted");
    assertEquals(hashOf(file, "alice"), undefined);
    assertEquals((await run(users, add, ["secret", "secret"], true)).code, 0);
    const rm = await run(
      users,
      [...database, "rm", "-c", "alice"],
      ["n"],
      true,
    );
    assertEquals([rm.code, rm.error], [
      0,
      "Please confirm the removal of 'alice'? [y/N]:",
    ]);
  });
});

Deno.test("aMQTT 45: topics adds, lists and removes topic filters", async () => {
  await withFile(async (database) => {
    const empty = await run(topics, [...database, "list"]);
    assertEquals([empty.code, empty.out], [
      0,
      "No client authorizations exist.",
    ]);

    const change = (
      command: "add" | "rm",
      id: string,
      action: string,
      topic: string,
    ) => run(topics, [...database, command, "-c", id, "-a", action, topic]);
    const added = await change("add", "device123", "publish", "my/topic");
    assertEquals([added.code, added.out], [
      0,
      "Success: topic 'my/topic' added to publish for 'device123'",
    ]);
    const again = await change("add", "device123", "publish", "my/topic");
    assertEquals([again.code, again.error], [
      1,
      "Topic 'my/topic' already exists for 'publish'.",
    ]);
    assertEquals(
      (await change("add", "device456", "subscribe", "$SYS/#")).code,
      0,
    );

    const list = await run(topics, [...database, "list"]);
    assertEquals(
      list.out,
      "'device123':\n\tpublish: [my/topic], subscribe: [], receive: []\n" +
        "'device456':\n\tpublish: [], subscribe: [$SYS/#], receive: []",
    );

    const mismatch = await change("rm", "device123", "subscribe", "my/topic");
    assertEquals([mismatch.code, mismatch.error], [
      1,
      "Error: topic 'my/topic' not in the subscribe allow list for device123.",
    ]);
    const unknown = await change("rm", "nobody", "publish", "my/topic");
    assertEquals([unknown.code, unknown.error], [
      1,
      "client 'nobody' doesn't exist.",
    ]);
    const removed = await change("rm", "device123", "publish", "my/topic");
    assertEquals([removed.code, removed.out], [
      0,
      "Success: removed topic 'my/topic' from publish for 'device123'",
    ]);
  });
});

Deno.test("aMQTT 44, 45: topics refuses $ topics for publish, wrong filters and wrong actions", async () => {
  await withFile(async (database) => {
    const add = (...rest: string[]) =>
      run(topics, [...database, "add", "-c", "alice", ...rest]);
    const dollar = await add("-a", "publish", "$MY/topic");
    assertEquals([dollar.code, dollar.error], [
      1,
      "Error: MQTT does not allow clients to publish to $ topics.",
    ]);
    for (const filter of ["a/#/b", "a#", "a+/b", "$share/group/a", ""]) {
      const { code, error } = await add("-a", "subscribe", filter);
      assertEquals(code, 1, filter);
      assertStringIncludes(error, "is no topic filter");
    }
    assertEquals((await add("my/topic")).code, 2);
    assertEquals((await add("-a", "shout", "my/topic")).code, 2);
    assertEquals((await add("-a", "publish")).code, 2);
    const list = await run(topics, [...database, "list"]);
    assertEquals(list.out, "No client authorizations exist.");
    assertEquals((await add("-a", "publish", "$shadow/alice/#")).code, 0);
  });
});

Deno.test("users and topics work with a server, by options and by URL", async () => {
  await using server = await startPostgresql();
  const url = new URL(server.url);
  const options = [
    ...["-d", "postgresql", "-u", url.username, "-h", url.hostname],
    ...["-p", url.port, "-n", "postgres"],
  ];
  const password = decodeURIComponent(url.password);
  assertEquals((await run(users, [...options, "sync"], [password])).code, 0);
  const added = await run(users, [...options, "add", "-c", "alice"], [
    password,
    "secret",
  ]);
  assertEquals([added.code, added.error], [0, ""]);
  const list = await run(users, ["--url", server.url, "list"]);
  assertMatch(list.out, /^'alice' with password hash: \$argon2id\$/);
  const wrong = await run(users, [...options, "list"], ["wrong"]);
  assertEquals(wrong.code, 1);
  assertStringIncludes(wrong.error, "password authentication failed");
  const topic = await run(topics, [
    ...["--url", server.url, "add", "-c", "alice", "-a", "receive", "a/#"],
  ]);
  assertEquals(topic.code, 0);
});

// -- As programs --

function program(args: string[]): string[] {
  const { pathname } = new URL("../../../mod.ts", import.meta.url);
  return ["run", "-A", "--no-prompt", pathname, "users", ...args];
}

Deno.test("users reads a password from standard input that is no terminal", async () => {
  await withFile(async (database, file) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: program([...database, "add", "-c", "alice"]),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("geheim-ü\r\nrest\n"));
    await writer.close();
    const { code, stdout, stderr } = await child.output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertStringIncludes(new TextDecoder().decode(stdout), "Success: created");
    assertEquals(await isRight(hashOf(file, "alice")!, "geheim-ü"), true);
  });
});

Deno.test("users shows nothing of a password that a person types", async () => {
  await withFile(async (database, file) => {
    const script = findProgram({
      name: "script",
      places: ["/usr/bin"],
      package: "bsdutils",
    });
    const command = [
      Deno.execPath(),
      ...program([...database, "add", "-c", "alice"]),
    ].map((word) => `'${word}'`).join(" ");
    const child = new Deno.Command(script, {
      args: ["-qec", command, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    const type = (text: string) => writer.write(new TextEncoder().encode(text));
    let seen = "";
    const decoder = new TextDecoder();
    // Two keys too many, taken back: the second has two bytes.
    const answers = ["geheim-x\u00fc\x7f\x7fü\r", "geheim-ü\r"];
    for await (const chunk of child.stdout) {
      seen += decoder.decode(chunk, { stream: true });
      const prompts = seen.match(/alice: |again: /g)?.length ?? 0;
      while (prompts > 2 - answers.length) await type(answers.shift()!);
    }
    await writer.close().catch(() => {});
    assertEquals((await child.status).code, 0, seen);
    assertStringIncludes(seen, "Success: created 'alice'");
    assertEquals(seen.includes("geheim"), false, seen);
    assertEquals(await isRight(hashOf(file, "alice")!, "geheim-ü"), true);
  });
});
