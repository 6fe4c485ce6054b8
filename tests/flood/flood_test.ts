/** A little of `deno task flood` in every run of the tests: fewer clients, and a moment for each attack. */

import { assert, assertEquals } from "@std/assert";
import { ATTACKS } from "./attacks.ts";
import { BrokerProcess } from "./broker_process.ts";
import { GoodClients } from "./good_clients.ts";
import { attack, fromHere } from "./run.ts";

const GIB = 1 << 30;

Deno.test("floods do no harm to others", async (t) => {
  await using broker = await BrokerProcess.start({ maxMemory: "400MiB" });
  await using good = await GoodClients.connect(broker.port, 50, 100);
  for (const name of Object.keys(ATTACKS)) {
    await t.step(name, async () => {
      const { lost, problems, rssMaximum } = await attack(broker, good, {
        name,
        seconds: 0.25,
        scale: 0.05,
        alone: false,
        seed: 1,
        by: fromHere,
      });
      assertEquals([lost, problems], [0, []]);
      assert(rssMaximum < GIB, `${rssMaximum} bytes of memory`);
    });
  }
});
