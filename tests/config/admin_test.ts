import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, resolveConfig } from "../../broker/config/mod.ts";

const TOKEN = "0123456789abcdef";

function problems(admin: unknown): string[] {
  const error = assertThrows(() => resolveConfig({ admin }), ConfigError);
  return error.problems.map(({ path, message }) => `${path} ${message}`);
}

Deno.test("admin is off unless the configuration has it", () => {
  assertEquals(resolveConfig({}).admin, undefined);
  assertEquals(resolveConfig(undefined).admin, undefined);
  for (const admin of [null, {}]) {
    assertEquals(resolveConfig({ admin }).admin, {
      hostname: "127.0.0.1",
      port: 8080,
    });
  }
});

Deno.test("admin: only this machine may come without a token", () => {
  for (
    const bind of ["127.0.0.1", "127.1.2.3:1", "[::1]:0", "localhost:8081"]
  ) resolveConfig({ admin: { bind } });
  for (
    const bind of [
      ...["0.0.0.0:1", "[::]:1", "192.0.2.1", "example.com", "8080", 8080],
      ...["localhost.example.com", "127.0.0.1.example.com"],
    ]
  ) {
    const [problem, ...more] = problems({ bind });
    assert(problem.startsWith("admin.bind "), problem);
    assert(problem.includes("token-file"), problem);
    assertEquals(more, []);
    resolveConfig({ admin: { bind, token: TOKEN } });
  }
});

Deno.test("admin: the token is long, of one source, and not shown to plugins", async () => {
  for (const token of ["short", "0123456789 abcdef", "0123456789abcdeü"]) {
    assert(problems({ token })[0].includes("openssl rand -hex 32"));
  }
  assert(problems({ token: 1234567890123456 })[0].includes("a text"));
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/token`;
    await Deno.writeTextFile(file, `${TOKEN}\n`);
    const config = resolveConfig({ admin: { "token-file": file } });
    assertEquals(config.admin?.token, TOKEN);
    const [both] = problems({ "token-file": file, token: TOKEN });
    assert(both.includes("token-file"), both);
    await Deno.writeTextFile(file, "");
    assert(
      problems({ tokenFile: file, bind: "[::]:1" })[0]
        .startsWith("admin.tokenFile must hold"),
    );
    const [missing] = problems({ "token-file": `${folder}/none` });
    assert(missing.startsWith("admin.token-file cannot be read"), missing);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const { raw } = resolveConfig({ admin: { token: TOKEN, bind: ":1" } });
  assertEquals(raw.admin as unknown, { bind: ":1" });
});

Deno.test("admin: what is wrong is named", () => {
  assertEquals(problems({ tokn: TOKEN }), [
    'admin.tokn is not a known key. Did you mean "token"?',
  ]);
  assert(problems("on")[0].startsWith("admin must be a map"));
  assert(problems({ bind: "::1" })[0].startsWith("admin.bind must be"));
  assert(problems({ ssl: true })[0].startsWith("admin.ssl is on"));
  assert(problems({ certfile: "a" })[0].startsWith("admin.certfile needs ssl"));
});
