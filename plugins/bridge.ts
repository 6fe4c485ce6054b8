/**
 * Connects this broker with another one: messages of chosen topics go there, come
 * from there, or both.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `url` | `mqtt://`, `mqtts://`, `ws://` or `wss://host:port` | required | The other broker, the peer |
 * | `topics` | list, see below | required | What crosses the bridge |
 * | `version` | `5`, `3.1.1` | `5` | MQTT version |
 * | `client-id` | text | none | Client identifier at the peer; with it the peer keeps messages while this broker is away, without it each connection begins anew |
 * | `username`, `password` | text | none | For the peer |
 * | `cafile` | path | the system's authorities | PEM file with the authorities that may have signed the peer's certificate |
 * | `certfile`, `keyfile` | path | none | This broker's certificate for the peer |
 * | `keep-alive` | seconds, 1 to 65535 | `60` | Keep alive |
 * | `max-packet-size` | bytes, 1024 to 268435460 | `2097152` | Largest packet from the peer; it is told, and cut off if it sends a larger one |
 * | `max-queued-messages` | number | `10000` | Messages that wait for the peer |
 * | `max-queued-bytes` | bytes | `16777216` | The same in bytes of payload |
 * | `max-reconnect-delay` | seconds, 1 to 3600 | `60` | Attempts to connect begin half a second apart, and become as rare as this |
 * | `status-topic` | topic, or `null` | `$SYS/broker/connection/<name of the plugin>` | Below it, here: `state` (`1`: connected and subscribed, `0`; retained) and `counters` (JSON; retained) |
 * | `remote-status-topic` | topic | none | At the peer: `1` while this broker is there, `0` after it has gone; retained |
 *
 * Each of the topics:
 *
 * | Key | Default | Meaning |
 * |---|---|---|
 * | `pattern` | required | Topic filter |
 * | `direction` | `both` | `out`: to the peer; `in`: from the peer; `both` |
 * | `local-prefix` | none | Put before the pattern here |
 * | `remote-prefix` | none | Put before the pattern at the peer |
 * | `qos` | `1` | Highest QoS |
 * | `retain` | `true` | Whether messages are retained on the other side as they were on this |
 *
 * ```yaml
 * plugins:
 *   bridge:
 *     url: mqtts://cloud.example.org:8883
 *     client-id: site-1
 *     username: site-1
 *     password: secret
 *     topics:
 *       - pattern: sensors/#
 *         direction: out
 *         remote-prefix: sites/1/
 *       - pattern: commands/#
 *         direction: in
 *         remote-prefix: sites/1/
 * ```
 *
 * Here `sensors/door` becomes `sites/1/sensors/door` at the peer. The first entry
 * that fits a topic counts. Messages of clients, wills and plugins cross; topics that
 * begin with `$` do if the pattern with its prefix does. No plugin is asked whether
 * a message may cross: the list of topics decides.
 *
 * While the peer is away, messages of QoS 1 and 2 wait, as far as the limits allow;
 * those of QoS 0 are dropped. They wait in memory: a restart of this broker loses
 * them. What is dropped is counted by reason and logged. When the peer is there,
 * those that wait go first, then the retained messages of `out` topics, so that a
 * peer that forgot them has them again.
 *
 * Messages do not go round in circles: each bridge adds itself to the user property
 * `dinomq-bridge` of what it carries, and carries nothing twice. With version 3.1.1,
 * which has no such property, a message that comes back within ten seconds is
 * recognised by topic and payload; then only one of two brokers may have a bridge to
 * the other, and retain flags are lost on the way in.
 *
 * @module
 */

import { Echoes } from "./_bridge/echoes.ts";
import {
  type BridgeOptions,
  BridgeSchema,
  readTls,
} from "./_bridge/options.ts";
import { Peer } from "./_bridge/peer.ts";
import { fromWire, wentThrough, withHop } from "./_bridge/properties.ts";
import {
  localFilter,
  remoteFilter,
  type TopicRule,
  TopicRules,
} from "./_bridge/rules.ts";
import {
  type DropReason,
  type OutgoingMessage,
  type PeerLimits,
  Sender,
} from "./_bridge/sender.ts";
import {
  type ApplicationMessage,
  BasePlugin,
  type BrokerContext,
  type QoS,
  type StandardSchema,
} from "./mod.ts";

export type { BridgeOptions };

