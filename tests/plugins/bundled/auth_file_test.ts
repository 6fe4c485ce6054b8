import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import AuthFile, { type AuthFileOptions } from "../../../plugins/auth_file.ts";
import { checkedOptions, fakeContext, fakeSession } from "./_context.ts";
import {
  ARGON2,
  BCRYPT,
  PASSWORD,
  PBKDF2,
  SHA512,
  SHA512_CRYPT,
} from "./_passwords.ts";

type Login = (
  username: string | undefined,
  password?: string,
) => ReturnType<AuthFile["authenticate"]>;

/** Runs `body` with a plugin whose password file has the given text. */
async function withFile(
  text: string,
  body: (
    login: Login,
    lines: string[],
    plugin: AuthFile,
  ) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const passwordFile = `${folder}/passwords`;
    await Deno.writeTextFile(passwordFile, text);
    const options = { passwordFile };
    const config = await checkedOptions<AuthFileOptions>(AuthFile, options);
    const { context, logger } = fakeContext(config);
    const plugin = new AuthFile(context);
    const lines = logger.lines.map((line) => line.replaceAll(folder, ""));
    const login: Login = (username, password) =>
      plugin.authenticate({ session: session(username, password) });
    try {
      await body(login, lines, plugin);
    } finally {
      await plugin.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function session(username?: string, password?: string) {
  const bytes = password === undefined
    ? undefined
    : new TextEncoder().encode(password);
  return fakeSession({ username, password: bytes });
}

Deno.test("aMQTT 34: auth_file tells right and wrong passwords and unknown users apart", async () => {
  await withFile(`alice:${ARGON2}\n`, async (login, lines) => {
    assertEquals(lines, []);
    assertEquals(await login("alice", PASSWORD), true);
    assertEquals(await login("alice", "wrong"), false);
    assertEquals(await login("bob", PASSWORD), false);
    assertEquals(await login("", PASSWORD), undefined);
    assertEquals(await login(undefined), undefined);
  });
});

Deno.test("aMQTT 34: auth_file accepts a sha512-crypt hash with a warning", async () => {
  await withFile(`alice:${SHA512_CRYPT}\n`, async (login, lines) => {
    assertEquals(lines, [
      'warn: 1 hashes of the password file "/passwords" are of the deprecated kinds $5$ and $6$; argon2id is better',
    ]);
    assertEquals(await login("alice", PASSWORD), true);
    assertEquals(await login("alice", "wrong"), false);
  });
});

for (
  const [name, hash] of [["bcrypt", BCRYPT], ["PBKDF2", PBKDF2], [
    "SHA-512",
    SHA512,
  ]]
) {
  Deno.test(`auth_file checks ${name} hashes`, async () => {
    await withFile(`alice:${hash}`, async (login) => {
      assertEquals(await login("alice", PASSWORD), true);
      assertEquals(await login("alice", "wrong"), false);
      assertEquals(await login("bob", PASSWORD), false);
    });
  });
}

Deno.test("auth_file denies missing, empty and overlong passwords", async () => {
  const text = `alice:${BCRYPT}\nbob:${PBKDF2}\ncarol:${ARGON2}\n`;
  await withFile(text, async (login) => {
    for (const user of ["alice", "bob", "carol", "dave"]) {
      assertEquals(await login(user), false);
      assertEquals(await login(user, ""), false);
      assertEquals(await login(user, "x".repeat(1025)), false);
    }
  });
});

Deno.test("auth_file takes the password before it answers", async () => {
  const text = `alice:${BCRYPT}\nbob:${PBKDF2}`;
  await withFile(text, async (_login, _lines, plugin) => {
    for (const username of ["alice", "bob"]) {
      const client = session(username, PASSWORD);
      const answer = plugin.authenticate({ session: client });
      client.password?.fill(0);
      assertEquals(await answer, true);
    }
  });
});

Deno.test("auth_file leaves the session's password as it is", async () => {
  const text = `alice:${BCRYPT}\nbob:${PBKDF2}`;
  await withFile(text, async (_login, _lines, plugin) => {
    for (const username of ["alice", "bob"]) {
      const client = session(username, PASSWORD);
      assertEquals(await plugin.authenticate({ session: client }), true);
      assertEquals(new TextDecoder().decode(client.password), PASSWORD);
    }
  });
});

Deno.test("auth_file skips empty lines and comments and names bad lines", async () => {
  const text = [
    "\uFEFF# users\r",
    "",
    `  alice:${BCRYPT}  `,
    "no-colon",
    ":no-name",
    "no-hash:",
    "plain:secret-text",
    `bob:${PBKDF2}`,
    `bob:${BCRYPT}`,
    `carol:${BCRYPT}`,
    "carol:$1$abc$OGyl6dDvZCDiGmIVbeuCq/",
  ].join("\r\n");
  await withFile(text, async (login, lines) => {
    assertEquals(
      lines.map((line) => line.match(/ine (\d+) of/)?.[1]),
      ["4", "5", "6", "7", "9", "11"],
    );
    assert(lines.every((line) => line.startsWith("warn: ")));
    assertEquals(lines.join().includes("secret-text"), false);
    assertStringIncludes(lines[0], 'not of the form "username:hash"');
    assertStringIncludes(lines[3], 'the user "plain" is denied');
    assertEquals(await login("alice", PASSWORD), true);
    assertEquals(await login("bob", PASSWORD), true);
    assertEquals(await login("plain", "secret-text"), false);
    assertEquals(await login("carol", PASSWORD), false);
    assertEquals(await login("# users", PASSWORD), false);
  });
});

Deno.test("auth_file denies every user of an empty file", async () => {
  await withFile("# nobody\n", async (login) => {
    assertEquals(await login("alice", PASSWORD), false);
    assertEquals(await login(undefined), undefined);
  });
});

Deno.test("aMQTT 34: auth_file without a file warns and denies every user", async () => {
  for (const options of [{}, { passwordFile: null }]) {
    const config = await checkedOptions<AuthFileOptions>(AuthFile, options);
    const { context, logger } = fakeContext(config);
    const plugin = new AuthFile(context);
    assertEquals(logger.lines, [
      'warn: "password-file" is not set: every user is denied',
    ]);
    const login = session("alice", PASSWORD);
    assertEquals(plugin.authenticate({ session: login }), false);
    assertEquals(plugin.authenticate({ session: session() }), undefined);
    await plugin.close();
  }
});

Deno.test("aMQTT 34: auth_file names a file that is missing", async () => {
  const folder = await Deno.makeTempDir();
  const passwordFile = `${folder}/absent`;
  await Deno.remove(folder);
  const { context } = fakeContext({ passwordFile, workers: 1 });
  const error = assertThrows(
    () => new AuthFile(context),
    Error,
    `Cannot read the password file "${passwordFile}": there is no such file`,
  );
  assert(error.cause instanceof Deno.errors.NotFound);
});

Deno.test("auth_file refuses wrong options", async () => {
  for (
    const options of [
      { passwordFile: 1 },
      { passwordFile: "" },
      { workers: 0 },
      { a: 1 },
    ]
  ) {
    await assertRejects(() => checkedOptions(AuthFile, options), TypeError);
  }
});

for (
  const [name, hash] of [["argon2id", ARGON2], ["sha512-crypt", SHA512_CRYPT]]
) {
  Deno.test(`auth_file leaves the event loop free during 20 logins at once: ${name}`, async () => {
    await withFile(`alice:${hash}`, async (login) => {
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      try {
        const logins = Array.from(
          { length: 20 },
          (_, i) => login("alice", i % 2 === 0 ? PASSWORD : "wrong"),
        );
        const answers = await Promise.all(logins);
        assertEquals(
          answers,
          Array.from({ length: 20 }, (_, i) => i % 2 === 0),
        );
      } finally {
        clearInterval(timer);
      }
      // A blocked loop ticks about once for each login.
      assert(ticks > 60, `the timer ticked ${ticks} times`);
    });
  });
}
