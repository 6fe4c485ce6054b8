/**
 * The state of a client that outlives its connection (MQTT 5, section 4.1).
 *
 * @module
 */

import type {
  PeerCertificate,
  Session as PublicSession,
} from "../../plugins/mod.ts";
import type { Deadline } from "../clock.ts";
import type { Connection } from "../connection.ts";
import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import type { Subscription } from "../topics/subscription_tree.ts";
import { Outbox } from "./outbox.ts";
import { PacketIds } from "./packet_ids.ts";

const NO_SUBSCRIPTIONS: ReadonlyMap<string, Subscription> = new Map();

/** A client's session. What most sessions do not need is made when it is needed. */
export class Session implements PublicSession {
  readonly #core: Core;
  readonly clientId: string;
  username: string | undefined = undefined;
  password: Uint8Array | undefined = undefined;
  protocolVersion: 3 | 4 | 5 = 4;
  /** Whether the client is a bridge, and does without the subscription options of MQTT 5. */
  isBridge = false;
  cleanStart = true;
  expiryInterval = 0;
  keepAlive = 0;
  sessionPresent = false;
  remoteAddress = "";
  remotePort = 0;
  listener = "";
  peerCertificate: PeerCertificate | undefined = undefined;
  connectedAt = 0;
  disconnectedAt = 0;
  /** The client's connection while there is one. */
  connection: Connection | null = null;
  /** The will as the client left it. */
  will: Message | undefined = undefined;
  /** Seconds between the end of the connection and the will. */
  willDelay = 0;
  /** Message expiry interval of the will in seconds; it begins when the will is sent. */
  willExpiry: number | undefined = undefined;
  /** When the delayed will is due. */
  willDeadline: Deadline | undefined = undefined;
  /** When the session ends. */
  expiry: Deadline | undefined = undefined;
  /** Deliveries that wait for a plugin's answer, so that order is kept. */
  pending: Promise<void> | undefined = undefined;
  /** How many they are. */
  pendingCount = 0;
  /** Whether a client ever had it; else a plugin made it. */
  claimed = false;
  /** What they weigh. */
  pendingBytes = 0;
  /** Whether the session is over: nobody may give it anything more. */
  ended = false;
  /** Its place in the order in which sessions were made; above 0 once it is among them. */
  serial = 0;
  /** What the store knows it by; 0: the store does not have it. */
  key = 0;
  /** Whether its subscriptions and messages are stored. */
  durable = false;
  #subscriptions: Map<string, Subscription> | undefined;
  #attributes: Map<string, unknown> | undefined;
  #incoming: PacketIds | undefined;
  /** What those wait for that plugins have not decided about. */
  #undecided: Map<number, Promise<unknown>> | undefined;
  #outbox: Outbox | undefined;

  constructor(core: Core, clientId: string) {
    this.#core = core;
    this.clientId = clientId;
  }

  get isAnonymous(): boolean {
    return this.username === undefined;
  }

  get connected(): boolean {
    return this.connection !== null;
  }

  get inflightCount(): number {
    return this.#outbox?.inflight ?? 0;
  }

  get queuedCount(): number {
    return this.#outbox?.queued ?? 0;
  }

  get attributes(): Map<string, unknown> {
    return this.#attributes ??= new Map();
  }

  /** Adds the attributes that another session has; plugins set them while they authenticated the client. */
  adoptAttributes(other: Session): void {
    for (const [key, value] of other.#attributes ?? []) {
      this.attributes.set(key, value);
    }
  }

  /** The subscriptions by their text. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions ?? NO_SUBSCRIPTIONS;
  }

  /** Messages on their way to the client. */
  get outbox(): Outbox {
    return this.#outbox ??= new Outbox(this.#core, this);
  }

  /** The same, if there ever were any. */
  get usedOutbox(): Outbox | undefined {
    return this.#outbox;
  }

  /** Whether a QoS 2 message of the client is not released. */
  hasIncoming(packetId: number): boolean {
    return this.#incoming?.has(packetId) ?? false;
  }

  /** How many QoS 2 messages of the client are not released. */
  get incomingCount(): number {
    return this.#incoming?.size ?? 0;
  }

