/** Frames of a client, byte for byte: what is taken, what is answered, what is refused. */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fillLimits } from "../../broker/config/limit_schema.ts";
import { openListener } from "../../broker/transport/mod.ts";
import {
  WebSocketDecoder,
  WebSocketError,
} from "../../broker/transport/websocket_frames.ts";
import { Acceptor, makeConfig, makeLogger, readExactly } from "./_helpers.ts";

const MASK = [1, 2, 3, 4];

/** A frame of a client. */
function frame(
  opcode: number,
  payload: readonly number[] = [],
  final = true,
): number[] {
  const { length } = payload;
  const size = length < 126
    ? [0x80 | length]
    : length < 65536
    ? [0x80 | 126, length >> 8, length & 255]
    : [
      0x80 | 127,
      0,
      0,
      0,
      0,
      0,
      length >> 16,
      (length >> 8) & 255,
      length & 255,
    ];
  return [
    (final ? 0x80 : 0) | opcode,
    ...size,
    ...MASK,
    ...payload.map((byte, i) => byte ^ MASK[i & 3]),
  ];
}

/** Decodes `bytes` in pieces of the given sizes. */
function decode(bytes: readonly number[], sizes: readonly number[]) {
  const decoder = new WebSocketDecoder(0);
  const data: number[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : sizes[i % sizes.length];
    // Buffers do not begin where words do.
    const part = bytes.slice(at, at + size);
    const chunk = new Uint8Array(part.length + 3).subarray(at & 3);
    chunk.set(part);
    at += part.length;
    data.push(...chunk.subarray(0, decoder.decode(chunk, part.length)));
  }
  return { data, decoder };
}

Deno.test("WebSocketDecoder gives the payload of data frames, however they are cut", () => {
  const payload = fc.array(fc.integer({ min: 0, max: 255 }), {
    maxLength: 1500,
  });
  fc.assert(fc.property(
    fc.array(fc.record({ payload, final: fc.boolean(), ping: fc.boolean() }), {
      maxLength: 6,
    }),
    fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 5 }),
    (frames, sizes) => {
      let continues = false;
      const bytes = frames.flatMap(({ payload, final, ping }) => {
        const data = frame(continues ? 0 : 2, payload, final);
        continues = !final;
        return ping ? [...data, ...frame(9, [7])] : data;
      });
      const { data, decoder } = decode(bytes, sizes);
      assertEquals(data, frames.flatMap(({ payload }) => payload));
      assertEquals(
        decoder.ping,
        frames.some(({ ping }) => ping) ? Uint8Array.of(7) : undefined,
      );
      assertEquals(decoder.closed, false);
    },
  ));
});

Deno.test("WebSocketDecoder takes frames with each form of length, and stops at Close", () => {
  for (const length of [0, 1, 125, 126, 65535, 65536, 100_000]) {
    const payload = new Array<number>(length).fill(0x61);
    assertEquals(decode(frame(2, payload), [4096]).data.length, length);
  }
  const { data, decoder } = decode(
    [...frame(2, [1]), ...frame(8, [3, 232]), ...frame(2, [2])],
    [],
  );
  assertEquals([data, decoder.closed], [[1], true]);
});

const REFUSED: readonly [why: string, code: number, bytes: number[]][] = [
  ["a frame that is not masked", 1002, [0x82, 1, 0x61]],
  ["a reserved bit", 1002, frame(0x40 | 2)],
  ["an unknown opcode", 1002, frame(3)],
  ["an unknown control opcode", 1002, frame(11)],
  ["a text message", 1003, frame(1, [0x61])],
  ["a continuation of nothing", 1002, frame(0, [1])],
  ["a new message within another", 1002, [
    ...frame(2, [1], false),
    ...frame(2),
  ]],
  ["a fragmented control frame", 1002, frame(9, [], false)],
  ["a control frame that is too long", 1002, frame(9, new Array(126).fill(0))],
  ["a length of two bytes that fits one", 1002, [0x82, 0xfe, 0, 125, ...MASK]],
  [
    "a length of eight bytes that fits two",
    1002,
    [0x82, 0xff, 0, 0, 0, 0, 0, 0, 255, 255, ...MASK],
  ],
  [
    "a length that no number can hold",
    1002,
    [0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, ...MASK],
  ],
];

