/** A client that a test drives step by step. @module */

import { Buffer } from "node:buffer";
import { decode } from "../../codec/decode.ts";
import { encode } from "../../codec/encode.ts";
import { frameSize } from "../../codec/framing.ts";
import type { Packet } from "../../plugins/mod.ts";
import type { Transport } from "../transport/transport.ts";
import { Mailbox } from "./mailbox.ts";
import { patiently, settled } from "./real_timers.ts";
import type {
  PacketOf,
  ReceivedMessage,
  TestClientOptions,
  TestPublishOptions,
  TestSubscribeOptions,
} from "./test_client_types.ts";

/**
 * A client of a {@linkcode TestBroker}. It acknowledges the messages that it gets,
 * and does nothing else of its own.
 *
 * @example
 * ```ts
 * import { TestBroker, type TestClient } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * async function hears(client: TestClient, topic: string): Promise<boolean> {
 *   await client.publish(topic, "?");
 *   return (await client.received()).length > 0;
 * }
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect();
 * assertEquals(client.code, 0);
 * assertEquals(await hears(client, "a/b"), false);
 * assertEquals(await client.subscribe("a/+"), 2);
 * assertEquals(await hears(client, "a/b"), true);
 * ```
 */
export class TestClient implements AsyncDisposable {
  /** Client identifier, also when the broker assigned it. */
  clientId = "";
  /** Protocol level. */
  readonly version: 3 | 4 | 5;
  /** The broker's answer to the CONNECT. */
  connack!: PacketOf<"connack">;
  readonly #transport: Transport;
  readonly #messages: Mailbox<ReceivedMessage> = new Mailbox();
  readonly #answers: Mailbox<Packet> = new Mailbox();
  readonly #aliases: Map<number, string> = new Map();
  readonly #ended: PromiseWithResolvers<PacketOf<"disconnect"> | undefined> =
    Promise
      .withResolvers();
  #farewell: PacketOf<"disconnect"> | undefined;
  #input: Uint8Array = new Uint8Array(0);
  #packetId = 0;

  private constructor(transport: Transport, version: 3 | 4 | 5) {
    this.#transport = transport;
    this.version = version;
  }

  /**
   * Connects; {@linkcode TestBroker.connect} does.
   *
   * @param transport The connection.
   * @param options The CONNECT.
   * @returns The client, with the broker's answer.
   */
  static async connect(
    transport: Transport,
    options: TestClientOptions,
  ): Promise<TestClient> {
    const { version = 5, password, remoteAddress: _, listener: __, ...packet } =
      options;
    const client = new TestClient(transport, version);
    client.#read();
    const { clientId = `test-${crypto.randomUUID().slice(0, 8)}` } = packet;
    await client.send({
      cmd: "connect",
      protocolId: version === 3 ? "MQIsdp" : "MQTT",
      protocolVersion: version,
      clean: true,
      keepalive: 0,
      ...(password !== undefined && { password: Buffer.from(password) }),
      ...packet,
      clientId,
    });
    client.connack = await client.#answer("connack");
    client.clientId = client.connack.properties?.assignedClientIdentifier ??
      clientId;
    return client;
  }

  /** The code of the broker's answer to the CONNECT: 0 if the client was let in. */
  get code(): number {
    const { reasonCode, returnCode } = this.connack;
    return (this.version === 5 ? reasonCode : returnCode) ?? 0;
  }

