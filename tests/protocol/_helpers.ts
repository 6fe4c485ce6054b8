/** What the tests of the protocol have in common: wire forms by hand, and short words for long packets. */

import { assertEquals } from "@std/assert";
import type { IPublishPacket, ISubscribePacket } from "mqtt-packet";
import type { Buffer } from "node:buffer";
import type { Broker } from "../../mod.ts";
import { frameSize, type Packet } from "../../codec/mod.ts";
import { eventually, type TestClient } from "../_client.ts";

/** One filter of a SUBSCRIBE with its options. */
export type Subscription = ISubscribePacket["subscriptions"][number];

/** Subscribes with options and properties; returns the codes of the SUBACK. */
export async function subscribe(
  client: TestClient,
  subscriptions: Subscription | Subscription[],
  identifier?: number,
): Promise<number[]> {
  await client.send({
    cmd: "subscribe",
    messageId: ++client.lastId,
    subscriptions: [subscriptions].flat(),
    ...identifier !== undefined &&
      { properties: { subscriptionIdentifier: identifier } },
  });
  return (await client.expect("suback")).granted as number[];
}

/** A PUBLISH; without `messageId` it has QoS 0. */
export function publish(
  topic: string,
  payload: string | Uint8Array,
  options: Partial<IPublishPacket> = {},
): IPublishPacket {
  return {
    cmd: "publish",
    topic,
    payload: payload as Buffer,
    qos: 0,
    dup: false,
    retain: false,
    ...options,
  };
}

/** What matters of a PUBLISH for exactly-once delivery: `[payload, QoS, DUP, identifier]`. */
export function flight(
  packet: IPublishPacket,
): [string, number, boolean, number | undefined] {
  return [`${packet.payload}`, packet.qos, packet.dup, packet.messageId];
}

/** Expects a DISCONNECT with `code` as the next packet, and the end of the connection. */
export async function assertDisconnected(
  client: TestClient,
  code: number,
): Promise<void> {
  assertEquals((await client.expect("disconnect")).reasonCode, code);
  await client.closed();
}

/** Expects the end of the connection with no packet before it. */
export async function assertClosedSilently(client: TestClient): Promise<void> {
  await client.closed();
  let packet: Packet | undefined;
  try {
    packet = await client.next();
  } catch {
    return;
  }
  throw new Error(`The broker sent ${JSON.stringify(packet)}`);
}

/** Waits until the broker has noticed that a client has gone. */
export async function gone(broker: Broker, clientId: string): Promise<void> {
  await eventually(
    () => broker.context.getSession(clientId)?.connected !== true,
    `end of the connection of ${clientId}`,
  );
}

/** A text with its length in front, as the standard writes it. */
export function text(value: string | Uint8Array): number[] {
  const bytes = typeof value === "string"
    ? new TextEncoder().encode(value)
    : value;
  return [bytes.length >> 8, bytes.length & 255, ...bytes];
}

/** A whole packet of less than 16,384 bytes: first byte, remaining length, body. */
export function frame(first: number, body: readonly number[]): number[] {
  const { length } = body;
  return length < 128
    ? [first, length, ...body]
    : [first, 0x80 | length & 127, length >> 7, ...body];
}

/** Properties with their length in front; less than 16,384 bytes. */
export function properties(...parts: (number | number[])[]): number[] {
  return frame(0, parts.flat()).slice(1);
}

/** A connection that reads only when it is asked to, and gives the bytes of each packet. */
export class RawClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #chunk = new Uint8Array(65536);
  #input = new Uint8Array(0);

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to the broker's first listener, without keep alive; `clean` is 2 or 0. */
  static async connect(
    broker: Broker,
    clientId: string,
    props: number[] = properties(),
    version: 4 | 5 = 5,
    clean: 0 | 2 = 2,
  ): Promise<RawClient> {
    const conn = await Deno.connect({
      hostname: "127.0.0.1",
      port: broker.listeners[0].port,
    });
    const client = new RawClient(conn);
    await client.send(frame(0x10, [
      ...[...text("MQTT"), version, clean, 0, 0],
      ...(version === 5 ? props : []),
      ...text(clientId),
    ]));
    assertEquals((await client.frame())[0], 0x20);
    return client;
  }

  /** Sends bytes. */
  async send(bytes: readonly number[] | Uint8Array): Promise<void> {
    let rest = Uint8Array.from(bytes);
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** Reads the next packet. */
  async frame(): Promise<number[]> {
    while (true) {
      const size = frameSize(this.#input, 0, this.#input.length, 1 << 28);
      if (size > 0 && size <= this.#input.length) {
        const bytes = [...this.#input.subarray(0, size)];
        this.#input = this.#input.slice(size);
        return bytes;
      }
      const count = await this.#conn.read(this.#chunk);
      if (count === null) throw new Error("The connection has ended");
      const next = new Uint8Array(this.#input.length + count);
      next.set(this.#input);
      next.set(this.#chunk.subarray(0, count), this.#input.length);
      this.#input = next;
    }
  }

  /** Reads some bytes and forgets them; says how many. */
  async skip(): Promise<number | null> {
    return await this.#conn.read(this.#chunk);
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
  }
}
