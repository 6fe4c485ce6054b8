import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import {
  removePasswordLine,
  setPasswordLine,
  usernameProblem,
} from "../../plugins/_password/password_lines.ts";
import passwd from "../../plugins/_password/passwd_command.ts";
import { startBroker, TestClient } from "../_client.ts";
import { run, TestContext } from "./_context.ts";
import { withFolder } from "./_folder.ts";
import { deno, MOD, Process } from "./_process.ts";

const isUnix = Deno.build.os !== "windows";

async function modeOf(path: string): Promise<number> {
  return (await Deno.stat(path)).mode! & 0o777;
}

Deno.test("passwd creates a file that auth_file understands, and changes it", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    const created = await run(passwd, ["-c", file, "alice"], {
      stdin: "first\nnot read\n",
    });
    assertEquals(created, {
      code: 0,
      stdout: `Created "${file}" with the user alice\n`,
      stderr: "",
    });
    if (isUnix) assertEquals(await modeOf(file), 0o600);
    assertMatch(
      await Deno.readTextFile(file),
      /^alice:\$argon2id\$v=19\$m=65536,t=3,p=4\$[^$]{22}\$[^$]{43}\n$/,
    );
    // Without the end of a line, as `printf` writes it.
    const changed = await run(passwd, [file, "alice"], { stdin: "second" });
    assertEquals(
      changed.stdout,
      `Changed the password of alice in "${file}"\n`,
    );
    const added = await run(passwd, [file, "bob"], { stdin: "p:ä\r\n" });
    assertEquals(added.stdout, `Added the user bob to "${file}"\n`);
    assertEquals((await run(passwd, ["-l", file])).stdout, "alice\nbob\n");
    assertEquals([...Deno.readDirSync(folder)].length, 1);

    await using broker = await startBroker({
      plugins: { auth_file: { passwordFile: file } },
    });
    const login = async (username: string, password: string) => {
      await using client = await TestClient.connect(broker, {
        username,
        password: password as unknown as never,
      });
      return client.code;
    };
    assertEquals(await login("alice", "first"), 5);
    assertEquals(await login("alice", "second"), 0);
    assertEquals(await login("bob", "p:ä"), 0);
  });
});

const TEXT = `# Who may come in
alice:hash1

not a line
bob:hash2
# alice:old
alice:hash3
`;

Deno.test("setPasswordLine() keeps every other line", () => {
  assertEquals(
    setPasswordLine(TEXT, "alice", "new"),
    `# Who may come in
alice:new

not a line
bob:hash2
# alice:old
`,
  );
  assertEquals(setPasswordLine(TEXT, "carol", "new"), `${TEXT}carol:new\n`);
  assertEquals(setPasswordLine("", "a", "b"), "a:b\n");
  assertEquals(setPasswordLine("x:y", "a", "b"), "x:y\na:b\n");
  assertEquals(
    setPasswordLine("x:y\r\nz:y", "a", "b"),
    "x:y\r\nz:y\r\na:b\r\n",
  );
  assertEquals(setPasswordLine("x:1\r\ny:2\r\n", "x", "3"), "x:3\r\ny:2\r\n");
});

Deno.test("removePasswordLine() takes every line of the user", () => {
  assertEquals(
    removePasswordLine(TEXT, "alice"),
    `# Who may come in

not a line
bob:hash2
# alice:old
`,
  );
  assertEquals(removePasswordLine(TEXT, "carol"), TEXT);
});

Deno.test("usernameProblem() refuses what a password file cannot hold", () => {
  for (const name of ["alice", "a b", "müller", "a#b", "$x"]) {
    assertEquals(usernameProblem(name), undefined);
  }
  for (const name of ["", "a:b", "#a", " a", "a ", "a\nb", "a\0"]) {
    assertEquals(typeof usernameProblem(name), "string", JSON.stringify(name));
  }
});

Deno.test("passwd keeps comments, links and rights, but not those of other people", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    await Deno.writeTextFile(file, TEXT, { mode: 0o644 });
    await Deno.chmod(file, 0o644);
    await Deno.symlink(file, `${folder}/link`);
    const { code, stderr } = await run(passwd, ["-D", `${folder}/link`, "bob"]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(
      await Deno.readTextFile(file),
      TEXT.replace("bob:hash2\n", ""),
    );
    assertEquals(await modeOf(file), 0o640);
    assertEquals((await Deno.lstat(`${folder}/link`)).isSymlink, true);
  });
});

Deno.test("passwd --verify tells by its exit code", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    // Mosquitto's single SHA-512 is quick; the last line counts.
    const hash = "$6$c2FsdA==$" + btoa(String.fromCharCode(
      ...new Uint8Array(
        await crypto.subtle.digest(
          "SHA-512",
          new TextEncoder().encode("secretsalt"),
        ),
      ),
    ));
    await Deno.writeTextFile(file, `alice:$9$x\nalice:${hash}\nbob:plain\n`);
    const right = await run(passwd, ["--verify", file, "alice"], {
      stdin: "secret\n",
    });
    assertEquals([right.code, right.stdout], [0, "The password is right\n"]);
    const wrong = await run(passwd, ["--verify", file, "alice"], {
      stdin: "Secret\n",
    });
    assertEquals([wrong.code, wrong.stderr], [
      1,
      "error: The password is wrong\n",
    ]);
    const unusable = await run(passwd, ["--verify", file, "bob"], {
      stdin: "plain\n",
    });
    assertEquals(unusable.code, 1);
    assertStringIncludes(unusable.stderr, `Cannot use line 3 of "${file}": `);
    const list = await run(passwd, ["-l", file]);
    assertEquals([list.code, list.stdout], [0, "alice\nbob\n"]);
    assertStringIncludes(list.stderr, "warning: line 3: bob cannot log in: ");
  });
});

