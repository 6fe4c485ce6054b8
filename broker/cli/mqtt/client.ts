/**
 * A client that says in words what goes wrong, and makes its connection again.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import mqtt, {
  type IClientPublishOptions,
  type MqttClient,
  ReasonCodes,
} from "mqtt";
import type { IConnackPacket, Packet } from "mqtt-packet";
import { safeText } from "../../log_values.ts";
import { type CommandOutput, print } from "../context.ts";
import { Cancellation } from "./cancellation.ts";
import { explainFailure } from "./failures.ts";
import { describePacket } from "./packet_text.ts";
import type { ClientSettings } from "./settings.ts";

/** Reasons of a DISCONNECT after which trying again makes sense. */
const PASSING = [
  0x00, // Normal disconnection
  0x88, // Server unavailable
  0x89, // Server busy
  0x8b, // Server shutting down
  0x8d, // Keep alive timeout
  0x9f, // Connection rate exceeded
];

/** How long an orderly end may take, in milliseconds. */
const END_TIME = 2000;
const FIRST_PAUSE = 1000;

/** A client of a broker. */
export class BrokerClient {
  /** The client of MQTT.js. */
  readonly mqtt: MqttClient;
  /** Called when a lost connection is there again. */
  onReconnected: (connack: IConnackPacket) => void = () => {};
  readonly #settings: ClientSettings;
  readonly #log: CommandOutput;
  readonly #failure = new Cancellation();
  #connack: IConnackPacket | undefined;
  #isConnected = false;
  #isEnding = false;
  #tries = 0;
  #farewell: string | undefined;
  #streamError: Error | undefined;

  /**
   * Creates a client, which does not connect yet.
   *
   * @param settings Where to, as whom.
   * @param log Where lost connections and packets are shown.
   */
  constructor(settings: ClientSettings, log: CommandOutput) {
    this.#settings = settings;
    this.#log = log;
    this.mqtt = mqtt.connect({
      ...settings.options,
      // A first connection that fails is not tried again.
      reconnectPeriod: 0,
      manualConnect: true,
    });
  }

  /**
   * Connects. Who wants every message listens before: those of a session that was
   * kept come at once.
   *
   * @throws {Error} If the broker does not accept it: why, and what may help.
   */
  async connect(): Promise<void> {
    const connected = this.#watch();
    this.mqtt.connect();
    this.mqtt.stream.once("error", (error: Error) => {
      this.#streamError ??= error;
    });
    try {
      await this.during(connected);
    } catch (error) {
      await this.#abort();
      throw error;
    }
  }

  /**
   * Waits for something as long as there is hope.
   *
   * @param promise What is waited for.
   * @returns What it resolves with.
   * @throws {Error} If the connection is lost for good before.
   */
  during<T>(promise: Promise<T>): Promise<T> {
    return this.#failure.during(promise);
  }

  /** Ends every wait with an error. */
  fail(error: Error): void {
    this.#failure.cancel(error);
  }

  /** What the broker allows; `{}` before MQTT 5. */
  get limits(): NonNullable<IConnackPacket["properties"]> {
    return this.#connack?.properties ?? {};
  }

  /**
   * Publishes.
   *
   * @param topic Topic name.
   * @param payload Payload.
   * @param options QoS, retain flag, properties.
   * @returns When the message is on its way (QoS 0) or acknowledged.
   * @throws {RefusedError} If the broker refuses it.
   * @throws {Error} If the connection is lost for good.
   */
  async publish(
    topic: string,
    payload: Buffer,
    options: IClientPublishOptions,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // MQTT.js does not call back if the connection ends before a message of QoS 0
    // has left: like any such message it may be lost.
    const isLost = () => resolve();
    if (!options.qos) this.mqtt.once("close", isLost);
    this.mqtt.publish(topic, payload, options, (error) => {
      if (error) reject(new RefusedError(topic, error));
      else resolve();
    });
    try {
      await this.during(promise);
    } finally {
      this.mqtt.off("close", isLost);
    }
  }

  /**
   * Waits until the broker has read all that was sent.
   *
   * @throws {Error} If the connection ends before.
   */
  async flush(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const received = ({ cmd }: Packet) => cmd === "pingresp" && resolve();
    const closed = () => reject(this.lost());
    this.mqtt.on("packetreceive", received);
    this.mqtt.on("close", closed);
    try {
      if (!this.mqtt.connected) closed();
      else this.mqtt.sendPing();
      await this.during(promise);
    } finally {
      this.mqtt.off("packetreceive", received);
      this.mqtt.off("close", closed);
    }
  }

