import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PacketIds } from "../../broker/session/packet_ids.ts";
import { checkProperty } from "../_property.ts";

Deno.test("PacketIds is a set of numbers from 1 to 65535", () => {
  const id = fc.oneof(
    fc.integer({ min: 1, max: 300 }),
    fc.integer({ min: 1, max: 65535 }),
  );
  const step = fc.tuple(fc.constantFrom("add", "add", "delete"), id);
  checkProperty(
    fc.property(fc.array(step, { maxLength: 1000 }), (steps) => {
      const ids = new PacketIds();
      const model = new Set<number>();
      for (const [what, id] of steps) {
        assertEquals(ids.has(id), model.has(id));
        if (what === "add") {
          assertEquals(ids.add(id), !model.has(id));
          model.add(id);
        } else assertEquals(ids.delete(id), model.delete(id));
        assertEquals(ids.size, model.size);
      }
      for (const id of model) assertEquals(ids.has(id), true);
    }),
    50,
  );
});

Deno.test("PacketIds holds every identifier that there is, and can be emptied", () => {
  const ids = new PacketIds();
  for (let id = 1; id < 65536; id++) ids.add(id);
  assertEquals(ids.size, 65535);
  assertEquals([ids.has(0), ids.has(1), ids.has(65535)], [false, true, true]);
  for (let id = 1; id < 65536; id++) ids.delete(id);
  assertEquals([ids.size, ids.has(5)], [0, false]);
  ids.add(5);
  assertEquals([ids.size, ids.has(5)], [1, true]);
});