/** Why a message did not get to the other side. */
type LossReason = DropReason | "malformed";

const COUNTERS_INTERVAL_MILLISECONDS = 10_000;
const CLOSE_TIMEOUT_MILLISECONDS = 2_000;

/** Carries messages to and from another broker. */
export default class Bridge extends BasePlugin<BridgeOptions> {
  /** Checks the options. */
  static override config: StandardSchema<BridgeOptions> = BridgeSchema;

  /** Name of this bridge in what it carries. */
  readonly #link: string = crypto.randomUUID().slice(0, 8);
  readonly #rules: TopicRules;
  readonly #sender: Sender;
  readonly #peer: Peer;
  /** Only MQTT 3 needs to remember what it sent. */
  readonly #echoes: Echoes | undefined;
  readonly #statusTopic: string | undefined;
  readonly #dropped: Record<LossReason, number> = {
    "offline": 0,
    "full": 0,
    "expired": 0,
    "too_large": 0,
    "refused": 0,
    "malformed": 0,
  };
  #connection = 0;
  #received = 0;
  #unlogged = 0;
  #lastCounters = "";

  /**
   * Creates the bridge. Nothing is connected yet.
   *
   * @param context The broker's services.
   * @throws {Error} If a pattern or a file cannot be used.
   */
  constructor(context: BrokerContext<BridgeOptions>) {
    super(context);
    const { config, logger } = context;
    this.#rules = new TopicRules(config.topics, context);
    this.#echoes = config.version === "5" ? undefined : new Echoes();
    this.#statusTopic = config.statusTopic === null
      ? undefined
      : config.statusTopic ?? `$SYS/broker/connection/${context.name}`;
    this.#peer = new Peer(
      {
        url: config.url,
        version: config.version === "5" ? 5 : 4,
        clientId: config.clientId,
        username: config.username,
        password: config.password,
        tls: readTls(config),
        keepAlive: config.keepAlive,
        maxPacketSize: config.maxPacketSize,
        maxReconnectDelay: config.maxReconnectDelay,
        statusTopic: config.remoteStatusTopic,
      },
      {
        connected: (limits) => void this.#connected(limits),
        disconnected: () => {
          this.#connection++;
          this.#sender.disconnected();
          this.#report(false);
        },
        message: (packet) => this.#receive(packet),
      },
      logger,
    );
    this.#sender = new Sender({
      maxMessages: config.maxQueuedMessages,
      maxBytes: config.maxQueuedBytes,
      publish: (message, done) => {
        this.#expectEcho(message);
        this.#peer.publish(message, (error) => {
          if (error === undefined) this.context.count("sent");
          done(error);
        });
      },
      dropped: (reason) => this.#drop(reason),
    });
  }

  /** Listens to the topics that leave. */
  override onBrokerPreStart(): void {
    const filters = new Set(this.#rules.out.map(localFilter));
    for (const filter of filters) {
      this.context.subscribe(
        filter,
        (message) => this.#forward(message, filter),
      );
    }
  }

  /** Connects to the peer. */
  override onBrokerPostStart(): void {
    this.#report(false);
    this.context.setInterval(
      () => this.#reportCounters(),
      COUNTERS_INTERVAL_MILLISECONDS,
    );
    this.#peer.start();
  }

  /** Gives the messages that wait a moment to get through, and ends the connection. */
  override async close(): Promise<void> {
    const end = performance.now() + CLOSE_TIMEOUT_MILLISECONDS;
    while (
      this.#peer.isConnected && this.#sender.pending > 0 &&
      performance.now() < end
    ) await new Promise((resolve) => setTimeout(resolve, 10));
    await this.#peer.close();
    this.#logDropped();
  }

  async #connected(limits: PeerLimits): Promise<void> {
    const connection = this.#connection;
    const sent = this.#sender.connected(limits, this.#retained());
    await Promise.all([
      this.#subscribe("in"),
      // What the peer has retained may be older than what waits for it.
      sent.then(() => this.#subscribe("both")),
    ]);
    if (connection === this.#connection) this.#report(true);
  }

  #forward(message: ApplicationMessage, filter: string): void {
    const crossing = this.#rules.toPeer(message.topic);
    // Filters overlap; the message comes once for each.
    if (crossing === undefined || localFilter(crossing.rule) !== filter) return;
    const outgoing = this.#outgoing(message, crossing.topic, crossing.rule);
    if (outgoing !== undefined) this.#sender.add(outgoing);
  }

  #outgoing(
    message: ApplicationMessage,
    topic: string,
    rule: TopicRule,
  ): OutgoingMessage | undefined {
    const { properties, payload, qos, retain } = message;
    if (wentThrough(properties, this.#link)) return undefined;
    const { messageExpiryInterval, ...others } = properties ?? {};
    return {
      topic,
      // The message's own bytes keep those of its neighbours in memory.
      payload: new Uint8Array(payload),
      qos: Math.min(qos, rule.qos) as QoS,
      retain: retain && rule.retain,
      properties: withHop(others, this.#link),
      expiresAt: messageExpiryInterval === undefined
        ? 0
        : Date.now() + messageExpiryInterval * 1000,
    };
  }

  /**
   * The retained messages of topics that only leave. Of those that go both ways the
   * peer may have newer ones.
   */
  *#retained(): Generator<OutgoingMessage> {
    const rules = this.#rules.out.filter(({ direction, retain }) =>
      direction === "out" && retain
    );
    for (const rule of rules) {
      for (const message of this.context.retained.match(localFilter(rule))) {
        const crossing = this.#rules.toPeer(message.topic);
        if (crossing?.rule !== rule) continue;
        const outgoing = this.#outgoing(message, crossing.topic, rule);
        if (outgoing !== undefined) yield { ...outgoing, retain: true };
      }
    }
  }

  #subscribe(direction: TopicRule["direction"]): Promise<void> {
    const filters = new Map<string, QoS>();
    for (const rule of this.#rules.in) {
      if (rule.direction !== direction) continue;
      const filter = remoteFilter(rule);
      filters.set(filter, Math.max(rule.qos, filters.get(filter) ?? 0) as QoS);
    }
    return this.#peer.subscribe(filters);
  }

  /** Only what this bridge itself subscribes to comes back. */
  #expectEcho({ topic, payload }: OutgoingMessage): void {
    if (this.#echoes === undefined) return;
    const comesBack = this.#rules.fromPeer(topic) !== undefined;
    if (comesBack) this.#echoes.expect(topic, payload);
  }

  #receive(packet: IncomingPacket): void {
    const { topic, qos, retain } = packet;
    const crossing = this.#rules.fromPeer(topic);
    // A subscription of an earlier configuration may still be there.
    if (crossing === undefined) return;
    const payload = typeof packet.payload === "string"
      ? new TextEncoder().encode(packet.payload)
      : packet.payload;
    const properties = fromWire(packet.properties);
    if (
      wentThrough(properties, this.#link) ||
      this.#echoes?.take(topic, payload)
    ) return;
    // A peer may send what no broker may: it must not come further than this.
    try {
      this.context.publish(crossing.topic, payload, {
        qos: Math.min(qos, crossing.rule.qos) as QoS,
        retain: retain && crossing.rule.retain,
        properties: withHop(properties, this.#link),
      });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return this.#drop("malformed");
    }
    this.#received++;
    this.context.count("received");
  }

  #drop(reason: LossReason): void {
    this.#dropped[reason]++;
    this.context.count("dropped");
    this.#unlogged++;
  }

  #report(isConnected: boolean): void {
    if (this.#statusTopic !== undefined) {
      this.context.publish(
        `${this.#statusTopic}/state`,
        isConnected ? "1" : "0",
        { retain: true },
      );
    }
    this.#reportCounters();
  }

  #reportCounters(): void {
    this.#logDropped();
    if (this.#statusTopic === undefined) return;
    const counters = JSON.stringify({
      sent: this.#sender.sent,
      received: this.#received,
      waiting: this.#sender.pending,
      dropped: this.#dropped,
    });
    if (counters === this.#lastCounters) return;
    this.#lastCounters = counters;
    this.context.publish(`${this.#statusTopic}/counters`, counters, {
      retain: true,
    });
  }

  #logDropped(): void {
    if (this.#unlogged === 0) return;
    const reasons = Object.entries(this.#dropped)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => `${reason} ${count}`);
    this.context.logger.warn(
      `${this.#unlogged} messages did not get to the other side; since the start: ${
        reasons.join(", ")
      }`,
    );
    this.#unlogged = 0;
  }
}

type IncomingPacket = Parameters<
  ConstructorParameters<typeof Peer>[1]["message"]
>[0];
