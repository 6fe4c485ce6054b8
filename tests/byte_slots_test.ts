/** Slots keep what is in them, whatever comes and goes, and give their memory back. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  ByteSlots,
  LARGEST_SLOT,
  type Placed,
  type Slab,
} from "../broker/byte_slots.ts";

class Piece implements Placed {
  slab: Slab | undefined = undefined;
  start = 0;
  readonly size: number;
  readonly mark: number;

  constructor(slots: ByteSlots, size: number, mark: number) {
    this.size = size;
    this.mark = mark;
    slots.take(this, size);
    this.bytes.fill(mark);
  }

  get bytes(): Uint8Array {
    return this.slab!.bytes.subarray(this.start, this.start + this.size);
  }

  check(): void {
    assertEquals(this.bytes, new Uint8Array(this.size).fill(this.mark));
  }
}

/** What slots of these pieces take if none is free. */
function needed(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { size }) => sum + Math.ceil(size / 32) * 32, 0);
}

Deno.test("ByteSlots keeps what is in it, whatever comes and goes", () => {
  const step = fc.record({
    size: fc.integer({ min: 1, max: LARGEST_SLOT }),
    // More come than go, or the other way round.
    comes: fc.integer({ min: 0, max: 40 }),
    goes: fc.array(fc.nat(), { maxLength: 40 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const slots = new ByteSlots();
      const pieces: Piece[] = [];
      let mark = 0;
      for (const { size, comes, goes } of steps) {
        for (let i = 0; i < comes; i++) {
          pieces.push(new Piece(slots, size, mark = (mark + 1) % 256));
        }
        for (const which of goes) {
          const [piece] = pieces.splice(which % pieces.length, 1);
          if (piece === undefined) break;
          piece.check();
          slots.free(piece, piece.size);
        }
        for (const piece of pieces) piece.check();
      }
      for (const { length } = pieces; pieces.length > 0;) {
        const piece = pieces.splice(length * 7 % pieces.length, 1)[0];
        piece.check();
        slots.free(piece, piece.size);
      }
      assertEquals(slots.capacity, 0);
    }),
    { seed: 1, numRuns: 200 },
  );
});

for (const size of [1, 100, LARGEST_SLOT]) {
  Deno.test(`ByteSlots takes at most four times of what ${size} bytes need, whichever stay`, () => {
    const slots = new ByteSlots();
    const all = Array.from(
      { length: 20_000 },
      (_, i) => new Piece(slots, size, i % 256),
    );
    assert(slots.capacity <= needed(all) * 1.1 + 16384);
    // The worst for those who cannot move anything: one of many stays.
    let left = all;
    for (const every of [2, 3, 5, 7, 11]) {
      const stay = left.filter((_, i) => i % every === 0);
      for (const [i, piece] of left.entries()) {
        if (i % every !== 0) slots.free(piece, size);
      }
      left = stay;
      for (const piece of left) piece.check();
      assert(slots.capacity <= needed(left) * 4 + 2 * 16384);
    }
    for (const piece of left) slots.free(piece, size);
    assertEquals(slots.capacity, 0);
  });
}
