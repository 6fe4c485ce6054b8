/** What a test tells a client, and what it gets from it. @module */

import type { Packet, QoS } from "../../plugins/mod.ts";

/** A packet of one kind, as the package `mqtt-packet` describes it. */
export type PacketOf<Cmd extends Packet["cmd"]> = Extract<Packet, { cmd: Cmd }>;

/** How a {@linkcode TestClient} connects: any field of a CONNECT. */
export interface TestClientOptions
  extends
    Partial<Omit<PacketOf<"connect">, "cmd" | "protocolVersion" | "password">> {
  /** Protocol level: 3 (MQTT 3.1), 4 (3.1.1) or 5. Default: 5. */
  version?: 3 | 4 | 5;
  /** Password. */
  password?: string | Uint8Array;
  /** Address that the broker and its plugins see. Default: `"192.0.2.1"`. */
  remoteAddress?: string;
  /** Name of the listener that plugins see. Default: `"default"`. */
  listener?: string;
}

/** How a {@linkcode TestClient} publishes. */
export interface TestPublishOptions {
  /** QoS. Default: 1, so that the broker says what it thinks of the message. */
  qos?: QoS;
  /** Whether the message is to be retained. Default: `false`. */
  retain?: boolean;
  /** MQTT 5 properties. */
  properties?: PacketOf<"publish">["properties"];
}

/** How a {@linkcode TestClient} subscribes. */
export interface TestSubscribeOptions {
  /** Maximum QoS. Default: 2. */
  qos?: QoS;
  /** Whether the client's own messages are left out. Default: `false`. */
  noLocal?: boolean;
  /** Whether messages keep their retain flag. Default: `false`. */
  retainAsPublished?: boolean;
  /** 0 sends retained messages, 1 only of a new subscription, 2 never. Default: 0. */
  retainHandling?: 0 | 1 | 2;
  /** MQTT 5 properties. */
  properties?: PacketOf<"subscribe">["properties"];
}

/** A message that a {@linkcode TestClient} got. */
export interface ReceivedMessage {
  /** Topic name. */
  readonly topic: string;
  /** The payload. */
  readonly payload: Uint8Array;
  /** The payload as text. */
  readonly text: string;
  /** QoS with which it came. */
  readonly qos: QoS;
  /** The retain flag. */
  readonly retain: boolean;
  /** MQTT 5 properties; absent for MQTT 3. */
  readonly properties: PacketOf<"publish">["properties"];
}
