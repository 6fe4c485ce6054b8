/**
 * A client that keeps its side of QoS 1 and 2 over the death of its broker.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IPublishPacket } from "mqtt-packet";
import { decode, encode, frameSize, type Packet } from "../../../codec/mod.ts";

/** What a {@linkcode SteadyClient} is told. */
export interface SteadyClientOptions {
  clientId: string;
  /** Path of the broker's Unix socket. */
  path: string;
  /** Filters to subscribe to. */
  filters?: readonly string[];
  /** Topic of the will; its payload is the number of the connection. */
  willTopic?: string;
  /** Gets each message, those of QoS 2 once. */
  onMessage?: (packet: IPublishPacket) => void;
}

interface Sent {
  readonly packet: IPublishPacket;
  released: boolean;
  readonly acknowledged: () => void;
}

/** A client with a session that lives longer than any connection. */
export class SteadyClient {
  readonly #options: SteadyClientOptions;
  readonly #sent = new Map<number, Sent>();
  readonly #received = new Set<number>();
  #conn: Deno.Conn | undefined;
  #nextId = 0;
  #stopped = false;
  #subscribed = false;
  #accepted = false;
  readonly #running: Promise<void>;
  /** Connections that the broker accepted. */
  connections = 0;
  /** Connections that ended without a DISCONNECT. */
  readonly lost: number[] = [];
  /** What must not happen. */
  readonly complaints: string[] = [];

  constructor(options: SteadyClientOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Whether the client is connected and has subscribed. */
  get ready(): boolean {
    return this.#accepted &&
      (this.#subscribed || this.#options.filters === undefined);
  }

  /** Publishes; resolves when it is acknowledged, over as many connections as it takes. */
  publish(
    topic: string,
    payload: string,
    qos: 1 | 2,
    retain = false,
  ): Promise<void> {
    do this.#nextId = this.#nextId % 65535 + 1; while (
      this.#sent.has(this.#nextId)
    );
    const messageId = this.#nextId;
    const { promise, resolve } = Promise.withResolvers<void>();
    const packet: IPublishPacket = {
      cmd: "publish",
      topic,
      payload,
      qos,
      messageId,
      retain,
      dup: false,
    };
    this.#sent.set(messageId, {
      packet,
      released: false,
      acknowledged: resolve,
    });
    if (this.#accepted) this.#send(packet);
    return promise;
  }

  /** Disconnects; the session stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#send({ cmd: "disconnect" });
    this.#close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        const { path } = this.#options;
        this.#conn = await Deno.connect({ transport: "unix", path });
        await this.#talk(this.#conn);
      } catch {
        // There is no broker just now, or it has died.
      }
      this.#close();
      if (!this.#stopped) await new Promise((done) => setTimeout(done, 20));
    }
  }

  async #talk(conn: Deno.Conn): Promise<void> {
    const { clientId, willTopic } = this.#options;
    let connected = 0;
    this.#send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 5,
      clientId,
      clean: false,
      keepalive: 0,
      properties: { sessionExpiryInterval: 100_000 },
      ...(willTopic !== undefined && {
        will: {
          topic: willTopic,
          payload: `${this.connections + 1}` as unknown as Buffer,
          qos: 2,
          retain: false,
        },
      }),
    });
    let input = new Uint8Array(0);
    const chunk = new Uint8Array(65536);
    try {
      while (true) {
        const count = await conn.read(chunk);
        if (count === null) break;
        input = Buffer.concat([input, chunk.subarray(0, count)]);
        while (true) {
          const size = frameSize(input, 0, input.length, 1 << 28);
          if (size === 0 || size > input.length) break;
          const packet = decode(input.subarray(0, size), 5, { from: "server" });
          input = input.subarray(size);
          if (packet.cmd === "connack") connected = ++this.connections;
          this.#handle(packet);
        }
      }
    } finally {
      if (connected > 0 && !this.#stopped) this.lost.push(connected);
    }
  }

  #handle(packet: Packet): void {
    switch (packet.cmd) {
      case "connack":
        return this.#connected(packet.sessionPresent);
      case "suback":
        this.#subscribed = true;
        return;
      case "publish":
        return this.#receive(packet);
      case "pubrel":
        this.#received.delete(packet.messageId!);
        return this.#send({ cmd: "pubcomp", messageId: packet.messageId });
      case "puback":
      case "pubcomp":
        return this.#acknowledged(packet.messageId!);
      case "pubrec": {
        const sent = this.#sent.get(packet.messageId!);
        if (sent === undefined) return;
        sent.released = true;
        return this.#send({ cmd: "pubrel", messageId: packet.messageId });
      }
    }
  }

  #connected(sessionPresent: boolean): void {
    if (this.connections > 1 && !sessionPresent) {
      this.complaints.push(
        `${this.#options.clientId} has lost its session at connection ${this.connections}`,
      );
    }
    this.#accepted = true;
    for (const { packet, released } of this.#sent.values()) {
      if (released) this.#send({ cmd: "pubrel", messageId: packet.messageId });
      else this.#send({ ...packet, dup: true });
    }
    const { filters } = this.#options;
    if (filters === undefined || this.#subscribed) return;
    this.#send({
      cmd: "subscribe",
      messageId: 65535,
      subscriptions: filters.map((topic) => ({ topic, qos: 2 })),
    });
  }

  #receive(packet: IPublishPacket): void {
    const { qos, messageId } = packet;
    const again = qos === 2 && this.#received.has(messageId!);
    if (qos === 2) this.#received.add(messageId!);
    if (!again) this.#options.onMessage?.(packet);
    if (qos === 1) this.#send({ cmd: "puback", messageId });
    if (qos === 2) this.#send({ cmd: "pubrec", messageId });
  }

  #acknowledged(messageId: number): void {
    const sent = this.#sent.get(messageId);
    if (sent === undefined) return;
    this.#sent.delete(messageId);
    sent.acknowledged();
  }

  #output: Uint8Array[] = [];
  #writing = false;

  #send(packet: Packet): void {
    if (this.#conn === undefined) return;
    this.#output.push(encode(packet, 5));
    if (!this.#writing) this.#write(this.#conn);
  }

  async #write(conn: Deno.Conn): Promise<void> {
    this.#writing = true;
    try {
      while (this.#output.length > 0 && this.#conn === conn) {
        let bytes: Uint8Array = Buffer.concat(this.#output);
        this.#output = [];
        while (bytes.length > 0) {
          bytes = bytes.subarray(await conn.write(bytes));
        }
      }
    } catch {
      // The reader sees it, too.
    }
    this.#writing = false;
  }

  #close(): void {
    try {
      this.#conn?.close();
    } catch {
      // It was closed before.
    }
    this.#conn = undefined;
    this.#accepted = false;
    this.#output = [];
  }
}
