/**
 * Brokers with a bridge for tests, and clients that watch what arrives.
 *
 * @module
 */

import type { IPublishPacket, Packet } from "mqtt-packet";
import type { Broker, BrokerConfig, QoS } from "../../../mod.ts";
import {
  type ConnectOptions,
  type Destination,
  startBroker,
  TestClient,
} from "../../_client.ts";
import { RecordingLogger } from "./_context.ts";

const decoder = new TextDecoder();

/** Waits until something holds. A server that starts takes its time. */
export async function until(
  condition: () => boolean,
  what: string | (() => string),
): Promise<void> {
  const end = Date.now() + 30_000;
  while (!condition()) {
    if (Date.now() > end) {
      const text = typeof what === "string" ? what : what();
      throw new Error(`Cannot wait any longer: no ${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Starts a broker with a bridge that goes to `url`. */
export function startWithBridge(
  url: string,
  topics: Array<Record<string, unknown>>,
  options: Record<string, unknown> = {},
  config: BrokerConfig = {},
  logger: RecordingLogger = new RecordingLogger("info"),
): Promise<Broker> {
  return startBroker({
    plugins: [
      "auth_anonymous",
      { bridge: { url, topics, maxReconnectDelay: 1, ...options } },
    ],
    ...config,
  }, logger);
}

/** What a broker's bridge says below its status topic. */
export function statusOf(broker: Broker, name: "state" | "counters"): string {
  const topic = `$SYS/broker/connection/bridge/${name}`;
  const message = broker.context.retained.get(topic);
  return message === undefined ? "" : decoder.decode(message.payload);
}

/** Waits until a broker's bridge is connected and has subscribed, or is not. */
export function bridged(broker: Broker, isConnected = true): Promise<void> {
  const wanted = isConnected ? "1" : "0";
  return until(() => statusOf(broker, "state") === wanted, `state ${wanted}`);
}

/** A client that keeps what arrives. */
export class Watcher implements AsyncDisposable {
  /** The packets in their order. */
  readonly packets: IPublishPacket[] = [];
  readonly #client: TestClient;
  readonly #reading: Promise<void>;

  private constructor(client: TestClient) {
    this.#client = client;
    this.#reading = this.#read();
  }

  /** Connects and subscribes; with an empty list it goes on with its session. */
  static async open(
    to: Destination,
    filter: string | string[],
    qos: QoS = 0,
    options: ConnectOptions = {},
  ): Promise<Watcher> {
    const client = await TestClient.connect(to, { version: 5, ...options });
    if (filter.length === 0) return new Watcher(client);
    await client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [filter].flat().map((topic) => ({
        topic,
        qos,
        rap: true,
      })),
    });
    await client.expect("suback");
    return new Watcher(client);
  }

  /** The messages as `topic: payload`, a retain flag as `(r)` behind it. */
  get messages(): string[] {
    return this.packets.map(({ topic, payload, retain }) =>
      `${topic}: ${payload}${retain ? " (r)" : ""}`
    );
  }

  /** Waits until `count` messages have come, and returns them in their order. */
  async received(count: number): Promise<string[]> {
    await until(
      () => this.packets.length >= count,
      () => `${count} messages; ${JSON.stringify(this.messages)} came`,
    );
    return this.messages;
  }

  /** Waits until a message has come that ends with `text`, and returns all in their order. */
  async receivedLast(text: string): Promise<string[]> {
    await until(
      () => this.messages.at(-1)?.endsWith(text) ?? false,
      () => `message "${text}"; ${JSON.stringify(this.messages)} came`,
    );
    return this.messages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    while (true) {
      const packet = await this.#next();
      if (packet === undefined) return;
      const { messageId } = packet as { messageId?: number };
      if (packet.cmd === "publish") {
        this.packets.push(packet);
        if (packet.qos === 1) {
          await this.#answer({ cmd: "puback", messageId });
        }
        if (packet.qos === 2) {
          await this.#answer({ cmd: "pubrec", messageId });
        }
      }
      if (packet.cmd === "pubrel") {
        await this.#answer({ cmd: "pubcomp", messageId });
      }
    }
  }

  /** A connection that is closed just now takes no answer, as `#next` then says. */
  async #answer(packet: Packet): Promise<void> {
    await this.#client.send(packet).catch(() => {});
  }

  async #next(): ReturnType<TestClient["next"]> {
    while (true) {
      try {
        return await this.#client.next();
      } catch (error) {
        // Nothing came for a while; a test may last longer.
        if (!`${error}`.includes("Cannot wait any longer")) {
          return undefined as never;
        }
      }
    }
  }
}

/** Publishes with a client of its own. */
export async function publish(
  to: Destination,
  topic: string,
  payload: string,
  options: Parameters<TestClient["publish"]>[2] = {},
): Promise<void> {
  await using client = await TestClient.connect(to, { version: 5 });
  await client.publish(topic, payload, options);
  await client.disconnect();
}
