/**
 * Finding and disconnecting clients.
 *
 * @module
 */

/** How a client is disconnected by a plugin. */
export interface DisconnectOptions {
  /** Reason code for MQTT 5 clients. Default: 0x98, administrative action. */
  reasonCode?: number;
  /** Text for MQTT 5 clients. */
  reasonString?: string;
  /** Whether the session is deleted too. Default: `false`. */
  deleteSession?: boolean;
  /** Whether the will is sent. Default: `true`. */
  sendWill?: boolean;
}
