/** Class 34: a broker that attacks those who connect to it as a bridge. */

import { assertEquals } from "@std/assert";
import {
  encode,
  frameSize,
  type Packet,
  type ProtocolVersion,
} from "../../codec/mod.ts";
import type { Broker } from "../../mod.ts";
import { eventually, startBroker, TestClient } from "../_client.ts";
import { frame, publish, text } from "../protocol/_helpers.ts";
import { assertServes } from "./_attack.ts";

/** A broker that lets the bridge in, and then sends what it likes. */
class EvilBroker implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #bytes: Uint8Array;
  readonly #version: ProtocolVersion;
  readonly #serving: Promise<void>;
  readonly #conns = new Set<Deno.Conn>();
  /** How often the bridge has gone after the attack. */
  departures = 0;

  constructor(
    bytes: readonly number[] | Uint8Array,
    version: ProtocolVersion = 5,
  ) {
    this.#version = version;
    this.#bytes = Uint8Array.from(bytes);
    this.#serving = this.#serve();
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #serve(): Promise<void> {
    const visits: Promise<void>[] = [];
    try {
      for await (const conn of this.#listener) {
        this.#conns.add(conn);
        visits.push(this.#attack(conn).catch(() => {}));
      }
    } catch {
      // Closed.
    }
    await Promise.all(visits);
  }

  async #attack(conn: Deno.Conn): Promise<void> {
    await this.#next(conn);
    await this.#send(conn, {
      cmd: "connack",
      sessionPresent: false,
      ...this.#version === 5 ? { reasonCode: 0 } : { returnCode: 0 },
    });
    const subscribe = await this.#next(conn);
    await this.#send(conn, {
      cmd: "suback",
      messageId: subscribe[2] << 8 | subscribe[3],
      granted: [1],
    });
    try {
      for (let rest = this.#bytes; rest.length > 0;) {
        rest = rest.subarray(await conn.write(rest));
      }
      const chunk = new Uint8Array(4096);
      while (await conn.read(chunk) !== null);
    } finally {
      this.departures++;
    }
    conn.close();
  }

  async #next(conn: Deno.Conn): Promise<Uint8Array> {
    let bytes = new Uint8Array(0);
    const chunk = new Uint8Array(4096);
    for (;;) {
      const size = frameSize(bytes, 0, bytes.length, 1 << 20);
      if (size > 0 && size <= bytes.length) return bytes;
      const count = await conn.read(chunk);
      if (count === null) throw new Error("The bridge has gone");
      bytes = Uint8Array.from([...bytes, ...chunk.subarray(0, count)]);
    }
  }

  async #send(conn: Deno.Conn, packet: Packet): Promise<void> {
    await conn.write(encode(packet, this.#version));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // It was closed before.
      }
    }
    await this.#serving;
  }
}

/** A PUBLISH of MQTT 5 by its bytes. */
function message(topic: string | Uint8Array, payload = "evil"): number[] {
  return frame(topic === "in/marker" ? 0x31 : 0x30, [
    ...text(topic),
    0,
    ...new TextEncoder().encode(payload),
  ]);
}

const ATTACKS: ReadonlyArray<readonly [what: string, bytes: number[]]> = [
  ["a length that never ends", [0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ["a reserved type", [0x00, 0x00]],
  ["QoS 3", frame(0x36, [...text("in/a"), 0, 1, 0])],
  ["a topic with a wildcard", message("in/+")],
  ["a topic with a null character", message("in/a\0b")],
  ["a topic that is not UTF-8", message(Uint8Array.of(0x69, 0x6e, 0x2f, 0xff))],
  ["an empty topic", message("")],
  ["an alias of nothing", frame(0x30, [...text(""), 3, 0x23, 0, 9])],
  [
    "a property that does not exist",
    frame(0x30, [...text("in/a"), 2, 0x7f, 1]),
  ],
  ["a topic that nobody subscribed to", message("secret/a")],
  ["a topic of the broker", message("$SYS/broker/version")],
  ["a topic above its prefix", message("in/../secret")],
  ["a CONNECT", frame(0x10, [...text("MQTT"), 5, 2, 0, 0, 0, ...text("c")])],
  ["a second CONNACK", frame(0x20, [0, 0, 0])],
  ["an acknowledgement of nothing", frame(0x40, [0x12, 0x34])],
  ["text", [...new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")]],
  [
    "user properties named like the parts of objects",
    frame(0x30, [
      ...text("in/a"),
      ...frame(0, [0x26, ...text("__proto__"), ...text("x")]).slice(1),
      ...text("evil"),
    ]),
  ],
];

const MARKER = "peer/in/marker";

async function startBridge(
  evil: EvilBroker,
  version: "5" | "3.1.1",
): Promise<Broker> {
  return await startBroker({
    plugins: [
      { auth_anonymous: null },
      {
        bridge: {
          url: evil.url,
          version,
          topics: [{
            pattern: "in/#",
            direction: "in",
            localPrefix: "peer/",
          }],
          maxPacketSize: 100_000,
          maxReconnectDelay: 1,
        },
      },
    ],
  });
}

for (const [what, bytes] of ATTACKS) {
  Deno.test(`a peer that sends ${what}: nobody but the bridge notices`, async () => {
    await using evil = new EvilBroker([...bytes, ...message("in/marker")]);
    await using broker = await startBridge(evil, "5");
    await using reader = await TestClient.connect(broker, { version: 5 });
    await reader.subscribe(["#", "$SYS/broker/version"]);
    // Either the bridge is through with it, or it has hung up.
    await eventually(() =>
      evil.departures > 0 || broker.context.retained.get(MARKER) !== undefined
    );
    await assertServes(broker);
    const topics = new Set<string>();
    await reader.send({ cmd: "pingreq" });
    for (;;) {
      const packet = await reader.next();
      if (packet.cmd === "pingresp") break;
      if (packet.cmd === "publish") topics.add(packet.topic);
    }
    for (const topic of topics) {
      // Only what the rule lets in, below its prefix.
      assertEquals(/^(still\/there|peer\/in\/.*)$/s.test(topic), true, topic);
    }
    assertEquals(({} as Record<string, unknown>).x, undefined);
    await reader.send(publish("after", "x"));
    assertEquals(await reader.message(), "after: x");
  });
}

for (const version of ["5", "3.1.1"] as const) {
  Deno.test(`${version}: a peer that sends a packet without end is cut off when it is too large`, async () => {
    const endless = new Uint8Array(64 << 20);
    // 256 MB of it are announced.
    endless.set([0x30, 0xff, 0xff, 0xff, 0x7f]);
    await using evil = new EvilBroker(endless, version === "5" ? 5 : 4);
    await using broker = await startBridge(evil, version);
    await eventually(() => evil.departures > 0);
    // It is tried again, as after any other failure.
    await eventually(() => evil.departures > 1);
    await assertServes(broker);
  });
}
