/** A broker that does only what the test tells it: for answers that ours never gives. */

import { decode, encode, frameSize, type Packet } from "../../../codec/mod.ts";

/** One client's connection. */
export interface FakeConnection {
  /** Sends packets. */
  send(...packets: Packet[]): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

/** What the broker does with a packet. */
export type Behaviour = (
  packet: Packet,
  connection: FakeConnection,
) => void | Promise<void>;

export class FakeBroker implements AsyncDisposable {
  /** Every packet that came. */
  readonly packets: Packet[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #behaviour: Behaviour;
  readonly #connections = new Set<Deno.Conn>();
  readonly #work: Promise<unknown>;

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#work = this.#accept();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** How many packets of a kind came. */
  count(cmd: Packet["cmd"]): number {
    return this.packets.filter((packet) => packet.cmd === cmd).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#connections) close(conn);
    await this.#work;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    try {
      for await (const conn of this.#listener) {
        this.#connections.add(conn);
        serving.push(this.#serve(conn));
      }
    } catch {
      // The listener was closed.
    }
    await Promise.all(serving);
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    let version: 3 | 4 | 5 = 4;
    let input = new Uint8Array(0);
    const chunk = new Uint8Array(65536);
    const connection: FakeConnection = {
      send: async (...packets) => {
        for (const packet of packets) {
          let rest: Uint8Array = encode(packet, version);
          while (rest.length > 0) rest = rest.subarray(await conn.write(rest));
        }
      },
      close: () => close(conn),
    };
    try {
      for (;;) {
        const count = await conn.read(chunk);
        if (count === null) break;
        const joined = new Uint8Array(input.length + count);
        joined.set(input);
        joined.set(chunk.subarray(0, count), input.length);
        input = joined;
        for (;;) {
          const size = frameSize(input, 0, input.length, 1 << 28);
          if (size === 0 || size > input.length) break;
          const packet = decode(input.slice(0, size), version);
          input = input.slice(size);
          if (packet.cmd === "connect") {
            version = packet.protocolVersion as 3 | 4 | 5;
          }
          this.packets.push(packet);
          await this.#behaviour(packet, connection);
        }
      }
    } catch {
      // The connection was closed.
    }
    close(conn);
  }
}

/** The CONNACK that accepts a client. */
export function connack(properties?: Record<string, unknown>): Packet {
  return {
    cmd: "connack",
    returnCode: 0,
    reasonCode: 0,
    sessionPresent: false,
    ...(properties && { properties }),
  } as Packet;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}
