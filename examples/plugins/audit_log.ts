/**
 * Writes who came, who was refused, and who subscribed to what into a file, a JSON
 * object a line.
 *
 * ```yaml
 * plugins:
 *   ./audit_log.ts: { file: audit.jsonl }
 * ```
 *
 * @module
 */

import {
  type AuthenticationFailedEvent,
  BasePlugin,
  type ClientEvent,
  type StandardSchema,
  type SubscribedEvent,
} from "@dinomq/broker/plugins";
import * as v from "valibot";

/** The options in the configuration. */
interface Options {
  /** Where the lines go; they are added to what is there. */
  file: string;
}

export default class AuditLog extends BasePlugin<Options> {
  static override config: StandardSchema = v.strictObject({
    file: v.pipe(v.string(), v.minLength(1)),
  });

  #lines: string[] = [];

  /** A file that cannot be written keeps the broker from starting to serve unseen. */
  override async onBrokerPreStart(): Promise<void> {
    this.#note("started", {});
    await this.#write();
    this.context.setInterval(() => this.#write(), 1000);
  }

  override onBrokerClientConnected({ clientSession }: ClientEvent): void {
    const { clientId, username, remoteAddress, listener } = clientSession;
    this.#note("connected", { clientId, username, remoteAddress, listener });
  }

  override onBrokerClientAuthenticationFailed(
    event: AuthenticationFailedEvent,
  ): void {
    this.#note("refused", { ...event });
  }

  override onBrokerClientSubscribed(
    { clientId, topic }: SubscribedEvent,
  ): void {
    this.#note("subscribed", { clientId, filter: topic });
  }

  override onBrokerClientDisconnected({ clientId }: ClientEvent): void {
    this.#note("disconnected", { clientId });
  }

  override async close(): Promise<void> {
    this.#note("stopped", {});
    await this.#write();
  }

  #note(what: string, fields: Record<string, unknown>): void {
    const time = new Date().toISOString();
    this.#lines.push(`${JSON.stringify({ time, what, ...fields })}\n`);
  }

  async #write(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    await Deno.writeTextFile(this.config.file, lines.join(""), {
      append: true,
    });
  }
}
