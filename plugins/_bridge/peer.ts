/**
 * The connection to the other broker, made again whenever it ends.
 *
 * @module
 */

import type { ISubackPacket } from "mqtt-packet";
import { Buffer } from "node:buffer";
import mqtt, {
  type IClientOptions,
  type IPublishPacket,
  type ISubscriptionMap,
  type MqttClient,
} from "mqtt";
import { messageOf } from "../_backend/message.ts";
import type { Logger } from "../mod.ts";
import { toWire } from "./properties.ts";
import type { OutgoingMessage, PeerLimits } from "./sender.ts";

/** Where the other broker is, and as whom this one goes there. */
export interface PeerOptions {
  /** URL: `mqtt://`, `mqtts://`, `ws://` or `wss://`. */
  url: string;
  /** Protocol level: 4 (MQTT 3.1.1) or 5. */
  version: 4 | 5;
  /** Client identifier; absent: any, and the peer forgets this broker when it goes. */
  clientId: string | undefined;
  /** User name. */
  username: string | undefined;
  /** Password. */
  password: string | undefined;
  /** PEM texts for TLS. */
  tls: { ca?: string; cert?: string; key?: string };
  /** Seconds between signs of life. */
  keepAlive: number;
  /** Seconds between two attempts to connect at most. */
  maxReconnectDelay: number;
  /** Most bytes of a packet from the peer. */
  maxPacketSize: number;
  /** Topic at the peer that says whether this broker is there. */
  statusTopic: string | undefined;
}

/** What a {@linkcode Peer} tells. */
export interface PeerEvents {
  /** The peer is there. */
  connected: (limits: PeerLimits) => void;
  /** The peer was there and has gone. */
  disconnected: () => void;
  /** A message came; it is acknowledged when this returns. */
  message: (packet: IPublishPacket) => void;
}

const FIRST_DELAY_SECONDS = 0.5;
// A connection that ends sooner was none: the next attempt waits longer.
const STEADY_MILLISECONDS = 10_000;
const CONNECT_TIMEOUT_MILLISECONDS = 10_000;
const END_TIMEOUT_MILLISECONDS = 1_000;
// What may have been read behind the last packet, before anybody looks at it.
const READ_AHEAD = 256 * 1024;
const FOR_EVER = 0xffffffff;

