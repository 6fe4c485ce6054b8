/** What a plugin has registered goes with it when it is replaced or removed. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { PluginError, type TopicFilteringEvent } from "../../../mod.ts";
import { startBroker, TestClient } from "../../_client.ts";
import { withProject } from "../temporary_project.ts";

/** A plugin that uses every service, and says which version it is. */
function source(version: number, head = ""): string {
  return `
    export default class Everything {
      constructor(context) {
        this.context = context;
        context.http.route("GET", "/", () => new Response("${version}"));
        context.control("version", () => ${version});
        context.metrics.gauge("version", "Which one.").set(${version});
        ${head}
      }
      async onBrokerPreStart() {
        const { storage } = this.context;
        await storage.set("starts", (await storage.get("starts") ?? 0) + 1);
        this.context.subscribe("ask", () =>
          this.context.publish("answer", "${version}"));
      }
    }`;
}

const FILES = {
  "one.js": source(1),
  "two.js": source(2),
  "broken.js": source(3, 'throw new Error("no luck");'),
  "waiting.js": source(4, 'context.notReady("is slow");'),
};

const ALL = { topicFiltering: (_event: TopicFilteringEvent) => true };

Deno.test("services of a plugin that is replaced or removed", async () => {
  await withProject(FILES, async (folder) => {
    const file = (name: string) => new URL(`${name}.js`, folder).href;
    await using broker = await startBroker({
      admin: { bind: "127.0.0.1:0" },
      plugins: [{ auth_anonymous: null }, ALL, {
        plugin: file("one"),
        name: "everything",
      }],
    });
    await using client = await TestClient.connect(broker);
    await client.subscribe("answer");
    const url = broker.adminUrl!;
    const versions = async (): Promise<unknown[]> => {
      const page = await fetch(`${url}/plugins/everything`);
      const route = page.status === 200
        ? await page.text()
        : (await page.body?.cancel(), page.status);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      const gauge = /^dinomq_plugin_everything_version (.*)$/m.exec(metrics)
        ?.[1];
      const publish = { cmd: "publish", qos: 0, retain: false, dup: false };
      const control = "$CONTROL/everything/v1/version";
      await client.send(
        { ...publish, topic: control, payload: "" } as never,
        { ...publish, topic: "ask", payload: "" } as never,
        { cmd: "pingreq" },
      );
      const answers: string[] = [];
      // A command is answered after the turn that it came in.
      for (let pongs = 0; pongs < 2;) {
        const packet = await client.next();
        if (packet.cmd === "publish") answers.push(String(packet.payload));
        else if (++pongs === 1) await client.send({ cmd: "pingreq" });
      }
      return [route, gauge, ...answers.sort()];
    };
    assertEquals(await versions(), ["1", "1", "1", '{"result":1}']);
    await broker.replacePlugin("everything", { plugin: file("two") });
    assertEquals(await versions(), ["2", "2", "2", '{"result":2}']);
    await assertRejects(
      () => broker.replacePlugin("everything", { plugin: file("broken") }),
      PluginError,
      "no luck",
    );
    assertEquals(await versions(), ["2", "2", "2", '{"result":2}']);
    await broker.replacePlugin("everything", { plugin: file("waiting") });
    assertEquals(await versions(), ["4", "4", "4", '{"result":4}']);
    const ready = await fetch(`${url}/readyz`);
    assertEquals(ready.status, 503);
    assert((await ready.text()).includes("everything: is slow"));
    await broker.removePlugin("everything");
    assertEquals(await versions(), [404, undefined]);
    assertEquals(await (await fetch(`${url}/readyz`)).text(), "ready\n");
    // What it stored is there for the next one of its name.
    const again = { plugin: file("one"), name: "everything" };
    assertEquals(await broker.addPlugin(again), "everything");
    assertEquals((await versions())[0], "1");
    const stored = /plugins_storage_bytes\{plugin="everything"\} (\d+)/;
    const text = await (await fetch(`${url}/metrics`)).text();
    assertEquals(stored.exec(text)?.[1], `${"starts".length + "5".length}`);
  });
});
