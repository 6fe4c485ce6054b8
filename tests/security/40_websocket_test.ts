/** Class 40: WebSocket: pages of others, wrong protocols, frames without end, compression. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { encode } from "../../codec/mod.ts";
import type { Broker, BrokerConfig } from "../../mod.ts";
import { connectPacket, eventually, startBroker } from "../_client.ts";
import { reached } from "../limits/_helpers.ts";
import { assertServes } from "./_attack.ts";

const HANDSHAKE: Readonly<Record<string, string>> = {
  host: "localhost",
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol": "mqtt",
};

function start(config: BrokerConfig = {}, listener = {}): Promise<Broker> {
  return startBroker({
    listeners: {
      default: { bind: "127.0.0.1:0" },
      ws: { type: "ws", bind: "127.0.0.1:0", ...listener },
    },
    ...config,
  });
}

/** A connection after its request, and the answer of the broker. */
class Page implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #chunk = new Uint8Array(65536);
  /** The head of the answer. */
  readonly head: string;

  private constructor(conn: Deno.TcpConn, head: string) {
    this.#conn = conn;
    this.head = head;
  }

  static async open(
    broker: Broker,
    headers: Record<string, string> = {},
    path = "/mqtt",
  ): Promise<Page> {
    const { port } = broker.listeners[1];
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const lines = Object.entries({ ...HANDSHAKE, ...headers })
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `${name}: ${value}\r\n`);
    const request = `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
    await conn.write(new TextEncoder().encode(request));
    let head = "";
    const chunk = new Uint8Array(65536);
    while (!head.includes("\r\n\r\n")) {
      const count = await conn.read(chunk).catch(() => null);
      if (count === null) break;
      head += new TextDecoder().decode(chunk.subarray(0, count));
    }
    return new Page(conn, head);
  }

  get status(): number {
    return Number(this.head.split(" ")[1]);
  }

  async send(bytes: readonly number[] | Uint8Array): Promise<void> {
    let rest = Uint8Array.from(bytes);
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  async read(): Promise<number[]> {
    const count = await this.#conn.read(this.#chunk).catch(() => null);
    return [...this.#chunk.subarray(0, count ?? 0)];
  }

  /** All that comes until the broker closes the connection. */
  async rest(): Promise<number[]> {
    const all: number[] = [];
    for (;;) {
      const bytes = await this.read();
      if (bytes.length === 0) return all;
      all.push(...bytes);
    }
  }

  /** Expects a Close frame with `code` as the last thing of the broker. */
  async assertClosed(code: number): Promise<void> {
    const bytes = await this.read();
    assertEquals(bytes.slice(0, 1), [0x88]);
    assertEquals(bytes[2] << 8 | bytes[3], code);
    // Else the broker gives it a second to read why.
    await this.#conn.closeWrite().catch(() => {});
    assertEquals(await this.rest(), []);
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}

/** A masked frame of less than 64 KiB; the mask is 0, so that it can be read. */
function frame(first: number, payload: readonly number[]): number[] {
  const { length } = payload;
  return length < 126
    ? [first, 0x80 | length, 0, 0, 0, 0, ...payload]
    : [first, 0xfe, length >> 8, length & 255, 0, 0, 0, 0, ...payload];
}

const CONNECT = [...encode(connectPacket({ version: 4 }), 4)];

Deno.test("only pages of listed origins get in", async () => {
  await using broker = await start({}, { origins: ["https://app.example"] });
  const wrong = [
    ...["https://evil.example", "https://app.example.evil", "null", "*"],
    ...["http://app.example", "https://app.example:8443", "https://APP"],
    ...["https://app.example/", "https://sub.app.example", "file://"],
  ];
  for (const origin of wrong) {
    using page = await Page.open(broker, { origin });
    assertEquals(page.status, 403, origin);
  }
  using page = await Page.open(broker, { origin: "https://app.example" });
  assertEquals(page.status, 101);
  await page.send(frame(0x82, CONNECT));
  assertEquals((await page.read()).slice(0, 3), [0x82, 4, 0x20]);
});

Deno.test("the subprotocol mqtt is needed, and the path", async () => {
  await using broker = await start();
  for (const protocol of ["", "chat", "mqtts", "mqtt5", "xmqtt"]) {
    using page = await Page.open(broker, {
      "sec-websocket-protocol": protocol,
    });
    assertEquals(page.status, 400, protocol);
  }
  for (const path of ["/", "/mqtt2", "/mqtt/x", "/../mqtt", "/MQTT"]) {
    using page = await Page.open(broker, {}, path);
    assertEquals(page.status, 404, path);
  }
});

Deno.test("compression is never agreed on, and a compressed frame ends the connection", async () => {
  await using broker = await start();
  using page = await Page.open(broker, {
    "sec-websocket-extensions":
      "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
  });
  assertEquals(page.status, 101);
  assertEquals(/extensions|deflate/i.test(page.head), false);
  await page.send(frame(0xc2, CONNECT));
  await page.assertClosed(1002);
  assertEquals([...broker.context.sessions], []);
});

const FRAMES: ReadonlyArray<
  readonly [what: string, bytes: number[], code: number]
> = [
  ["text", frame(0x81, CONNECT), 1003],
  ["a frame without a mask", [0x82, CONNECT.length, ...CONNECT], 1002],
  ["a reserved kind of frame", frame(0x83, CONNECT), 1002],
  ["a reserved kind of control frame", frame(0x8b, []), 1002],
  ["a Ping in pieces", frame(0x09, [1]), 1002],
  ["a Ping that is too long", frame(0x89, new Array(126).fill(1)), 1002],
  ["a continuation of nothing", frame(0x80, CONNECT), 1002],
  [
    "a message inside another one",
    [...frame(0x02, [0x10]), ...frame(0x02, [0x10])],
    1002,
  ],
  [
    "a frame of 2^63 bytes",
    [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    1002,
  ],
  [
    "a frame of 2^62 bytes",
    [0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    1002,
  ],
  [
    "a frame of 17 MiB, announced only",
    [0x82, 0xff, 0, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0],
    1009,
  ],
];

for (const [what, bytes, code] of FRAMES) {
  Deno.test(`${what}: the connection is closed with a code, nobody else notices`, async () => {
    await using broker = await start();
    using page = await Page.open(broker);
    await page.send(bytes);
    await page.assertClosed(code);
    assertEquals([...broker.context.sessions], []);
    await assertServes(broker);
  });
}

Deno.test("the limits of packets hold inside frames, however they are cut", async () => {
  await using broker = await start();
  // A CONNECT of 1 MiB in pieces of a byte.
  using page = await Page.open(broker);
  for (const byte of [0x10, 0x80, 0x80, 0x40]) {
    await page.send(frame(byte === 0x10 ? 0x02 : 0x00, [byte]));
  }
  await page.rest();
  await reached(broker, { maxConnectPacketSize: 1 });
  // Empty pieces without end are no packet either.
  await using short = await start({ connectTimeout: 0.3 });
  using empty = await Page.open(short);
  await empty.send(frame(0x02, []));
  const flood = (async () => {
    const pieces = Array.from({ length: 1000 }, () => frame(0x00, [])).flat();
    try {
      for (;;) await empty.send(pieces);
    } catch {
      // The broker has closed the connection.
    }
  })();
  await empty.rest();
  await flood;
  await reached(short, { connectTimeout: 1 });
});

Deno.test("a head without end is refused before it has come", async () => {
  await using broker = await start();
  const { port } = broker.listeners[1];
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const line = new TextEncoder().encode(`x: ${"y".repeat(1000)}\r\n`);
  await conn.write(new TextEncoder().encode("GET /mqtt HTTP/1.1\r\n"));
  let sent = 0;
  try {
    for (; sent < 100_000; sent++) await conn.write(line);
  } catch {
    // Closed.
  }
  assertEquals(sent < 100_000, true);
  await assertServes(broker);
});

Deno.test("header values of a client do not come back in the answer", async () => {
  await using broker = await start();
  using page = await Page.open(broker, {
    "sec-websocket-protocol": "<script>, mqtt",
    "x-evil": "evil",
  });
  assertEquals(page.status, 101);
  assertStringIncludes(
    page.head.toLowerCase(),
    "sec-websocket-protocol: mqtt\r",
  );
  assertEquals(/script|evil/.test(page.head), false);
});

Deno.test("what comes while a WebSocket is closed reaches no other client", async () => {
  await using broker = await start({}, { connectTimeout: 1 });
  using page = await Page.open(broker);
  // It owes its CONNECT: the broker closes it, and waits for its answer.
  assertEquals((await page.read())[0], 0x88);
  // The buffer of whoever connects now may be one that was used before.
  const { port } = broker.listeners[0];
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const connect = encode(connectPacket({ clientId: "d" }), 4);
  const { bytesReceived } = broker.context.stats();
  await conn.write(connect.subarray(0, 8));
  await eventually(() =>
    broker.context.stats().bytesReceived === bytesReceived + 8
  );
  await page.send(frame(0x82, Array(40).fill(0xff)));
  await page.send(frame(0x88, [3, 232]));
  assertEquals(await page.rest(), []);
  await conn.write(connect.subarray(8));
  const answer = new Uint8Array(4);
  assertEquals(await conn.read(answer), 4);
  assertEquals([...answer], [0x20, 2, 0, 0]);
});
