/** A raw MQTT client for tests, and a broker on a free port: what is sent and got is one packet at a time. */

import type {
  IConnackPacket,
  IConnectPacket,
  IPublishPacket,
  ISubackPacket,
} from "mqtt-packet";
import { Buffer } from "node:buffer";
import {
  Broker,
  type BrokerConfig,
  type BrokerOptions,
  silentLogger,
} from "../mod.ts";
import type { Logger } from "../mod.ts";
import {
  decode,
  encode,
  frameSize,
  type Packet,
  type ProtocolVersion,
} from "../codec/mod.ts";

/** No packet and no end of a connection takes longer than this, however busy the machine is. */
const PATIENCE = 20_000;

/** Where a {@linkcode TestClient} connects to: a port of 127.0.0.1, a broker's default listener, or any connection. */
export type Destination = number | Broker | Deno.Conn;

/** What {@linkcode TestClient.connect} sends, and which answer it expects. */
export interface ConnectOptions extends Partial<Omit<IConnectPacket, "cmd">> {
  /** Protocol level. Default: 4. */
  version?: ProtocolVersion;
  /** Whether the client is a bridge; the types of mqtt-packet do not have it. */
  bridgeMode?: boolean;
}

/** What {@linkcode TestClient.publish} may be told. */
export interface PublishOptions extends Partial<Omit<IPublishPacket, "cmd">> {
  qos?: 0 | 1 | 2;
}

/** A packet of the kind `cmd`. */
export type PacketOf<Command extends Packet["cmd"]> = Extract<
  Packet,
  { cmd: Command }
>;

/** A client that does nothing of its own: it answers no packet, and never pings. */
export class TestClient implements AsyncDisposable {
  /** Protocol level of what is encoded and decoded. */
  version: ProtocolVersion;
  /** The CONNACK, once {@linkcode TestClient.connect} has it. */
  connack: IConnackPacket | undefined;
  /** Packet identifier of the last packet that was given one. */
  lastId = 0;
  readonly #conn: Deno.Conn;
  readonly #packets: Packet[] = [];
  readonly #reading: Promise<void>;
  #input = new Uint8Array(0);
  #error: unknown;
  #ended = false;
  #change = Promise.withResolvers<void>();

  private constructor(conn: Deno.Conn, version: ProtocolVersion) {
    this.#conn = conn;
    // Else a packet waits until the broker's host acknowledges the one before.
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay(true);
    this.version = version;
    this.#reading = this.#readAll();
  }

  /** Opens a connection and sends nothing. */
  static async open(
    to: Destination,
    version: ProtocolVersion = 4,
  ): Promise<TestClient> {
    const conn = typeof to === "number" || to instanceof Broker
      ? await Deno.connect({
        hostname: "127.0.0.1",
        port: typeof to === "number" ? to : to.listeners[0].port,
      })
      : to;
    return new TestClient(conn, version);
  }

