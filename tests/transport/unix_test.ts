import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ListenError, openListener } from "../../broker/transport/mod.ts";
import { Acceptor, checkEcho, makeConfig, makeLogger } from "./_helpers.ts";

function open(path: string, acceptor: Acceptor = new Acceptor()) {
  return openListener(
    makeConfig({ type: "unix", path }),
    acceptor.accept,
    makeLogger(),
  );
}

async function inTempFolder(
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Unix socket: 5 MB come back unchanged; mode 0660; the file goes at the end", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/mqtt.sock`;
    const acceptor = new Acceptor();
    const listener = await open(path, acceptor);
    assertEquals([listener.address, listener.port], [`unix:${path}`, 0]);
    assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o660);
    const client = await Deno.connect({ transport: "unix", path });
    const transport = await acceptor.next();
    assertEquals([
      transport.kind,
      transport.remoteAddress,
      transport.remotePort,
    ], ["unix", "", 0]);
    await checkEcho(client, transport);
    await listener.close();
    await listener.close();
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  }));

Deno.test("Unix socket: a stale one is replaced", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/mqtt.sock`;
    const stale = Deno.listen({ transport: "unix", path });
    // The name survives the listener, as after a crash.
    await Deno.rename(path, `${path}.kept`);
    stale.close();
    await Deno.rename(`${path}.kept`, path);
    const acceptor = new Acceptor();
    const listener = await open(path, acceptor);
    (await Deno.connect({ transport: "unix", path })).close();
    (await acceptor.next()).close();
    await listener.close();
  }));

Deno.test("Unix socket: one that is answered on stays, and the message says so", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/mqtt.sock`;
    const acceptor = new Acceptor();
    const listener = await open(path, acceptor);
    const error = await assertRejects(() => open(path), ListenError);
    assertStringIncludes(
      error.message,
      `Cannot listen on unix:${path} (listeners.test.path): the socket is in use.`,
    );
    (await acceptor.next()).close();
    using _client = await Deno.connect({ transport: "unix", path });
    (await acceptor.next()).close();
    await listener.close();
  }));

Deno.test("Unix socket: an ordinary file is not removed", () =>
  inTempFolder(async (folder) => {
    const path = `${folder}/precious.txt`;
    await Deno.writeTextFile(path, "text");
    await assertRejects(() => open(path), ListenError);
    assertEquals(await Deno.readTextFile(path), "text");
  }));

Deno.test("Unix socket: a missing folder is named as the reason", () =>
  inTempFolder(async (folder) => {
    const error = await assertRejects(
      () => open(`${folder}/no/mqtt.sock`),
      ListenError,
    );
    assertStringIncludes(error.message, "the folder does not exist");
  }));
