/**
 * What interceptors get, and what they may change.
 *
 * An interceptor answers with what is to be different: an object with only the
 * fields that change. Nothing means that everything stays. `false` or a
 * {@linkcode Denial} refuses, and where it makes sense {@linkcode Drop} has the
 * thing pass unnoticed. Interceptors run in their order, and each sees what those
 * before it have made. Rights are asked for afterwards, on the result.
 *
 * @module
 */

import type { Denial } from "./decisions.ts";
import type {
  ApplicationMessage,
  MessageProperties,
  PeerCertificate,
  QoS,
  Session,
} from "./messages.ts";

/** An answer that refuses. */
export type Refusal = false | Denial;

/** An answer that changes nothing. */
export type Unchanged = null | undefined | void;

/**
 * Has something end here without telling who sent it: the sender is answered as if
 * it had passed.
 */
export interface Drop {
  /** Always `true`; tells it from other answers. */
  readonly drop: true;
}

// -- Connections --

/**
 * The argument of `interceptAccept`: a connection, before a byte of MQTT is read from
 * it. What TLS, WebSocket and the PROXY protocol have to say is known.
 */
export interface AcceptEvent {
  /** Address of the client; empty for a Unix socket. */
  readonly remoteAddress: string;
  /** Port of the client; 0 for a Unix socket. */
  readonly remotePort: number;
  /** Name of the listener that accepted it. */
  readonly listener: string;
  /** The client's certificate, if it showed one that the listener trusts. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** What `interceptAccept` answers: a refusal closes the connection without a word. */
export type AcceptAnswer = true | Refusal | Unchanged;

/** The argument of `interceptConnect`: a CONNECT, before anyone asked who it is. */
export interface ConnectEvent {
  /** The session that the client would get; its `password` is set. */
  readonly session: Session;
  /** User properties of the CONNECT; absent if there are none. */
  readonly userProperties:
    | ReadonlyArray<readonly [name: string, value: string]>
    | undefined;
}

/** What `interceptConnect` may change. */
export interface ConnectChanges {
  /** Client identifier. */
  clientId?: string;
  /** User name. */
  username?: string;
  /** Password. */
  password?: Uint8Array;
  /**
   * Keep alive in seconds, 0 to 65535. Only a client of MQTT 5 is told: another one
   * that is given less than it asked for may be cut off.
   */
  keepAlive?: number;
  /** Seconds that the session outlives its connection; not above the broker's limit. */
  expiryInterval?: number;
  /** Whether an earlier session is deleted. */
  cleanStart?: boolean;
}

/** What `interceptConnect` answers. */
export type ConnectAnswer = ConnectChanges | Refusal | Unchanged;

/**
 * The argument of `interceptConnack`: the client is authenticated, and its session is
 * about to become its.
 */
export interface ConnackEvent {
  /** The session that the client asks for. */
  readonly session: Session;
  /** Whether an earlier session will be found. */
  readonly sessionPresent: boolean;
  /** User properties that the CONNACK will have. */
  readonly userProperties: ReadonlyArray<
    readonly [name: string, value: string]
  >;
  /** Text that the CONNACK will have. */
  readonly reasonString: string | undefined;
  /** Response information that the client will get if it asked for it. */
  readonly responseInformation: string | undefined;
}

/** What `interceptConnack` may change; only clients of MQTT 5 see it. */
export interface ConnackChanges {
  /** User properties, added to those of other plugins. */
  userProperties?: ReadonlyArray<readonly [name: string, value: string]>;
  /** Text for the client. */
  reasonString?: string;
  /** Response information (MQTT 5, section 3.2.2.3.15), if the client asked for it. */
  responseInformation?: string;
}

/** What `interceptConnack` answers: a refusal is the last chance to turn a client away. */
export type ConnackAnswer = ConnackChanges | Refusal | Unchanged;

/** The argument of `interceptDisconnect`: a connection is about to end by a DISCONNECT. */
export interface DisconnectEvent {
  /** The session. */
  readonly session: Session;
  /** Whether the client sends the DISCONNECT; else the broker does. */
  readonly byClient: boolean;
  /** Reason code of MQTT 5; 0 if a client of MQTT 3 ends it. */
  readonly reasonCode: number;
  /** Text, if there is one. */
  readonly reasonString: string | undefined;
  /** Whether the will is going to be sent. */
  readonly sendWill: boolean;
}

/** What `interceptDisconnect` may change. */
export interface DisconnectChanges {
  /** Whether the will is sent. */
  sendWill?: boolean;
  /** Reason code that a client of MQTT 5 is told; ignored if the client ends it. */
  reasonCode?: number;
  /** Text that a client of MQTT 5 is told; ignored if the client ends it. */
  reasonString?: string;
}

/**
 * What `interceptDisconnect` answers. A promise is a mistake: the end cannot wait. A
 * plugin that fails changes nothing.
 */
export type DisconnectAnswer = DisconnectChanges | Unchanged;

// -- Subscriptions --

/** The argument of `interceptSubscribe`: one topic filter of a SUBSCRIBE. */
export interface SubscribeEvent {
  /** The client's session. */
  readonly session: Session;
  /** Topic filter, `$share/…` included. */
  readonly filter: string;
  /** QoS that is asked for. */
  readonly qos: QoS;
  /** Whether the client's own messages are left out. */
  readonly noLocal: boolean;
  /** Whether messages keep their retain flag. */
  readonly retainAsPublished: boolean;
  /** Retain handling: 0 sends retained messages, 1 only of a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
  /** User properties of the SUBSCRIBE; absent if there are none. */
  readonly userProperties:
    | ReadonlyArray<readonly [name: string, value: string]>
    | undefined;
}

/** What `interceptSubscribe` may change. */
export interface SubscribeChanges {
  /** Topic filter; the client goes on to use its own one to unsubscribe, see `interceptUnsubscribe`. */
  filter?: string;
  /** Maximum QoS. */
  qos?: QoS;
  /** Whether the client's own messages are left out. */
  noLocal?: boolean;
  /** Whether messages keep their retain flag. */
  retainAsPublished?: boolean;
  /** Retain handling; 2 grants the subscription, but sends no retained messages. */
  retainHandling?: 0 | 1 | 2;
}

/** What `interceptSubscribe` answers. */
export type SubscribeAnswer = SubscribeChanges | Refusal | Unchanged;

/** The argument of `interceptUnsubscribe`: one topic filter of an UNSUBSCRIBE. */
export interface UnsubscribeEvent {
  /** The client's session. */
  readonly session: Session;
  /** Topic filter, `$share/…` included. */
  readonly filter: string;
}

/** What `interceptUnsubscribe` may change. */
export interface UnsubscribeChanges {
  /** Topic filter. */
  filter?: string;
}

/** What `interceptUnsubscribe` answers; of a refusal the subscription stays. */
export type UnsubscribeAnswer = UnsubscribeChanges | Refusal | Unchanged;

// -- Messages --

/** What an interceptor may change of a message. */
export interface MessageChanges {
  /** Topic name. */
  topic?: string;
  /** The payload. */
  payload?: Uint8Array | string;
  /** MQTT 5 properties; they replace all that the message has. */
  properties?: MessageProperties;
}

/** The argument of `interceptPublish`: a client's PUBLISH, before rights are asked for. */
export interface PublishEvent {
  /** The client's session. */
  readonly session: Session;
  /** The message; valid until the answer, copy what is needed longer. */
  readonly message: ApplicationMessage;
}

/** What `interceptPublish` may change. */
export interface PublishChanges extends MessageChanges {
  /** QoS with which subscribers get it at most; the client is acknowledged as it asked. */
  qos?: QoS;
  /** Whether the message is retained. */
  retain?: boolean;
}

/** What `interceptPublish` answers; a promise delays the message and those behind it. */
export type PublishAnswer = PublishChanges | Drop | Refusal | Unchanged;

/**
 * The argument of `interceptDeliver`: a message about to be delivered to one client.
 * It is asked once for each message and client, before the message is sent or queued,
 * whether the client is connected or not; a retained message that answers a
 * subscription is no exception. What waits for the client is what was answered.
 */
export interface DeliverEvent {
  /** The session that gets it. */
  readonly session: Session;
  /** The message; valid until the answer, copy what is needed longer. */
  readonly message: ApplicationMessage;
  /** QoS with which the client gets it. */
  readonly qos: QoS;
  /** The retain flag that the client sees. */
  readonly retain: boolean;
}

/** What `interceptDeliver` answers: what this client gets, or that it gets nothing. */
export type DeliverAnswer = MessageChanges | Drop | Refusal | Unchanged;

/** The argument of `interceptWill`: a will is left, or is about to be sent. */
export interface WillEvent {
  /** The session. */
  readonly session: Session;
  /** The will. */
  readonly will: ApplicationMessage;
  /** `register`: the client connects. `fire`: the will is about to be sent. */
  readonly phase: "register" | "fire";
}

/**
 * What `interceptWill` answers. When the client connects, a refusal refuses it and
 * `drop` lets it in without a will; later both keep the will from being sent.
 */
export type WillAnswer = PublishChanges | Drop | Refusal | Unchanged;

/** The argument of `interceptRetain`: a message is about to become its topic's retained one. */
export interface RetainEvent {
  /** The message; an empty payload removes the retained one. */
  readonly message: ApplicationMessage;
}

/**
 * What `interceptRetain` answers: what is retained, or that nothing changes (`drop`
 * or a refusal; subscribers get the message all the same). A promise is a mistake,
 * and nothing is retained then.
 */
export type RetainAnswer =
  | Omit<MessageChanges, "topic">
  | Drop
  | Refusal
  | Unchanged;

/** The argument of `selectSharedMember`: who of a shared subscription gets a message. */
export interface SelectMemberEvent {
  /** The shared subscription, as in `$share/group/filter`. */
  readonly filter: string;
  /** The message. */
  readonly message: ApplicationMessage;
  /** The sessions that have it, at least one. */
  readonly members: readonly Session[];
}

/**
 * What `selectSharedMember` answers: the client identifier, or nothing for the
 * broker's choice. The first plugin that answers decides; one that fails has not.
 */
export type SelectMemberAnswer = string | Unchanged;

/**
 * The interceptors that a plugin may implement.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PublishAnswer, type PublishEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Prefix extends BasePlugin {
 *   override interceptPublish({ session, message }: PublishEvent): PublishAnswer {
 *     if (message.payload.length > 100) return false;
 *     return { topic: `${session.clientId}/${message.topic}` };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Prefix] });
 * const client = await broker.connect({ clientId: "alice" });
 * await client.subscribe("alice/#");
 * assertEquals(await client.publish("a", "x"), 0);
 * assertEquals((await client.receive()).topic, "alice/a");
 * ```
 */
export interface BrokerInterceptors {
  /** A connection was accepted; nothing is read before the answer. */
  interceptAccept?(event: AcceptEvent): AcceptAnswer | Promise<AcceptAnswer>;
  /** A CONNECT arrived; nobody was asked who it is. */
  interceptConnect?(
    event: ConnectEvent,
  ): ConnectAnswer | Promise<ConnectAnswer>;
  /** A client is authenticated, and about to be accepted. */
  interceptConnack?(
    event: ConnackEvent,
  ): ConnackAnswer | Promise<ConnackAnswer>;
  /** A connection is about to end by a DISCONNECT of either side. Must answer at once. */
  interceptDisconnect?(event: DisconnectEvent): DisconnectAnswer;
  /** A client subscribes; called once for each topic filter. */
  interceptSubscribe?(
    event: SubscribeEvent,
  ): SubscribeAnswer | Promise<SubscribeAnswer>;
  /** A client unsubscribes; called once for each topic filter. */
  interceptUnsubscribe?(
    event: UnsubscribeEvent,
  ): UnsubscribeAnswer | Promise<UnsubscribeAnswer>;
  /** A client publishes. */
  interceptPublish?(
    event: PublishEvent,
  ): PublishAnswer | Promise<PublishAnswer>;
  /** A message is about to be delivered to one client. */
  interceptDeliver?(
    event: DeliverEvent,
  ): DeliverAnswer | Promise<DeliverAnswer>;
  /** A will is left, or about to be sent. */
  interceptWill?(event: WillEvent): WillAnswer | Promise<WillAnswer>;
  /** A message is about to be retained. Must answer at once. */
  interceptRetain?(event: RetainEvent): RetainAnswer;
  /** One member of a shared subscription is to be chosen. Must answer at once. */
  selectSharedMember?(event: SelectMemberEvent): SelectMemberAnswer;
}

/** Name of a method that intercepts. */
export type InterceptorName = keyof BrokerInterceptors;
