/** A broker inside another program: `deno run -A examples/embed.ts`. */

import { Broker } from "@dinomq/broker";
import Counter from "./plugin.ts";

const broker = new Broker({
  listeners: { default: { type: "tcp", bind: "127.0.0.1:1883" } },
  plugins: [{ auth_anonymous: { allowAnonymous: true } }, Counter],
});
await broker.start();
Deno.addSignalListener("SIGINT", async () => {
  await broker.shutdown();
  Deno.exit();
});