for (const [why, code, bytes] of REFUSED) {
  Deno.test(`WebSocketDecoder refuses ${why}`, () => {
    for (const sizes of [[], [1]]) {
      const error = assertThrows(() => decode(bytes, sizes), WebSocketError);
      assertEquals(error.code, code);
    }
  });
}

/** Opens a listener and a connection whose handshake is done, with `behind` sent together with it. */
async function connect(behind: readonly number[] = [], maxFrameSize = 0) {
  const acceptor = new Acceptor();
  const warnings: string[] = [];
  const listener = await openListener(
    makeConfig({ type: "ws", limits: fillLimits({ maxFrameSize }) }),
    acceptor.accept,
    makeLogger(warnings),
  );
  const conn = await Deno.connect({
    hostname: "127.0.0.1",
    port: listener.port,
  });
  const request = [
    "GET /mqtt HTTP/1.1",
    "Host: localhost",
    "Connection: keep-alive, Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: mqtt",
    "\r\n",
  ].join("\r\n");
  await conn.write(
    Uint8Array.from([...new TextEncoder().encode(request), ...behind]),
  );
  const transport = await acceptor.next();
  let answer = "";
  while (!answer.endsWith("\r\n\r\n")) {
    answer += new TextDecoder().decode(await readExactly(conn, 1));
  }
  // The example of RFC 6455, section 1.3.
  assertEquals(
    answer.includes("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    true,
  );
  return { conn, listener, transport, warnings };
}

Deno.test("WebSocket: what follows the handshake at once is data", async () => {
  const { conn, listener, transport } = await connect(frame(2, [1, 2, 3]));
  assertEquals(await readExactly(transport, 2), Uint8Array.of(1, 2));
  await conn.write(Uint8Array.from(frame(2, [4])));
  assertEquals(await readExactly(transport, 2), Uint8Array.of(3, 4));
  conn.close();
  transport.close();
  await listener.close();
});

Deno.test("WebSocket: a Ping is answered, and a Close too", async () => {
  const { conn, listener, transport } = await connect();
  await conn.write(Uint8Array.from([...frame(9, [5, 6]), ...frame(2, [1])]));
  assertEquals(await readExactly(transport, 1), Uint8Array.of(1));
  assertEquals(await readExactly(conn, 4), Uint8Array.of(0x8a, 2, 5, 6));
  await conn.write(Uint8Array.from(frame(8, [3, 232])));
  assertEquals(await transport.read(new Uint8Array(1)), null);
  assertEquals(await readExactly(conn, 4), Uint8Array.of(0x88, 2, 3, 232));
  transport.close();
  assertEquals(await conn.read(new Uint8Array(1)), null);
  conn.close();
  await listener.close();
});

Deno.test("WebSocket: a flood of Pings from a client that reads nothing leaves one answer, and ends with close()", async () => {
  const { conn, listener, transport } = await connect();
  const pings = Uint8Array.from(
    Array.from({ length: 5000 }, () => frame(9, new Array(125).fill(1))).flat(),
  );
  const reading = transport.read(new Uint8Array(65536)).catch(() => {});
  for (let i = 0; i < 30; i++) await conn.write(pings);
  transport.close();
  await reading;
  conn.close();
  await listener.close();
});

Deno.test("WebSocket: a frame above max-frame-size closes with 1009 before it has come, and is reported", async () => {
  const { conn, listener, transport, warnings } = await connect([], 1000);
  await conn.write(Uint8Array.from(frame(2, new Array(1000).fill(1))));
  assertEquals((await readExactly(transport, 1000)).length, 1000);
  await conn.write(
    Uint8Array.from([0x82, 0xfe, 1001 >> 8, 1001 & 255, ...MASK]),
  );
  const error = await transport.read(new Uint8Array(1)).catch((error) => error);
  assertEquals(error.code, 1009);
  assertEquals(
    await readExactly(conn, 4),
    Uint8Array.of(0x88, 2, 1009 >> 8, 1009 & 255),
  );
  conn.close();
  await listener.close();
  assertEquals(warnings, [
    "Connection closed for a WebSocket frame that is too long",
  ]);
});
