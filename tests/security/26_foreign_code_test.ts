/** Class 26: getting the broker to run the code of a stranger. */

import { assertEquals, assertRejects } from "@std/assert";
import { createLogger } from "../../broker/log.ts";
import { BasePlugin, type MessageEvent, PluginError } from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { assertServes, makeFolder, VERSIONS } from "./_attack.ts";

/** A module that leaves a trace when it is loaded. */
async function trap(folder: string) {
  const trace = `${folder}/trace`;
  const file = `${folder}/evil.ts`;
  await Deno.writeTextFile(
    file,
    `Deno.writeTextFileSync(${JSON.stringify(trace)}, "loaded");
    export default class {}`,
  );
  return {
    specifiers: [`file://${file}`, file, `./evil.ts`],
    sprung: async () => {
      try {
        return await Deno.readTextFile(trace) === "loaded";
      } catch {
        return false;
      }
    },
  };
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: nothing that a client sends is taken for a module`, async () => {
    await using folder = await makeFolder();
    const { specifiers, sprung } = await trap(folder.path);
    await using broker = await startBroker({
      plugins: ["auth_anonymous", "sys", "event_logger", "packet_logger"],
    }, createLogger({ level: "debug", write: () => {} }));
    for (const specifier of specifiers) {
      await using client = await TestClient.connect(broker, {
        version,
        clientId: specifier,
        username: specifier,
        password: specifier as never,
        will: {
          topic: specifier,
          payload: specifier as never,
          qos: 0,
          retain: false,
        },
      });
      await client.subscribe([specifier, `$share/g/${specifier}`]);
      await client.send(
        publish(specifier, specifier),
        publish("$SYS/broker/plugins", `{"load":"${specifier}"}`),
      );
    }
    await assertServes(broker);
    assertEquals(await sprung(), false);
  });
}

Deno.test("a reload loads what its configuration names, and is refused if that is no plugin", async () => {
  await using folder = await makeFolder();
  const { specifiers, sprung } = await trap(folder.path);
  const config = {
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [{ auth_anonymous: null }],
  };
  await using broker = await startBroker(config);
  await broker.reload(config);
  assertEquals(await sprung(), false);
  const plugins = [...config.plugins, { [specifiers[0]]: null }];
  await assertRejects(() => broker.reload({ ...config, plugins }), PluginError);
  assertEquals(broker.describePlugins().length, 1);
  await assertServes(broker);
});

Deno.test("the trap works: named in the configuration it is loaded when the broker starts", async () => {
  await using folder = await makeFolder();
  const { specifiers, sprung } = await trap(folder.path);
  // The module is no plugin: the broker does not start with it.
  await startBroker({ plugins: [{ [specifiers[0]]: null }] }).then(
    (broker) => broker.shutdown(),
    () => {},
  );
  assertEquals(await sprung(), true);
});

/** Does not evaluate what it gets. */
class Listener extends BasePlugin {
  static readonly payloads: string[] = [];

  override onBrokerMessageReceived({ message }: MessageEvent): void {
    Listener.payloads.push(new TextDecoder().decode(message.payload));
  }
}

Deno.test("payloads are bytes: a plugin gets them as they were sent", async () => {
  await using broker = await startBroker({
    plugins: [{ auth_anonymous: null }, Listener],
  });
  await using client = await TestClient.connect(broker);
  const payloads = ["${Deno.exit(1)}", "{{constructor}}", '{"__proto__":{}}'];
  for (const payload of payloads) await client.send(publish("t", payload));
  await client.ping();
  assertEquals(Listener.payloads, payloads);
});
