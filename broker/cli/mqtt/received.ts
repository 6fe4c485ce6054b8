import type { IPublishPacket } from "mqtt-packet";
import type { LocalTime } from "./date_format.ts";

/** A message that came. */
export interface ReceivedMessage {
  /** Topic. */
  readonly topic: string;
  /** Payload. */
  readonly payload: Uint8Array;
  /** QoS. */
  readonly qos: 0 | 1 | 2;
  /** Whether the retain flag is set. */
  readonly retain: boolean;
  /** Packet identifier; 0 with QoS 0. */
  readonly messageId: number;
  /** Properties of MQTT 5. */
  readonly properties: NonNullable<IPublishPacket["properties"]>;
  /** When it came. */
  readonly time: LocalTime;
}
