/**
 * The messages that one client has sent and that arrived together, for plugins that
 * observe many at a time. While packets are handled, only their places are noted.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { PacketRows, ReceivedBatch } from "./received_batch.ts";
import type { Topic } from "./topics/topic.ts";

/** Collects what the client has sent whose packets are being handled. */
export class ReceivedMessages {
  readonly #core: Core;
  readonly #rows = new PacketRows();
  #connection: Connection | undefined;
  #length = 0;
  #bytes = 0;

  /**
   * Creates the collector of a broker.
   *
   * @param core The broker.
   */
  constructor(core: Core) {
    this.#core = core;
  }

  /**
   * Notes the packet in a connection's view.
   *
   * @param connection Where it came from.
   * @param topic Its topic, also if it has only an alias.
   */
  add(connection: Connection, topic: Topic): void {
    this.begin(connection, topic);
    const { payloadStart, end } = connection.view;
    this.extend(1, end - payloadStart, end);
  }

  /**
   * Begins a row of packets of QoS 0 that differ in their payload only, and have no
   * properties. The first one is in the connection's view.
   *
   * @param connection Where they came from.
   * @param topic Their topic.
   */
  begin(connection: Connection, topic: Topic): void {
    const { bytes, start } = connection.view;
    this.#connection = connection;
    this.#rows.bytes = bytes;
    this.#rows.add(topic, start);
  }

  /**
   * Notes the next packets of the row.
   *
   * @param count How many.
   * @param bytes Size of their payloads together, in bytes.
   * @param end Where the last one ends.
   */
  extend(count: number, bytes: number, end: number): void {
    this.#length += count;
    this.#bytes += bytes;
    this.#rows.extend(end);
  }

  /**
   * Tells the plugins of what was noted, and forgets it. The bytes of the packets may
   * be overwritten afterwards.
   *
   * @param connection Where it came from; if that is another one, nothing is done.
   */
  tell(connection: Connection): void {
    if (this.#connection !== connection) return;
    const { plugins, topics } = this.#core;
    const { version, session } = connection;
    const { clientId } = session!;
    const messages = new ReceivedBatch(
      this.#length,
      this.#bytes,
      this.#rows,
      { version, clientId, topics },
    );
    // A plugin may end the connection, which tells of what was noted, too.
    this.#length = this.#bytes = 0;
    this.#connection = undefined;
    const event = { clientId, messages };
    if (plugins.emitPassing("onBrokerMessagesReceived", event)) messages.keep();
    else messages.pass();
    this.#rows.clear();
  }
}
