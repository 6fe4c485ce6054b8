/**
 * Writes every packet to the log with the level `debug`. Follows aMQTT's
 * `PacketLoggerPlugin`, but never writes a password, and of payloads and other
 * binary data only the length:
 *
 * ```text
 * sensor-1 <-in-- publish {"topic":"a/b","payload":"<12 bytes>","qos":1, …}
 * sensor-1 -out-> puback {"messageId":7, …}
 * ```
 *
 * If the log does not show `debug` when the broker starts, the plugin does nothing
 * and costs nothing. It has no options.
 *
 * ```yaml
 * plugins:
 *   packet_logger: {}
 * ```
 *
 * @module
 */

import * as v from "valibot";
import {
  BasePlugin,
  type BrokerContext,
  type BrokerObservers,
  type Packet,
  type Session,
  type StandardSchema,
} from "./mod.ts";

/** Logs packets; has handlers only if the log shows `debug`. */
export default class PacketLogger extends BasePlugin<Record<string, never>> {
  /** Checks the options: there are none. */
  static override config: StandardSchema = v.strictObject({});

  /**
   * Creates the plugin and its handlers.
   *
   * @param context The broker's services.
   */
  constructor(context: BrokerContext<Record<string, never>>) {
    super(context);
    const { logger } = context;
    // A handler that exists is called for every packet: only make what is needed.
    if (!logger.isEnabled("debug")) return;
    const observers: BrokerObservers = {
      onMqttPacketReceived: ({ packet, session }) =>
        logger.debug(`${who(session)}<-in-- ${describe(packet)}`),
      onMqttPacketSent: ({ packet, session }) =>
        logger.debug(`${who(session)}-out-> ${describe(packet)}`),
    };
    Object.assign(this, observers);
  }
}

/** The client's name, safe for a log: a client id may hold line breaks. */
function who(session: Session | undefined): string {
  if (session === undefined) return "";
  const id = session.clientId.replace(
    /\p{Cc}/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${id} `;
}

function describe(packet: Packet): string {
  const { cmd, ...fields } = packet;
  return `${cmd} ${JSON.stringify(fields, abbreviate)}`;
}

/**
 * Replaces what does not belong in a log. Reads the value from its holder: by the
 * time `JSON.stringify` passes it on, `toJSON` has made an array of a `Buffer`.
 */
function abbreviate(
  this: Record<string, unknown>,
  key: string,
  value: unknown,
): unknown {
  if (key === "password") return undefined;
  const raw = this[key];
  if (raw instanceof Uint8Array) return `<${raw.length} bytes>`;
  if (key === "payload" && typeof raw === "string") {
    return `<${new TextEncoder().encode(raw).length} bytes>`;
  }
  return value;
}
