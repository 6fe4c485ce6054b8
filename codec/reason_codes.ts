/**
 * The reason codes of MQTT 5, by the names that the standard gives them
 * (section 2.4).
 *
 * @example
 * ```ts
 * import { ReasonCode } from "@dinomq/broker/codec";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(ReasonCode.MalformedPacket, 0x81);
 * ```
 */
export const ReasonCode = {
  /** It worked. Also: normal disconnection, granted QoS 0. */
  Success: 0x00,
  /** DISCONNECT: the client leaves and wants its will to be forgotten. */
  NormalDisconnection: 0x00,
  /** SUBACK: the subscription was accepted with QoS 0. */
  GrantedQoS0: 0x00,
  /** SUBACK: the subscription was accepted with QoS 1 at most. */
  GrantedQoS1: 0x01,
  /** SUBACK: the subscription was accepted with QoS 2 at most. */
  GrantedQoS2: 0x02,
  /** DISCONNECT: the client leaves and wants its will to be published. */
  DisconnectWithWillMessage: 0x04,
  /** PUBACK, PUBREC: accepted, but nobody has subscribed. */
  NoMatchingSubscribers: 0x10,
  /** UNSUBACK: there was no such subscription. */
  NoSubscriptionExisted: 0x11,
  /** AUTH: the exchange goes on. */
  ContinueAuthentication: 0x18,
  /** AUTH: the client begins to authenticate itself again. */
  Reauthenticate: 0x19,
  /** It failed, and the reason is not told or fits no other code. */
  UnspecifiedError: 0x80,
  /** The packet could not be parsed. */
  MalformedPacket: 0x81,
  /** The packet is well formed, but not allowed here or in this form. */
  ProtocolError: 0x82,
  /** The receiver does not accept it, for a reason of its own. */
  ImplementationSpecificError: 0x83,
  /** CONNACK: the server does not speak this version of MQTT. */
  UnsupportedProtocolVersion: 0x84,
  /** CONNACK: the client identifier is not allowed. */
  ClientIdentifierNotValid: 0x85,
  /** CONNACK: user name or password are wrong. */
  BadUserNameOrPassword: 0x86,
  /** The client may not do this. */
  NotAuthorized: 0x87,
  /** CONNACK: the server is not available. */
  ServerUnavailable: 0x88,
  /** The server is busy; try again later. */
  ServerBusy: 0x89,
  /** CONNACK: the client was banned by an administrator. */
  Banned: 0x8a,
  /** DISCONNECT: the server is shutting down. */
  ServerShuttingDown: 0x8b,
  /** The authentication method is not supported, or is not the one in use. */
  BadAuthenticationMethod: 0x8c,
  /** DISCONNECT: nothing was heard for one and a half times the keep alive. */
  KeepAliveTimeout: 0x8d,
  /** DISCONNECT: another connection uses the same client identifier. */
  SessionTakenOver: 0x8e,
  /** The topic filter is well formed, but not accepted. */
  TopicFilterInvalid: 0x8f,
  /** The topic name is well formed, but not accepted. */
  TopicNameInvalid: 0x90,
  /** The packet identifier is in use already. */
  PacketIdentifierInUse: 0x91,
  /** PUBREL, PUBCOMP: the packet identifier is not known. */
  PacketIdentifierNotFound: 0x92,
  /** DISCONNECT: more unacknowledged messages than the receive maximum. */
  ReceiveMaximumExceeded: 0x93,
  /** DISCONNECT: the topic alias is greater than allowed, or not set. */
  TopicAliasInvalid: 0x94,
  /** The packet is larger than the receiver accepts. */
  PacketTooLarge: 0x95,
  /** DISCONNECT: messages arrive too fast. */
  MessageRateTooHigh: 0x96,
  /** A limit that the server has set was exceeded. */
  QuotaExceeded: 0x97,
  /** DISCONNECT: an administrator ended the connection. */
  AdministrativeAction: 0x98,
  /** The payload is not what the payload format indicator says. */
  PayloadFormatInvalid: 0x99,
  /** The server does not retain messages. */
  RetainNotSupported: 0x9a,
  /** The server does not support this QoS. */
  QoSNotSupported: 0x9b,
  /** The client should use another server for now. */
  UseAnotherServer: 0x9c,
  /** The client should use another server from now on. */
  ServerMoved: 0x9d,
  /** The server does not support shared subscriptions. */
  SharedSubscriptionsNotSupported: 0x9e,
  /** Connections are opened too fast. */
  ConnectionRateExceeded: 0x9f,
  /** DISCONNECT: the time that a connection may last is over. */
  MaximumConnectTime: 0xa0,
  /** The server does not support subscription identifiers. */
  SubscriptionIdentifiersNotSupported: 0xa1,
  /** The server does not support wildcards in subscriptions. */
  WildcardSubscriptionsNotSupported: 0xa2,
} as const;

/** Any value of {@linkcode ReasonCode}. */
export type ReasonCode = typeof ReasonCode[keyof typeof ReasonCode];