/** The other broker. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #events: PeerEvents;
  readonly #logger: Logger;
  readonly #name: string;
  #client: MqttClient | undefined;
  #isConnected = false;
  #connectedAt = 0;
  #delay = FIRST_DELAY_SECONDS;
  #maximumQos = 2;
  #retainAvailable = true;
  #lastFailure: string | undefined;
  /** Bytes that have come since the last packet. */
  #unparsed = 0;

  /**
   * Creates the peer. Nothing is connected yet.
   *
   * @param options Where it is.
   * @param events Whom to tell.
   * @param logger Where comings and goings are written.
   */
  constructor(options: PeerOptions, events: PeerEvents, logger: Logger) {
    this.#options = options;
    this.#events = events;
    this.#logger = logger;
    // Without user and password.
    this.#name = new URL(options.url).host;
  }

  /** Whether the peer is there. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Connects, and goes on until {@linkcode Peer.close}. */
  start(): void {
    const client = mqtt.connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    client.on("connect", ({ properties }) => {
      this.#isConnected = true;
      this.#connectedAt = performance.now();
      this.#lastFailure = undefined;
      this.#maximumQos = properties?.maximumQoS ?? 2;
      this.#retainAvailable = properties?.retainAvailable ?? true;
      this.#logger.info(`Connected to ${this.#name}`);
      this.#publishStatus("1");
      this.#events.connected({
        receiveMaximum: properties?.receiveMaximum ?? 65535,
        maximumPacketSize: properties?.maximumPacketSize ?? Infinity,
      });
    });
    client.on("message", (_topic, _payload, packet) => {
      this.#events.message(packet);
    });
    client.on("error", (error) => {
      this.#failed(error);
      // MQTT.js reads no more after a malformed packet, and stays connected.
      if (this.#isConnected) client.stream.destroy();
    });
    client.on("close", () => this.#closed());
    client.on("packetsend", ({ cmd }) => {
      if (cmd === "connect") this.#watch(client);
    });
    client.on("packetreceive", () => this.#unparsed = 0);
    client.connect();
  }

  /**
   * Sends a message.
   *
   * @param message The message.
   * @param done Called when the peer has it (QoS 1, 2) or it is written (QoS 0), or
   * with the reason why the peer will not take it.
   */
  publish(
    message: OutgoingMessage,
    done: (error: Error | undefined) => void,
  ): void {
    const { topic, payload, qos, retain, expiresAt, properties } = message;
    const seconds = Math.ceil((expiresAt - Date.now()) / 1000);
    this.#client?.publish(
      topic,
      Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      {
        qos: Math.min(qos, this.#maximumQos) as 0 | 1 | 2,
        retain: retain && this.#retainAvailable,
        ...(this.#options.version === 5 && {
          properties: toWire({
            ...properties,
            ...(expiresAt !== 0 &&
              { messageExpiryInterval: Math.max(1, seconds) }),
          }),
        }),
      },
      (error) => done(error ?? undefined),
    );
  }

  /**
   * Subscribes at the peer.
   *
   * @param subscriptions Topic filter to highest QoS.
   * @returns Resolves when the peer has answered, whatever it said.
   */
  async subscribe(
    subscriptions: ReadonlyMap<string, 0 | 1 | 2>,
  ): Promise<void> {
    if (subscriptions.size === 0) return;
    const map: ISubscriptionMap = {};
    for (const [filter, qos] of subscriptions) {
      // Nothing of our own, with the retain flags of others; of retained messages
      // only those that a session which goes on has not had before.
      map[filter] = this.#options.version === 5
        ? { qos, nl: true, rap: true, rh: 1 }
        : { qos };
    }
    try {
      await this.#client?.subscribeAsync(map);
    } catch (error) {
      if (!this.#isConnected) return;
      const { granted } = (error as { packet?: ISubackPacket }).packet ?? {};
      const refused = [...subscriptions.keys()].filter((_, i) =>
        granted === undefined || Number(granted[i]) >= 128
      );
      this.#logger.error(
        `The peer ${this.#name} refuses to subscribe to ${
          refused.map((filter) => `"${filter}"`).join(", ")
        }: ${messageOf(error)}`,
      );
    }
  }

  /** Says good-bye and ends the connection. */
  async close(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    if (this.#isConnected) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, END_TIMEOUT_MILLISECONDS);
      this.#publishStatus("0");
      client.end(false, {}, () => resolve());
      await promise;
      clearTimeout(timer);
    }
    this.#client = undefined;
    client.removeAllListeners("error");
    client.on("error", () => {});
    // The stream may end after the client has: that must not begin another attempt.
    client.options.reconnectPeriod = 0;
    await client.endAsync(true);
    client.stream.destroy();
    // A peer that does not close its side is told of too late: then nobody listens.
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#events.disconnected();
  }

  #clientOptions(): IClientOptions {
    const { version, clientId, username, password, tls, keepAlive } =
      this.#options;
    const { maxPacketSize, statusTopic } = this.#options;
    return {
      protocolVersion: version,
      ...(clientId !== undefined && { clientId }),
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...tls,
      clean: clientId === undefined,
      keepalive: keepAlive,
      ...(version === 5 && {
        properties: {
          maximumPacketSize: maxPacketSize,
          ...(clientId !== undefined && { sessionExpiryInterval: FOR_EVER }),
        },
      }),
      ...(statusTopic !== undefined && {
        will: {
          topic: statusTopic,
          payload: Buffer.from("0"),
          qos: 1,
          retain: true,
        },
      }),
      // Not before everybody listens.
      manualConnect: true,
      connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
      reconnectPeriod: FIRST_DELAY_SECONDS * 1000,
      // A peer whose own back-end is down refuses for a while.
      reconnectOnConnackError: true,
      // Both are done here, with limits.
      queueQoSZero: false,
      resubscribe: false,
    };
  }

  #publishStatus(payload: string): void {
    const { statusTopic } = this.#options;
    if (statusTopic === undefined) return;
    this.#client?.publish(statusTopic, payload, { qos: 1, retain: true });
  }

  /** MQTT.js looks at the size of a packet when all of it has come; this cuts it off before. */
  #watch({ stream }: MqttClient): void {
    const { maxPacketSize } = this.#options;
    this.#unparsed = 0;
    stream.on("data", (chunk: Uint8Array) => {
      this.#unparsed += chunk.length;
      if (this.#unparsed <= maxPacketSize + READ_AHEAD) return;
      this.#failed(
        new Error(
          `the peer sends a packet of more than ${maxPacketSize} bytes`,
        ),
      );
      stream.destroy();
    });
  }

  /** MQTT.js has just set the timer of the next attempt. */
  #closed(): void {
    const wasConnected = this.#isConnected;
    this.#isConnected = false;
    const { maxReconnectDelay } = this.#options;
    this.#delay = wasConnected &&
        performance.now() - this.#connectedAt > STEADY_MILLISECONDS
      ? FIRST_DELAY_SECONDS
      : Math.min(this.#delay * 2, maxReconnectDelay);
    if (this.#client !== undefined) {
      // Not all bridges of a peer that comes back at the same time.
      const jitter = 0.8 + Math.random() * 0.4;
      this.#client.options.reconnectPeriod = this.#delay * jitter * 1000;
    }
    if (!wasConnected) return;
    if (this.#client !== undefined) {
      this.#logger.warn(`Lost the connection to ${this.#name}`);
    }
    this.#events.disconnected();
  }

  /** A peer that stays away is worth one warning, and another when the reason changes. */
  #failed(error: Error): void {
    const why = messageOf(error);
    const level = why === this.#lastFailure ? "debug" : "warn";
    this.#lastFailure = why;
    this.#logger[level](
      this.#isConnected
        ? `The connection to ${this.#name} failed: ${why}`
        : `Cannot connect to ${this.#name}: ${why}; trying again`,
    );
  }
}
