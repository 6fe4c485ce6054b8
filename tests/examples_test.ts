/** The configurations in examples/ load, with their plugins and options, and the guide is complete. */

import { assertEquals } from "@std/assert";
import { Broker, silentLogger } from "../mod.ts";
import { loadConfig } from "../broker/config/mod.ts";
import { METHOD_NAMES } from "../plugins/plugin_class.ts";
import { makeCertificates } from "./_certificates.ts";

const PLUGINS: Readonly<Record<string, readonly string[]>> = {
  broker: ["event_logger", "auth_anonymous", "sys"],
  acl: ["auth_file", "topic_acl"],
  admin: ["event_logger", "auth_anonymous"],
  "password_file": ["event_logger", "auth_file"],
  webhook: ["auth_anonymous", "webhook"],
  tls: ["event_logger", "auth_anonymous"],
  "http_auth": ["event_logger", "auth_http", "topic_http"],
  "client_certificates": ["event_logger", "auth_cert"],
  "plugins_policy": ["event_logger", "accounts", "topic_acl", "sys"],
  jwt: ["event_logger", "auth_jwt", "topic_jwt"],
  sandbox: ["auth_anonymous", "topic_http", "topic_taboo"],
};

for (const [name, plugins] of Object.entries(PLUGINS)) {
  Deno.test(`examples/${name}.yaml loads its plugins`, async () => {
    // The files of passwords and keys are the user's own.
    const folder = await Deno.makeTempDir();
    try {
      await makeUserFiles(folder);
      const file = new URL(`../examples/${name}.yaml`, import.meta.url);
      const text = await Deno.readTextFile(file);
      await Deno.writeTextFile(
        `${folder}/${name}.yaml`,
        text.replaceAll(": examples/", `: ${folder}/`),
      );
      const config = await loadConfig(`${folder}/${name}.yaml`);
      const broker = new Broker(config, { logger: silentLogger });
      const loaded = await broker.check();
      assertEquals(loaded.map((plugin) => plugin.name), [...plugins]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("the guide for authors of plugins names every hook", async () => {
  const file = new URL("../examples/plugin_guide.md", import.meta.url);
  const text = await Deno.readTextFile(file);
  const missing = METHOD_NAMES.filter((name) => !text.includes(`\`${name}\``));
  assertEquals(missing, []);
});

async function makeUserFiles(folder: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/passwords`, "");
  const { ca, server } = await makeCertificates(folder);
  await Deno.writeTextFile(`${folder}/ca.crt`, ca.cert);
  await Deno.writeTextFile(`${folder}/server.crt`, server.cert);
  await Deno.writeTextFile(`${folder}/server.key`, server.key);
}