  /** The error of a connection that has ended. */
  lost(): Error {
    return new Error(
      this.#farewell ??
        `Cannot go on: ${this.#settings.address} closed the connection`,
    );
  }

  /** Ends the connection, if need be without the broker's help. */
  async end(): Promise<void> {
    this.#isEnding = true;
    const properties = this.#settings.properties.disconnect;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, END_TIME);
    try {
      const isOrderly = this.mqtt.connected && this.#farewell === undefined;
      if (this.#failure.isCancelled) this.#giveUpAcknowledgements();
      const ended = this.mqtt.endAsync(!isOrderly, { properties });
      await Promise.race([ended, late]);
    } finally {
      clearTimeout(timer);
    }
    await this.#abort();
  }

  /** Otherwise MQTT.js waits for them before it says farewell. */
  #giveUpAcknowledgements(): void {
    for (const id of Object.keys(this.mqtt.outgoing)) {
      this.mqtt.removeOutgoingMessage(Number(id));
    }
  }

  /** Closes the socket, and waits for it. */
  async #abort(): Promise<void> {
    this.#isEnding = true;
    this.mqtt.end(true);
    const { stream } = this.mqtt;
    if (stream === undefined || stream.closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.once("close", resolve);
    stream.destroy();
    const timer = setTimeout(resolve, END_TIME);
    await promise;
    clearTimeout(timer);
  }

  #watch(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.mqtt.on("connect", (connack) => {
      const isFirst = this.#connack === undefined;
      this.#connack = connack;
      this.#isConnected = true;
      this.#tries = 0;
      this.#farewell = undefined;
      this.mqtt.options.reconnectPeriod = this.#pause(0);
      if (isFirst) return resolve();
      this.#say(`Connected to ${this.#settings.address} again`);
      this.onReconnected(connack);
    });
    this.mqtt.on("error", (error) => this.#onError(error));
    this.mqtt.on("disconnect", ({ reasonCode, properties }) => {
      const code = reasonCode ?? 0;
      const reason = properties?.reasonString ?? reasonText(code);
      this.#farewell =
        `Cannot go on: ${this.#settings.address} ended the connection: ${
          safeText(reason)
        }`;
      if (!PASSING.includes(code)) this.fail(this.lost());
    });
    this.mqtt.on("close", () => this.#onClose());
    if (this.#settings.debug) {
      const show = (what: string) => (packet: Packet) =>
        this.#say(`${what} ${describePacket(packet)}`);
      this.mqtt.on("packetsend", show("sending"));
      this.mqtt.on("packetreceive", show("received"));
    }
    return promise;
  }

  #onError(error: Error): void {
    if (this.#connack === undefined) {
      this.fail(explainFailure(error, this.#settings));
      return;
    }
    const { code } = error as { code?: unknown };
    const isPassing = typeof code === "string" ||
      /^(connack|keepalive) timeout$/i.test(error.message);
    if (!isPassing) this.fail(explainFailure(error, this.#settings));
  }

  #onClose(): void {
    if (this.#isEnding) return;
    if (this.#connack === undefined) {
      // An error of the socket tells more, and may come a little later.
      queueMicrotask(() =>
        this.fail(explainFailure(this.#streamError, this.#settings))
      );
      return;
    }
    if (this.#isConnected) {
      this.#isConnected = false;
      const reason = this.#farewell ?? this.lost().message;
      if (this.#settings.retries > 0) this.#say(`${reason}; trying again`);
    }
    if (this.#tries >= this.#settings.retries) this.fail(this.lost());
    this.mqtt.options.reconnectPeriod = this.#pause(++this.#tries);
  }

  #pause(tries: number): number {
    return Math.min(FIRST_PAUSE * 2 ** tries, this.#settings.maxPause);
  }

  #say(text: string): void {
    print(this.#log, text);
  }
}

/** The broker refused a message. */
export class RefusedError extends Error {
  /**
   * Creates an error.
   *
   * @param topic Where the message was to go.
   * @param cause What MQTT.js says.
   */
  constructor(topic: string, cause: Error) {
    const { code } = cause as { code?: unknown };
    const why = typeof code === "number" ? reasonText(code) : cause.message;
    super(`Cannot publish to "${topic}": ${why}`, { cause });
    this.name = "RefusedError";
  }
}

/** A reason code in words. */
export function reasonText(code: number): string {
  const texts: Record<number, string | undefined> = ReasonCodes;
  return texts[code] || (code === 0 ? "no reason was given" : `reason ${code}`);
}