  /**
   * Publishes, and waits until the broker is through with it.
   *
   * @param topic Topic name.
   * @param payload The payload.
   * @param options QoS (1, if nothing is said), retain, properties.
   * @returns The reason code of the acknowledgement; 0 with QoS 0 and for MQTT 3.
   * @throws {Error} If the broker ended the connection.
   */
  async publish(
    topic: string,
    payload: string | Uint8Array,
    options: TestPublishOptions = {},
  ): Promise<number> {
    const { qos = 1, retain = false, properties } = options;
    const messageId = qos === 0 ? undefined : this.#nextId();
    await this.send({
      cmd: "publish",
      topic,
      payload: typeof payload === "string" ? payload : Buffer.from(payload),
      qos,
      retain,
      dup: false,
      ...(messageId !== undefined && { messageId }),
      ...(properties !== undefined && { properties }),
    });
    if (qos === 0) await this.ping();
    if (qos === 0) return 0;
    const { reasonCode = 0 } = await this.#answer(
      qos === 1 ? "puback" : "pubrec",
      messageId,
    );
    if (qos === 2 && reasonCode < 0x80) {
      await this.send({ cmd: "pubrel", messageId });
      await this.#answer("pubcomp", messageId);
    }
    return reasonCode;
  }

  /**
   * Subscribes to one topic filter.
   *
   * @param filter Topic filter.
   * @param options QoS (2, if nothing is said) and the options of MQTT 5.
   * @returns The code in the SUBACK: the granted QoS, or 0x80 and above.
   * @throws {Error} If the broker ended the connection.
   */
  async subscribe(
    filter: string,
    options: TestSubscribeOptions = {},
  ): Promise<number> {
    const { qos = 2, properties } = options;
    const messageId = this.#nextId();
    await this.send({
      cmd: "subscribe",
      messageId,
      subscriptions: [{
        topic: filter,
        qos,
        nl: options.noLocal ?? false,
        rap: options.retainAsPublished ?? false,
        rh: options.retainHandling ?? 0,
      }],
      ...(properties !== undefined && { properties }),
    });
    const { granted } = await this.#answer("suback", messageId);
    return granted[0] as number;
  }

  /**
   * Unsubscribes from one topic filter.
   *
   * @param filter Topic filter.
   * @returns The code in the UNSUBACK; 0 for MQTT 3.
   * @throws {Error} If the broker ended the connection.
   */
  async unsubscribe(filter: string): Promise<number> {
    const messageId = this.#nextId();
    await this.send({
      cmd: "unsubscribe",
      messageId,
      unsubscriptions: [filter],
    });
    const { granted } = await this.#answer("unsuback", messageId);
    return (granted as number[] | undefined)?.[0] ?? 0;
  }

  /**
   * The next message, which may be still to come.
   *
   * @param topic Waits for one of this topic. Default: any.
   * @returns The message.
   * @throws {Error} If none comes within 10 seconds, or the connection ends.
   */
  receive(topic?: string): Promise<ReceivedMessage> {
    return this.#messages.take(
      (message) => topic === undefined || message.topic === topic,
      () => topic === undefined ? "message" : `message of "${topic}"`,
    );
  }

  /**
   * All messages that the broker has for the client now.
   *
   * @returns They, without those that {@linkcode TestClient.receive} gave out.
   */
  async received(): Promise<ReceivedMessage[]> {
    await this.ping();
    return this.#messages.takeAll();
  }

  /** Sends a PINGREQ and waits for the answer: what was sent before is handled then. */
  async ping(): Promise<void> {
    await this.send({ cmd: "pingreq" });
    await this.#answer("pingresp");
  }

  /**
   * Sends a packet as it is.
   *
   * @param packet The packet.
   */
  async send(packet: Packet): Promise<void> {
    await this.write(encode(packet, this.version));
  }

  /**
   * Sends bytes as they are.
   *
   * @param bytes Anything.
   */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#transport.write(bytes);
  }

  /**
   * The next packet of a kind that no other method has waited for: an AUTH, say.
   *
   * @param cmd Its kind, in the words of `mqtt-packet`.
   * @returns The packet.
   * @throws {Error} If none comes within 10 seconds, or the connection ends.
   */
  packet<Cmd extends Packet["cmd"]>(
    cmd: Cmd,
  ): Promise<PacketOf<Cmd>> {
    return this.#answer(cmd);
  }

  /**
   * Sends a DISCONNECT and waits for the end of the connection.
   *
   * @param reasonCode Reason code of MQTT 5; 4 has the will sent. Default: 0.
   */
  async disconnect(reasonCode = 0): Promise<void> {
    await this.send({
      cmd: "disconnect",
      ...(this.version === 5 && { reasonCode }),
    });
    this.#transport.closeWrite?.();
    await this.closed();
  }

  /** Breaks the connection without a DISCONNECT. A second call does nothing. */
  drop(): void {
    this.#transport.close();
  }

  /**
   * Waits for the end of the connection.
   *
   * @returns The broker's DISCONNECT, if it sent one.
   * @throws {Error} If it does not end within 10 seconds.
   */
  closed(): Promise<PacketOf<"disconnect"> | undefined> {
    return patiently(
      this.#ended.promise,
      () => `the broker does not end the connection of "${this.clientId}"`,
    );
  }

  /** Breaks the connection, if it is open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await this.closed();
    await settled();
  }

  #nextId(): number {
    return this.#packetId = this.#packetId % 65535 + 1;
  }

  #answer<Cmd extends Packet["cmd"]>(
    cmd: Cmd,
    messageId?: number,
  ): Promise<PacketOf<Cmd>> {
    return this.#answers.take(
      (packet) =>
        packet.cmd === cmd &&
        (messageId === undefined || packet.messageId === messageId),
      () => cmd.toUpperCase(),
    ) as Promise<PacketOf<Cmd>>;
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(65536);
    try {
      for (;;) {
        const count = await this.#transport.read(chunk);
        if (count === null) break;
        this.#input = Buffer.concat([this.#input, chunk.subarray(0, count)]);
        await this.#takePackets();
      }
    } catch {
      // The test has broken the connection.
    }
    const why = this.#farewell === undefined
      ? "the connection has ended"
      : `the broker sent DISCONNECT with reason code ${this.#farewell.reasonCode}`;
    this.#messages.close(why);
    this.#answers.close(why);
    this.#transport.close();
    this.#ended.resolve(this.#farewell);
  }

  async #takePackets(): Promise<void> {
    for (;;) {
      const size = frameSize(this.#input, 0, this.#input.length, 1 << 28);
      if (size === 0 || size > this.#input.length) return;
      const frame = this.#input.subarray(0, size);
      this.#input = this.#input.subarray(size);
      await this.#take(decode(frame, this.version, { from: "server" }));
    }
  }

  async #take(packet: Packet): Promise<void> {
    if (packet.cmd === "publish") return await this.#takeMessage(packet);
    if (packet.cmd === "pubrel") {
      return await this.send({ cmd: "pubcomp", messageId: packet.messageId });
    }
    if (packet.cmd === "disconnect") this.#farewell = packet;
    else this.#answers.put(packet);
  }

  async #takeMessage(packet: PacketOf<"publish">): Promise<void> {
    const { qos, retain, messageId, properties } = packet;
    const payload = new Uint8Array(packet.payload as Buffer);
    this.#messages.put({
      topic: this.#topicOf(packet),
      payload,
      text: new TextDecoder().decode(payload),
      qos,
      retain,
      properties,
    });
    if (qos === 0) return;
    await this.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId });
  }

  #topicOf({ topic, properties }: PacketOf<"publish">): string {
    const alias = properties?.topicAlias;
    if (alias === undefined) return topic;
    if (topic !== "") this.#aliases.set(alias, topic);
    return this.#aliases.get(alias) ?? topic;
  }
}
