import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { Input, type InputOwner } from "../broker/input.ts";
import type { Transport } from "../broker/transport/transport.ts";
import { Turns } from "../broker/turns.ts";

/**
 * Reads as often as `sizes` says, so many bytes each time, as far as there is room.
 *
 * @returns How much room there was each time.
 */
async function roomsOf(
  sizes: readonly number[],
  handle: (input: Input) => void,
): Promise<number[]> {
  const rooms: number[] = [];
  const ended = Promise.withResolvers<void>();
  const transport = {
    read: (into: Uint8Array) => {
      const size = sizes[rooms.length];
      if (size === undefined) return Promise.resolve(null);
      rooms.push(into.length);
      return Promise.resolve(Math.min(size, into.length));
    },
  } as Transport;
  const input: Input = new Input(transport, new Turns(), {
    closed: false,
    arrived: () => {
      handle(input);
      input.compact();
      return undefined;
    },
    proceed: () => undefined,
    ended: () => ended.resolve(),
  });
  input.read();
  await ended.promise;
  return rooms;
}

/** Handles all that has arrived. */
function handleAll(input: Input): void {
  input.start = input.end;
}

Deno.test("Input grows to 64 KiB while it is filled, and shrinks when it is quiet", async () => {
  const sizes = [...Array(6).fill(1e6), ...Array(100).fill(10)];
  const rooms = await roomsOf(sizes, handleAll);
  assertEquals(rooms.slice(0, 6), [128, 2048, 32768, 65536, 65536, 65536]);
  assertEquals(Math.max(...rooms), 65536);
  assertEquals(rooms.at(-1), 128);
});

/** Handles packets of a size when they are there. */
function handlePackets(size: number): (input: Input) => void {
  return (input) => {
    if (input.end - input.start < size) input.expect(size);
    else input.start = input.end;
  };
}

Deno.test("Input makes room for a large packet as it comes, and keeps some for more of them", async () => {
  const sizes = [100, ...Array(4).fill(1e6)];
  const rooms = await roomsOf(sizes, handlePackets(200_000));
  assertEquals(rooms, [
    128,
    // Behind what has arrived.
    65_536 - 100,
    524_288 - 65_536,
    524_288,
    524_288,
  ]);
});

Deno.test("Input does not keep the memory of a giant packet", async () => {
  const sizes = [100, ...Array(4).fill(1e7)];
  const rooms = await roomsOf(sizes, handlePackets(2_000_000));
  assertEquals(rooms, [
    128,
    65_536 - 100,
    524_288 - 65_536,
    2_000_000 - 524_288,
    524_288,
  ]);
});

/** An input whose one read ends as `read` says, and which is over then. */
async function inputThatEnds(read: Transport["read"]): Promise<Uint8Array> {
  const ended = Promise.withResolvers<void>();
  const transport = { read } as Transport;
  const owner = { ended: () => ended.resolve() } as unknown as InputOwner;
  const input = new Input(transport, new Turns(), owner);
  const { bytes } = input;
  input.read();
  await ended.promise;
  input.release();
  return bytes;
}

/** The buffer of the next input. */
function nextBuffer(): Uint8Array {
  return new Input({} as Transport, new Turns(), {} as InputOwner).bytes;
}

Deno.test("Input leaves its buffer to the next connection when its own has ended", async () => {
  const bytes = await inputThatEnds(() => Promise.resolve(null));
  assertStrictEquals(nextBuffer(), bytes);
  assertNotStrictEquals(nextBuffer(), bytes);
});

Deno.test("Input leaves its buffer to nobody if its transport may still write to it", async () => {
  // As a WebSocket does that was closed and waits for the answer of the peer.
  const bytes = await inputThatEnds(() => Promise.reject(new Error("closed")));
  assertNotStrictEquals(nextBuffer(), bytes);
});