  /**
   * A QoS 2 message has arrived, and its packet identifier is in `hasIncoming()`. The
   * store notes it with the message: if that is not there after a crash, the client's
   * repetition must be taken for the message.
   *
   * @param packetId Packet identifier.
   * @param undecided What must be over before all who keep the message have it.
   * @returns The same with the note; absent if that is now.
   */
  keepIncoming(
    packetId: number,
    undecided?: Promise<unknown>,
  ): Promise<unknown> | undefined {
    const note = (): void => {
      if (this.durable) this.#core.journal?.addIncoming(this.key, packetId);
    };
    if (undecided === undefined) {
      note();
      return undefined;
    }
    const kept = undecided.then(() => {
      this.#undecided?.delete(packetId);
      // If the broker ends, nobody has decided.
      if (this.hasIncoming(packetId) && !this.#core.plugins.isClosing) note();
    });
    (this.#undecided ??= new Map()).set(packetId, kept);
    return kept;
  }

  /** What a QoS 2 message waits for that was repeated: see `keepIncoming()`. */
  undecidedIncoming(packetId: number): Promise<unknown> | undefined {
    return this.#undecided?.get(packetId);
  }

  /** Remembers a QoS 2 message, which the store may have. */
  addIncoming(packetId: number): void {
    (this.#incoming ??= new PacketIds()).add(packetId);
    this.#core.stats.inflightIn++;
  }

  /** The client releases a QoS 2 message; says whether it was there. */
  releaseIncoming(packetId: number): boolean {
    if (!this.#incoming?.delete(packetId)) return false;
    this.#core.stats.inflightIn--;
    if (this.durable) this.#core.journal?.deleteIncoming(this.key, packetId);
    return true;
  }

  /**
   * Subscribes; an earlier subscription to the same filter is replaced.
   *
   * @returns Whether there was none before.
   */
  subscribe(subscription: Subscription): boolean {
    const fresh = !this.#remove(subscription.filter.text);
    this.restoreSubscription(subscription);
    if (this.durable) {
      this.#core.journal?.putSubscription(this.key, subscription);
    }
    return fresh;
  }

  /** Takes over a subscription that the store has. */
  restoreSubscription(subscription: Subscription): void {
    (this.#subscriptions ??= new Map()).set(
      subscription.filter.text,
      subscription,
    );
    const { stats, tree } = this.#core;
    tree.add(subscription);
    stats.subscriptions = tree.size;
  }

  /** Unsubscribes; says whether there was a subscription. */
  unsubscribe(filter: string): boolean {
    const known = this.#remove(filter);
    if (known && this.durable) {
      this.#core.journal?.deleteSubscription(this.key, filter);
    }
    return known;
  }

  #remove(filter: string): boolean {
    const known = this.#subscriptions?.get(filter);
    if (known === undefined) return false;
    this.#subscriptions!.delete(filter);
    const { stats, tree } = this.#core;
    tree.remove(known);
    stats.subscriptions = tree.size;
    return true;
  }

  /**
   * Runs `step` behind the deliveries that wait for a plugin's answer.
   *
   * @param step Delivers one message.
   * @param weight What the message weighs.
   * @returns Resolves when it is done; never rejects.
   */
  defer(step: () => void | Promise<void>, weight: number): Promise<void> {
    this.pendingCount++;
    this.pendingBytes += weight;
    const tail = (this.pending ?? Promise.resolve()).then(step)
      .catch(this.#core.report).then(() => {
        this.pendingCount--;
        this.pendingBytes -= weight;
        if (this.pending === tail) this.pending = undefined;
      });
    this.pending = tail;
    return tail;
  }

  /**
   * Has the store forget the session.
   *
   * @param after Says later whether its will is decided, and may be forgotten too.
   */
  forget(after: Promise<boolean> | undefined): void {
    const { journal } = this.#core;
    if (this.key === 0 || journal === undefined) return;
    this.#outbox?.eraseAll();
    this.durable = false;
    const end = (): void => {
      journal.deleteSession(this.key);
      this.key = 0;
    };
    if (after === undefined) end();
    else after.then((decided) => decided && end());
  }

  /** Ends the session: nothing of it stays. */
  destroy(): void {
    this.ended = true;
    for (const filter of [...this.subscriptions.keys()]) {
      this.unsubscribe(filter);
    }
    this.#core.stats.inflightIn -= this.#incoming?.size ?? 0;
    this.#incoming = undefined;
    this.#outbox?.clear();
    this.expiry?.cancel();
    this.willDeadline?.cancel();
  }
}
