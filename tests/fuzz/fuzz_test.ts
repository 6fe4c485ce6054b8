/** A little of `deno task fuzz` in every run of the tests, with a seed that is new each time. */

import { TARGETS } from "./campaign.ts";

// A round is made for minutes; of the tests nobody waits for long.
const SHARE = 0.4;

for (const target of TARGETS) {
  Deno.test(`fuzzing finds nothing: ${target.name}`, async () => {
    const seed = Number(Deno.env.get("TEST_SEED") ?? Date.now() & 0x7fffffff);
    const found = await target.check(seed, Math.ceil(target.runs * SHARE));
    if (found === undefined) return;
    const input = Deno.inspect(found.input, { depth: 20, iterableLimit: 1000 });
    throw new Error(
      `deno task fuzz --seed ${seed} --only "${target.name}" finds ${input}`,
      { cause: found.error },
    );
  });
}
