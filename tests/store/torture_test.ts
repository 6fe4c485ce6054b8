import { assert, assertEquals } from "@std/assert";
import { torture } from "./torture/torture.ts";

Deno.test("a broker that is killed under load keeps what it acknowledged", async () => {
  // More of it: deno task torture --kills 50
  const seed = Number(Deno.env.get("TEST_SEED") ?? 1883);
  const { problems, acknowledged, wills } = await torture({ kills: 5, seed });
  assertEquals(problems, [], `TEST_SEED=${seed}`);
  assert(acknowledged > 100, `only ${acknowledged} messages`);
  assert(wills > 0);
});
