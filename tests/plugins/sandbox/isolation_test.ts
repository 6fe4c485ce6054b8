/** A sandboxed plugin has the rights that its configuration names, and no others. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually, TestClient } from "../../_client.ts";
import { type SandboxedBroker, withSandboxed } from "./_support.ts";

/** Tries everything that needs a right; the log tells what came of it. */
const ATTEMPTS = `
  export default class Subject {
    constructor(context) { this.context = context; }
    async onBrokerPostStart() {
      const { file, port, module } = this.context.config;
      const attempts = {
        readFile: () => Deno.readTextFile(file),
        readByNode: async () => (await import("node:fs")).readFileSync(file, "utf8"),
        readByImport: () => import("file://" + file),
        readByFetch: () => fetch("file://" + file).then((answer) => answer.text()),
        write: () => Deno.writeTextFile(file + ".new", "x"),
        connect: () => Deno.connect({ hostname: "127.0.0.1", port }).then((conn) => conn.close()),
        listen: () => Deno.listen({ port: 0 }).close(),
        fetch: () => fetch("http://127.0.0.1:" + port),
        resolve: () => Deno.resolveDns("localhost", "A"),
        importRemote: () => import(module + "?data"),
        importNpm: () => import("npm:some-package-" + port),
        importJsr: () => import("jsr:@some/package-" + port),
        environment: () => Deno.env.get("SANDBOX_TEST"),
        environmentOfNode: async () => (await import("node:process")).env.SANDBOX_TEST,
        run: () => new Deno.Command(Deno.execPath()).output(),
        runByNode: async () => (await import("node:child_process")).execFileSync(Deno.execPath()),
        ffi: () => Deno.dlopen("libc.so.6", {}),
        system: () => Deno.hostname(),
        kill: () => Deno.kill(Deno.ppid, "SIGTERM"),
        request: async () => {
          const { state } = await Deno.permissions.request({ name: "read" });
          if (state !== "granted") throw new Error(state);
        },
        worker: () => new Worker("data:text/javascript,for(;;);", { type: "module" }),
        workerOfNode: async () => new (await import("node:worker_threads")).Worker("for(;;);", { eval: true }),
        workerOfNodePatched: async () => {
          const { Worker } = await import("node:worker_threads");
          Object.setPrototypeOf(Worker, (await import("node:events")).EventEmitter);
          new Worker("for(;;);", { eval: true });
        },
        cache: async () => (await caches.open("x")).put("http://a/", new Response("x")),
        localStorage: () => localStorage.setItem("x", "x"),
        sessionStorage: () => sessionStorage.setItem("x", "x"),
        indexedDB: () => indexedDB.open("x"),
        keyValue: () => Deno.openKv(),
        sqlite: async () => new (await import("node:sqlite")).DatabaseSync(file + ".db"),
        workerOfRequire: async () => {
          const { createRequire } = await import("node:module");
          new (createRequire(import.meta.url)("worker_threads").Worker)("for(;;);", { eval: true });
        },
      };
      for (const [name, attempt] of Object.entries(attempts)) {
        let outcome = "failed";
        try { await attempt(); outcome = "worked"; } catch { /* It is what is expected. */ }
        this.context.logger.info(name + " " + outcome);
      }
      this.context.logger.info("all tried");
    }
    topicFiltering({ topic }) { return topic !== "forbidden"; }
  }
`;

const NAMES = [...ATTEMPTS.matchAll(/^ {8}(\w+): /gm)].map(([, name]) => name);

Deno.test("a plugin over HTTP without rights gets at nothing, and can deny a publish", async () => {
  await using neighbour = new Neighbour();
  // Also what looks for packages would be a way out.
  using _npm = new Variable("NPM_CONFIG_REGISTRY", neighbour.url);
  using _jsr = new Variable("JSR_URL", neighbour.url);
  using _own = new Variable("SANDBOX_TEST", "secret");
  const test = {
    source: ATTEMPTS,
    overHttp: true,
    sandbox: { net: [] },
    options: {
      file: new URL(import.meta.url).pathname,
      port: neighbour.port,
      module: `${neighbour.url}/data.ts`,
    },
  };
  await withSandboxed(test, async (running) => {
    assertEquals(await outcomes(running), {});
    assertEquals(neighbour.requests, []);
    await using client = await TestClient.connect(running.broker, {
      version: 5,
    });
    assertEquals(await client.tryPublish("forbidden"), 0x87);
    assertEquals(await client.tryPublish("allowed"), 0x10);
  });
});

Deno.test("a plugin gets the rights that are named, and no others", async () => {
  await using neighbour = new Neighbour();
  using _own = new Variable("SANDBOX_TEST", "visible");
  const file = await Deno.makeTempFile();
  try {
    const test = {
      source: ATTEMPTS,
      sandbox: {
        net: [`127.0.0.1:${neighbour.port}`],
        read: [file],
        write: [`${file}.new`],
        env: ["SANDBOX_TEST"],
      },
      options: { file, port: neighbour.port, module: `${neighbour.url}/a.ts` },
    };
    await withSandboxed(test, async (running) => {
      assertEquals(Object.keys(await outcomes(running)), [
        "readFile",
        "readByNode",
        "readByImport",
        "readByFetch",
        "write",
        "connect",
        "fetch",
        "environment",
        "environmentOfNode",
      ]);
    });
  } finally {
    await Deno.remove(file);
    await Deno.remove(`${file}.new`).catch(() => {});
  }
});

Deno.test("the environment of a sandbox has only what is granted and what Deno needs", async () => {
  using _own = new Variable("SANDBOX_TEST", "secret");
  const source = `export default class Subject {
    constructor({ logger }) {
      logger.info("variables: " + Object.keys(Deno.env.toObject()).sort().join());
      logger.info("all seen");
    }
    onBrokerPostStart() {}
  }`;
  await withSandboxed(
    { source, sandbox: { env: true } },
    async ({ logger }) => {
      await eventually(() => logger.text.includes("all seen"));
      assertStringIncludes(logger.text, "SANDBOX_TEST");
    },
  );
  await withSandboxed(
    { source: source.replace("Deno.env.toObject()", "[]") },
    async ({ logger }) => {
      await eventually(() => logger.text.includes("all seen"));
      assert(!logger.text.includes("SANDBOX_TEST"));
    },
  );
});

/** What worked. */
async function outcomes(
  { logger }: SandboxedBroker,
): Promise<Record<string, string>> {
  await eventually(() => logger.text.includes("all tried"), "end of the tries");
  const found = logger.text.split("\n").map((line) => line.split(" "))
    .filter(([name]) => NAMES.includes(name));
  assertEquals(found.map(([name]) => name), NAMES);
  return Object.fromEntries(
    found.filter(([, outcome]) => outcome === "worked"),
  );
}

/** Somebody on this machine who must hear nothing. */
class Neighbour implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    ({ url }) => {
      this.requests.push(url);
      return new Response("{}");
    },
  );
  readonly port: number = this.#server.addr.port;
  readonly url: string = `http://127.0.0.1:${this.port}`;

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** An environment variable for the length of a test. */
class Variable implements Disposable {
  readonly #name: string;
  readonly #before: string | undefined;

  constructor(name: string, value: string) {
    this.#name = name;
    this.#before = Deno.env.get(name);
    Deno.env.set(name, value);
  }

  [Symbol.dispose](): void {
    if (this.#before === undefined) Deno.env.delete(this.#name);
    else Deno.env.set(this.#name, this.#before);
  }
}
