/** The configurations in examples/ load, with their plugins and options. */

import { assertEquals } from "@std/assert";
import { Broker, silentLogger } from "../mod.ts";
import { loadConfig } from "../broker/config/mod.ts";

const PLUGINS: Readonly<Record<string, readonly string[]>> = {
  broker: ["event_logger", "auth_anonymous", "sys"],
  acl: ["auth_file", "topic_acl"],
  "http_auth": ["event_logger", "auth_http", "topic_http"],
  jwt: ["event_logger", "auth_jwt", "topic_jwt"],
};

for (const [name, plugins] of Object.entries(PLUGINS)) {
  Deno.test(`examples/${name}.yaml loads its plugins`, async () => {
    // auth_file reads its file, which is the user's.
    const folder = await Deno.makeTempDir();
    const working = Deno.cwd();
    try {
      const file = new URL(`../examples/${name}.yaml`, import.meta.url);
      const config = await loadConfig(decodeURIComponent(file.pathname));
      await Deno.mkdir(`${folder}/examples`);
      await Deno.writeTextFile(`${folder}/examples/passwords`, "");
      Deno.chdir(folder);
      const broker = new Broker(config, { logger: silentLogger });
      const loaded = await broker.check();
      assertEquals(loaded.map((plugin) => plugin.name), [...plugins]);
    } finally {
      Deno.chdir(working);
      await Deno.remove(folder, { recursive: true });
    }
  });
}
