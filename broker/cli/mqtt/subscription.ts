/**
 * What `sub` does while it is connected.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IClientSubscribeOptions } from "mqtt";
import type { IConnackPacket, IPublishPacket } from "mqtt-packet";
import { safeText } from "../../log_values.ts";
import { matches } from "../../topics/filter.ts";
import {
  type CommandContext,
  type CommandOutput,
  EXIT_FAILED,
  EXIT_OK,
  print,
  type StopRequest,
  writeAll,
} from "../mod.ts";
import { BrokerClient, reasonText } from "./client.ts";
import type { MessageFormat } from "./output_format.ts";
import type { PacketProperties } from "./properties.ts";
import type { ReceivedMessage } from "./received.ts";
import type { ClientSettings } from "./settings.ts";

/** What is subscribed to, what is printed, and when it ends. */
export interface SubscriptionSettings {
  /** Topic filters with the QoS to ask for. */
  readonly subscriptions: readonly { filter: string; qos: 0 | 1 | 2 }[];
  /** Whether the retain flag comes as it was published (MQTT 5). */
  readonly retainAsPublished: boolean;
  /** Topic filters to unsubscribe from. */
  readonly unsubscriptions: readonly string[];
  /** Properties of SUBSCRIBE and UNSUBSCRIBE. */
  readonly properties: PacketProperties;
  /** Topic filters that are not printed. */
  readonly without: readonly string[];
  /** How many messages are printed; `Infinity`: all. */
  readonly count: number;
  /** Seconds until the end; `Infinity`: never. */
  readonly timeout: number;
  /** Whether it ends with the SUBACK. */
  readonly endAfterSubscribe: boolean;
  /** Whether retained messages are left out. */
  readonly fresh: boolean;
  /** Whether only retained messages are printed. */
  readonly retained: boolean;
  /** Whether retained messages are cleared. */
  readonly removeRetained: boolean;
  /** Makes the output of a message. */
  readonly format: MessageFormat;
  /** Whether a line ends after a message. */
  readonly newline: boolean;
}

const NEWLINE = new Uint8Array([0x0a]);

/**
 * Connects, subscribes and prints until the end.
 *
 * @param client How to connect.
 * @param settings What to do.
 * @param context Where it is printed, and what ends it.
 * @param log Where errors are written.
 * @returns The exit code.
 * @throws {Error} If the connection cannot be made or kept.
 */
export async function subscribe(
  client: ClientSettings,
  settings: SubscriptionSettings,
  context: Pick<CommandContext, "stdout" | "stopRequest">,
  log: CommandOutput,
): Promise<number> {
  const connection = new BrokerClient(client, log);
  const subscriber = new Subscriber(connection, settings, context.stdout, log);
  await connection.connect();
  using stop = context.stopRequest();
  return await subscriber.run(stop);
}

class Subscriber {
  readonly #client: BrokerClient;
  readonly #settings: SubscriptionSettings;
  readonly #stdout: CommandOutput;
  readonly #log: CommandOutput;
  readonly #end = Promise.withResolvers<number>();
  #left: number;
  #isOver = false;
  #hasRefusal = false;

  constructor(
    client: BrokerClient,
    settings: SubscriptionSettings,
    stdout: CommandOutput,
    log: CommandOutput,
  ) {
    this.#client = client;
    this.#settings = settings;
    this.#stdout = stdout;
    this.#log = log;
    this.#left = settings.count;
    let isWanted = true;
    client.mqtt.on("message", (topic, payload, packet) => {
      isWanted = !this.#isOver;
      if (!isWanted) return;
      try {
        this.#receive(topic, payload, packet);
      } catch (error) {
        client.fail(error as Error);
      }
    });
    // MQTT.js acknowledges after this, and reads no further before. What is not
    // printed any more is not acknowledged: the session keeps it for next time.
    client.mqtt.handleMessage = (_packet, callback) =>
      callback(isWanted ? undefined : new Error("not wanted any more"));
    client.onReconnected = (connack) => this.#subscribeAgain(connack);
  }

