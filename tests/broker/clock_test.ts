import { assertEquals } from "@std/assert";
import { Clock } from "../../broker/clock.ts";

Deno.test("a callback that throws is reported, and holds up no other", async () => {
  const errors: unknown[] = [];
  const clock = new Clock((error) => errors.push(error));
  const failure = new Error("on purpose");
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.schedule(1, () => {
    throw failure;
  });
  clock.schedule(2, () => clock.schedule(1, resolve));
  await promise;
  assertEquals(errors, [failure]);
});