  /** Opens a connection, sends a CONNECT and waits for the CONNACK, whatever it says. */
  static async connect(
    to: Destination,
    options: ConnectOptions = {},
  ): Promise<TestClient> {
    const { version = 4, ...packet } = options;
    const client = await TestClient.open(to, version);
    try {
      await client.send(connectPacket({ version, ...packet }));
      client.connack = await client.expect("connack");
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  /** The code of the CONNACK: 0 if the client was let in. */
  get code(): number | undefined {
    return this.version === 5
      ? this.connack?.reasonCode
      : this.connack?.returnCode;
  }

  /** How many packets have come that nobody has read. */
  get unread(): number {
    return this.#packets.length;
  }

  /** Sends packets, in one write. */
  async send(...packets: Packet[]): Promise<void> {
    const frames = packets.map((packet) => encode(packet, this.version));
    await this.raw(Buffer.concat(frames));
  }

  /** Sends bytes as they are. */
  async raw(bytes: Uint8Array | readonly number[]): Promise<void> {
    let rest = Uint8Array.from(bytes);
    while (rest.length > 0) rest = rest.subarray(await this.#conn.write(rest));
  }

  /** The next packet from the broker. Rejects if the connection ends or nothing comes. */
  async next(): Promise<Packet> {
    await this.#until(() => this.#packets.length > 0 || this.#ended, "packet");
    const packet = this.#packets.shift();
    if (packet !== undefined) return packet;
    throw new Error("Cannot read a packet: the connection has ended", {
      cause: this.#error,
    });
  }

  /** The next packet, which must be a `cmd`. */
  async expect<Command extends Packet["cmd"]>(
    cmd: Command,
  ): Promise<PacketOf<Command>> {
    const packet = await this.next();
    if (packet.cmd === cmd) return packet as PacketOf<Command>;
    throw new Error(
      `Cannot read a ${cmd}: the broker sent ${JSON.stringify(packet)}`,
    );
  }

  /** The next packet, which must be a PUBLISH, as `topic: payload`. */
  async message(): Promise<string> {
    const { topic, payload } = await this.expect("publish");
    return `${topic}: ${payload}`;
  }

  /** Subscribes, waits for the SUBACK (before any other packet) and returns its codes. */
  async subscribe(
    topic: string | readonly string[],
    qos: 0 | 1 | 2 = 0,
  ): Promise<number[]> {
    await this.send({
      cmd: "subscribe",
      messageId: ++this.lastId,
      subscriptions: [topic].flat().map((topic) => ({ topic, qos })),
    });
    const suback: ISubackPacket = await this.expect("suback");
    return suback.granted as number[];
  }

  /** Unsubscribes and waits for the UNSUBACK. */
  async unsubscribe(...topics: string[]): Promise<PacketOf<"unsuback">> {
    const messageId = ++this.lastId;
    await this.send({ cmd: "unsubscribe", messageId, unsubscriptions: topics });
    return await this.expect("unsuback");
  }

  /** Publishes, and does the handshake of QoS 1 or 2; with QoS 0 it waits for a PINGRESP. */
  async publish(
    topic: string,
    payload: string | Uint8Array,
    options: PublishOptions = {},
  ): Promise<void> {
    const { qos = 0 } = options;
    const messageId = qos === 0 ? undefined : ++this.lastId;
    await this.send({
      cmd: "publish",
      topic,
      payload: typeof payload === "string" ? payload : Buffer.from(payload),
      dup: false,
      retain: false,
      messageId,
      ...options,
      qos,
    });
    if (qos === 0) await this.ping();
    if (qos === 1) await this.expect("puback");
    if (qos === 2) {
      await this.expect("pubrec");
      await this.send({ cmd: "pubrel", messageId });
      await this.expect("pubcomp");
    }
  }

  /** Publishes with QoS 1, and returns the reason code of the PUBACK. */
  async tryPublish(topic: string, payload = "x"): Promise<number> {
    const messageId = ++this.lastId;
    const flags = { qos: 1, dup: false, retain: false } as const;
    await this.send({ cmd: "publish", topic, payload, messageId, ...flags });
    return (await this.expect("puback")).reasonCode ?? 0;
  }

  /**
   * Sends a PINGREQ and expects the answer as the very next packet. So it also proves
   * that the broker had sent nothing else before.
   */
  async ping(): Promise<void> {
    await this.send({ cmd: "pingreq" });
    await this.expect("pingresp");
  }

  /** Sends DISCONNECT and waits until the broker has closed the connection. */
  async disconnect(): Promise<void> {
    await this.send({ cmd: "disconnect" });
    await this.closed();
    await this.close();
  }

  /** Waits until the broker has ended the connection; what it sent before stays readable by `next()`. */
  async closed(): Promise<void> {
    await this.#until(() => this.#ended, "end of the connection");
  }

  /** Closes the socket without a DISCONNECT. A second call does nothing. */
  async close(): Promise<void> {
    try {
      this.#conn.close();
    } catch {
      // It was closed before.
    }
    await this.#reading;
  }

  /** Closes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #readAll(): Promise<void> {
    const chunk = new Uint8Array(65536);
    try {
      while (true) {
        const count = await this.#conn.read(chunk);
        if (count === null) break;
        this.#input = Buffer.concat([this.#input, chunk.subarray(0, count)]);
        this.#cut();
      }
    } catch (error) {
      this.#error = error;
    }
    this.#ended = true;
    this.#changed();
  }

  #cut(): void {
    while (true) {
      const size = frameSize(this.#input, 0, this.#input.length, 1 << 28);
      if (size === 0 || size > this.#input.length) break;
      const frame = this.#input.subarray(0, size);
      this.#input = this.#input.subarray(size);
      this.#packets.push(decode(frame, this.version, { from: "server" }));
    }
    this.#changed();
  }

  #changed(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#changed();
    }, PATIENCE);
    try {
      while (!condition() && !late) await this.#change.promise;
    } finally {
      clearTimeout(timer);
    }
    if (!condition()) {
      throw new Error(`Cannot wait any longer: no ${what} came`);
    }
  }
}

/** A CONNECT with everything that it needs. */
export function connectPacket(options: ConnectOptions = {}): IConnectPacket {
  const { version = 4, ...packet } = options;
  return {
    cmd: "connect",
    protocolId: version === 3 ? "MQIsdp" : "MQTT",
    protocolVersion: version,
    clientId: `test-${crypto.randomUUID().slice(0, 8)}`,
    clean: true,
    keepalive: 60,
    ...packet,
  };
}

/**
 * Starts a broker on a free port of 127.0.0.1 that lets everybody in and logs nothing.
 *
 * @param config Replaces or adds keys of the configuration.
 * @param logger Gets the log.
 * @param options Other options of the broker.
 */
export async function startBroker(
  config: BrokerConfig = {},
  logger: Logger = silentLogger,
  options: BrokerOptions = {},
): Promise<Broker> {
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: { auth_anonymous: null },
    ...config,
  }, { logger, ...options });
  await broker.start();
  return broker;
}

/** Waits until `condition` holds: for what no packet tells. */
export async function eventually(
  condition: () => boolean,
  what = "condition",
): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`Cannot wait any longer: no ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