  async run(stop: StopRequest): Promise<number> {
    stop.received.then(() => this.#finish(EXIT_OK));
    const { timeout } = this.#settings;
    const timer = timeout === Infinity
      ? undefined
      : setTimeout(() => this.#timeIsOver(), timeout * 1000);
    try {
      this.#subscribe().catch((error) => this.#client.fail(error));
      const code = await this.#client.during(this.#end.promise);
      return this.#hasRefusal ? EXIT_FAILED : code;
    } finally {
      clearTimeout(timer);
      this.#isOver = true;
      await this.#client.end();
    }
  }

  #finish(code: number): void {
    this.#isOver = true;
    this.#end.resolve(code);
  }

  #timeIsOver(): void {
    print(
      this.#log,
      `error: The time of ${this.#settings.timeout} seconds is over`,
    );
    this.#finish(EXIT_FAILED);
  }

  /** What the broker has forgotten. */
  #subscribeAgain({ sessionPresent }: IConnackPacket): void {
    if (sessionPresent) return;
    this.#subscribe().catch((error) => this.#client.fail(error));
  }

  async #subscribe(): Promise<void> {
    const { subscriptions, unsubscriptions, properties, endAfterSubscribe } =
      this.#settings;
    // MQTT.js takes one QoS for a list of filters.
    const byQos = Object.groupBy(subscriptions, ({ qos }) => qos);
    let granted = 0;
    for (const [qos, group] of Object.entries(byQos)) {
      const filters = group!.map(({ filter }) => filter);
      granted += await this.#sendSubscribe(filters, Number(qos) as 0 | 1 | 2);
    }
    if (!this.#client.mqtt.connected) return;
    if (subscriptions.length > 0 && granted === 0) {
      return this.#finish(EXIT_FAILED);
    }
    if (unsubscriptions.length > 0) {
      await this.#client.mqtt.unsubscribeAsync([...unsubscriptions], {
        properties: properties.unsubscribe,
      });
    }
    if (subscriptions.length === 0 || endAfterSubscribe) this.#finish(EXIT_OK);
  }

  /** How many filters were granted; 0 if the connection was lost before the answer. */
  async #sendSubscribe(filters: string[], qos: 0 | 1 | 2): Promise<number> {
    const { properties, retainAsPublished } = this.#settings;
    const options: IClientSubscribeOptions = {
      qos,
      rap: retainAsPublished,
      properties: properties.subscribe,
    };
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    this.#client.mqtt.subscribe(filters, options, (error, _granted, suback) => {
      // A refusal is an error to MQTT.js, but the answer is there.
      if (suback !== undefined) resolve(suback.granted as number[]);
      else reject(error);
    });
    let codes: number[];
    try {
      codes = await promise;
    } catch (error) {
      // It is sent again when there is a connection.
      if (!this.#client.mqtt.connected) return 0;
      throw error;
    }
    const refused = filters.filter((filter, index) => {
      if (codes[index] < 0x80) return false;
      print(
        this.#log,
        `error: Cannot subscribe to "${filter}": the broker refused it: ${
          codes[index] === 0x80 ? "not allowed" : reasonText(codes[index])
        }`,
      );
      return true;
    });
    if (refused.length > 0) this.#hasRefusal = true;
    return filters.length - refused.length;
  }

  #receive(topic: string, payload: Uint8Array, packet: IPublishPacket): void {
    const { fresh, retained, without, removeRetained } = this.#settings;
    const { retain } = packet;
    if (without.some((filter) => matches(filter, topic))) return;
    if (retain && removeRetained && payload.length > 0) {
      this.#client.publish(topic, Buffer.alloc(0), { retain: true })
        .catch((error) => this.#client.fail(error));
    }
    if (retained && !retain) return this.#finish(EXIT_OK);
    if (fresh && retain) return;
    this.#print({
      topic,
      payload,
      qos: packet.qos,
      retain,
      messageId: packet.messageId ?? 0,
      properties: packet.properties ?? {},
      time: Temporal.Now.zonedDateTimeISO(),
    });
    if (--this.#left === 0) this.#finish(EXIT_OK);
  }

  #print(message: ReceivedMessage): void {
    const { format, newline } = this.#settings;
    let bytes;
    try {
      bytes = format(message);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return print(
        this.#log,
        `error: Message payload is not valid JSON on topic ${
          safeText(message.topic)
        }`,
      );
    }
    const isRead = writeAll(this.#stdout, bytes) &&
      (!newline || writeAll(this.#stdout, NEWLINE));
    if (!isRead) this.#finish(EXIT_OK);
  }
}