Deno.test("passwd refuses what it cannot do, and changes nothing", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    await Deno.writeTextFile(file, TEXT);
    const missing = `${folder}/missing`;
    const refusals: [
      args: string[],
      stdin: string,
      code: number,
      why: string,
    ][] = [
      [["-c", file, "carol"], "x", 1, "it exists already; leave -c out"],
      [[missing, "carol"], "x", 1, "there is no such file; -c creates it"],
      [["-c", `${missing}/x`, "carol"], "x", 1, "its folder does not exist"],
      [["-D", file, "carol"], "", 1, "Cannot find the user carol"],
      [["--verify", file, "carol"], "x", 1, "Cannot find the user carol"],
      [[file, "carol"], "", 1, "Cannot go on: no new password of carol"],
      [[file, "carol"], "\nx\n", 1, "no new password of carol"],
      [[file, "carol"], "x".repeat(1025), 1, "longer than 1024 bytes"],
      [
        [file, "carol", "secret"],
        "",
        2,
        "Cannot take the password as an argument",
      ],
      [[file], "", 2, "give FILE and USER"],
      [["-l", file, "carol"], "", 2, "give FILE, nothing else"],
      [[file, "a:b"], "", 2, 'Cannot use the user name "a:b": it has a ":"'],
      [
        ["-cD", file, "carol"],
        "",
        2,
        "Cannot use --create and --delete together",
      ],
    ];
    for (const [args, stdin, code, why] of refusals) {
      const result = await run(passwd, args, { stdin });
      assertEquals([result.code, result.stdout], [code, ""], args.join(" "));
      assertStringIncludes(result.stderr, why);
    }
    assertEquals(await Deno.readTextFile(file), TEXT);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("passwd does not change a file that is no text", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    await Deno.writeFile(file, new Uint8Array([0xff, 0x0a]));
    const { code, stderr } = await run(passwd, [file, "a"], { stdin: "x" });
    assertEquals([code, stderr], [
      1,
      `error: Cannot change "${file}": it is not UTF-8\n`,
    ]);
    assertEquals(await Deno.readFile(file), new Uint8Array([0xff, 0x0a]));
  });
});

Deno.test("passwd loses nobody when several run at one time", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    const users = ["a", "b", "c", "d", "e"];
    await Deno.writeTextFile(file, users.map((user) => `${user}:x\n`).join(""));
    const results = await Promise.all(
      users.slice(1).map((user) => run(passwd, ["-D", file, user])),
    );
    assertEquals(results.map(({ code }) => code), [0, 0, 0, 0]);
    assertEquals(await Deno.readTextFile(file), "a:x\n");
  });
});

Deno.test("passwd asks twice on a terminal, without echo", async () => {
  await withFolder(async (folder) => {
    const file = `${folder}/passwords`;
    const ask = async (stdin: string[]) => {
      const context = new TestContext({ stdin, terminal: true });
      const code = await passwd.run(["-c", file, "alice"], context, "passwd");
      assertEquals(context.raw.at(-1), false);
      return { code, stderr: context.stderr.text };
    };
    const differ = await ask(["one\r", "two\r"]);
    assertEquals([differ.code, differ.stderr], [
      1,
      "New password of alice: \nNew password of alice, again: \n" +
      "error: Cannot use the password: the two are not equal\n",
    ]);
    assertEquals((await ask(["x\x03"])).code, 1);
    assertEquals((await ask(["\x04"])).code, 1);
    // Backspace over two bytes, an arrow, Ctrl-U; both lines in one piece.
    const same = await ask(["wrong\x15seä\x7f\x1b[Dcret\rsecret\r"]);
    assertEquals(same.code, 0);
    const verify = await run(passwd, ["--verify", file, "alice"], {
      stdin: "secret\n",
    });
    assertEquals(verify.code, 0);
  });
});

Deno.test({
  name: "passwd shows no key on a real terminal",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await withFolder(async (folder) => {
      const command = [Deno.execPath(), "run", "-A", MOD, "passwd", "-c"]
        .map((word) => `'${word}'`).join(" ");
      // `script` runs a command on a terminal of its own.
      await using process = new Process(
        new Deno.Command("sh", {
          args: [
            "-c",
            `script -qec "${command} passwords alice" log 1>&2`,
          ],
          cwd: folder,
          stdin: "piped",
          stdout: "piped",
          stderr: "piped",
          env: { NO_COLOR: "1", SHELL: "/bin/sh" },
        }),
      );
      await process.until("New password of alice: ");
      await process.type("secret\r");
      await process.until("again: ");
      await process.type("secret\r");
      await process.until("Created");
      await process.endInput();
      assertEquals(await process.code(), 0);
      assert(!process.text.includes("secret"), process.text);
    });
  },
});

Deno.test("passwd runs from the command line", async () => {
  await withFolder(async (folder) => {
    const { code, stderr } = await deno("run", "-A", MOD, "passwd", "x")
      .output();
    assertEquals(code, 2);
    assertEquals(
      new TextDecoder().decode(stderr),
      "error: Cannot run passwd: give FILE and USER, nothing else\nTry passwd --help.\n",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
  });
});
