/** The commands of the broker itself. */

import { assert, assertEquals } from "@std/assert";
import { type BrokerConfig, silentLogger } from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { ADMINS, command, start } from "./_commands.ts";

Deno.test("the broker lists and disconnects clients, and describes its plugins", async () => {
  await using broker = await start();
  const connect = (clientId: string, username?: string) =>
    TestClient.connect(broker.broker, { version: 5, clientId, username });
  await using admin = await connect("a", "admin");
  await using other = await connect("b", "bob");
  broker.context.addSubscription("c", "x");
  const ask = async (name: string, parameters: unknown) => {
    const topic = `$CONTROL/broker/v1/${name}`;
    const { answer } = await command(admin, parameters, { topic });
    return answer as {
      result: Record<string, unknown> & { items: Record<string, unknown>[] };
      error?: string;
    };
  };
  const ids = ({ result }: Awaited<ReturnType<typeof ask>>) =>
    result.items.map(({ clientId }) => clientId);
  const page = await ask("listClients", { limit: 2 });
  assertEquals(ids(page), ["a", "b"]);
  const after = page.result.next;
  const rest = await ask("listClients", { after });
  assertEquals(ids(rest), ["c"]);
  assertEquals(rest.result.items[0].connected, false);
  const { result } = await ask("listClients", { username: "bob" });
  const [{ connectedAt, remotePort, ...bob }] = result.items;
  assert(typeof connectedAt === "number" && typeof remotePort === "number");
  assertEquals(bob, {
    clientId: "b",
    username: "bob",
    connected: true,
    protocolVersion: 5,
    remoteAddress: "127.0.0.1",
    listener: "default",
    keepAlive: 60,
    disconnectedAt: 0,
    expiryInterval: 0,
    inflight: 0,
    queued: 0,
  });
  const reason = { reasonCode: 0x9c, reasonString: "moved" };
  assertEquals(await ask("disconnect", { clientId: "b", ...reason }), {
    result: { disconnected: true },
  } as never);
  const packet = await other.expect("disconnect");
  assertEquals(packet.reasonCode, 0x9c);
  assertEquals(packet.properties?.reasonString, "moved");
  assertEquals(await ask("disconnect", { clientId: "nobody" }), {
    result: { disconnected: false },
  } as never);
  const wrong = await ask("disconnect", { clientId: "a", reasonCode: 1 });
  assert(wrong.error?.includes("no reason code of DISCONNECT"), wrong.error);
  assert((await ask("listClients", { limit: 0 })).error?.startsWith("limit: "));
  assert((await ask("listClients", { after: "x" })).error?.includes('"next"'));
  const plugins = await ask("plugins", {});
  assertEquals(
    plugins.result as unknown,
    JSON.parse(JSON.stringify(broker.broker.describePlugins())),
  );
});

Deno.test("the broker reloads its configuration, if it knows where it is", async () => {
  const topic = "$CONTROL/broker/v1/reload";
  const config = {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [{ auth_anonymous: null }, ADMINS],
  };
  let rate: unknown = 5;
  const readConfig = () => {
    const changes = { messageRate: rate as number, overlapping: "each" };
    return Promise.resolve({ ...config, ...changes } as BrokerConfig);
  };
  await using broker = await startBroker(config, silentLogger, { readConfig });
  await using client = await TestClient.connect(broker, {
    version: 5,
    username: "admin",
  });
  assertEquals((await command(client, {}, { topic })).answer, {
    result: { restart: ["overlapping"] },
  });
  assertEquals(broker.context.brokerConfig.messageRate, 5);
  rate = "fast";
  const { answer } = await command(client, {}, { topic });
  assert((answer as { error: string }).error.includes("message"), `${answer}`);
  assertEquals(broker.context.brokerConfig.messageRate, 5);
  await using without = await start();
  await using other = await TestClient.connect(without.broker, {
    version: 5,
    username: "admin",
  });
  const { answer: no } = await command(other, {}, { topic });
  assert((no as { error: string }).error.includes("configuration"));
});
