/**
 * Sends events to an HTTP server, several at one time.
 *
 * | Option | Type | Default | Meaning |
 * |---|---|---|---|
 * | `url` | `https:` or `http:` address | required | Where events are sent, by POST |
 * | `secret` | `whsec_` and base64, or any text | none: nothing is signed | Signs what is sent |
 * | `headers` | map | none | Further headers, such as `Authorization` |
 * | `cafile` | path of a PEM file | the authorities that Deno trusts | Who signed the server's certificate |
 * | `events` | list | see below | The events that are sent |
 * | `topics` | list of topic filters | every topic | Of events about messages, only those with such a topic |
 * | `batch-size` | 1 to 10000 | `100` | How many events are sent at one time at most |
 * | `batch-delay` | seconds, at most 60 | `1` | How long an event waits for others |
 * | `max-queued-events` | 1 to 1000000 | `10000` | How many events wait at most |
 * | `max-queued-length` | characters | `16777216` | How long they are together at most |
 * | `timeout` | seconds, at most 60 | `10` | How long a response may take |
 * | `max-retries` | 0 to 100 | `5` | How often the same events are sent again |
 * | `retry-delay` | seconds, at most 60 | `1` | When they are sent again first; the time doubles up to a minute |
 *
 * ```yaml
 * plugins:
 *   webhook:
 *     url: https://app.example.org/mqtt-events
 *     secret: whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
 *     events: [broker_client_connected, broker_message_broadcast]
 *     topics: ["alarms/#"]
 * ```
 *
 * The events have aMQTT's names. Those that are sent by default are marked.
 *
 * | Event | What is told of it |
 * |---|---|
 * | `broker_pre_start`, `broker_post_start`, `broker_pre_shutdown`, `broker_post_shutdown` | nothing |
 * | `broker_client_connected` ✓, `broker_client_disconnected` ✓ | `client_id`, `username`, `listener`, `remote_address`, `remote_port`, `protocol_version`, `clean_start`, `keep_alive` |
 * | `broker_client_subscribed` ✓ | `client_id`, `topic`, `qos` |
 * | `broker_client_unsubscribed` ✓ | `client_id`, `topic` |
 * | `broker_message_received`, `broker_message_broadcast`, `broker_retained_message` | `client_id`, `topic`, `qos`, `retain`, `payload`, `payload_encoding` (`utf-8` or `base64`), `properties` |
 *
 * No event has a password. A body looks like this:
 *
 * ```json
 * {
 *   "dropped": 0,
 *   "events": [{
 *     "sequence": 1,
 *     "time": "2026-01-31T12:00:00.000Z",
 *     "event": "broker_client_subscribed",
 *     "client_id": "phone",
 *     "topic": "news/#",
 *     "qos": 1
 *   }]
 * }
 * ```
 *
 * `sequence` counts the events since the start. `dropped` is how many of them were not
 * delivered: those that were the oldest when the queue was full, and those that the
 * server did not take. They are sent in their order, one batch after the other.
 *
 * A batch is delivered when the response has a status of 2xx. After 408, 425, 429, 5xx
 * or no response it is sent again, not before the time that `Retry-After` asks for, a
 * minute at most. After any other status, redirects among them, it is dropped. A server
 * may get a batch twice: the header `webhook-id` tells. When the broker stops, what
 * waits is sent once more, for ten seconds at most.
 *
 * The headers are those of the Standard Webhooks specification: `webhook-id`,
 * `webhook-timestamp` (seconds since 1970) and, with a secret, `webhook-signature`:
 * `v1,` and in base64 the HMAC with SHA-256 of `<id>.<timestamp>.<body>`. Refuse what
 * has a wrong signature or an old timestamp.
 *
 * The counters `deliveredEvents`, `droppedEvents`, `requests` and `failedRequests` tell
 * how it goes; the log warns at most every ten seconds.
 *
 * @module
 */

import { Endpoint } from "./_webhook/endpoint.ts";
import { EVENT_KINDS, type EventKind } from "./_webhook/events.ts";
import { type WebhookOptions, webhookSchema } from "./_webhook/options.ts";
import { WebhookSender } from "./_webhook/sender.ts";
import {
  BasePlugin,
  type BrokerContext,
  type ConfigChange,
  type StandardSchema,
} from "./mod.ts";

export type { WebhookOptions };

/** Sends events to an HTTP server. */
export default class Webhook extends BasePlugin<WebhookOptions> {
  /** Checks the options. */
  static override config: StandardSchema<WebhookOptions> = webhookSchema;

  readonly #sender: WebhookSender;
  #sequence = 0;

  /**
   * Creates the plugin. It gets a method for each event that is sent, and no other: an
   * event that nobody observes costs nothing.
   *
   * @param context The broker's services.
   * @throws {Error} If the file of the authority cannot be read, or a filter of
   * `topics` is not valid.
   */
  constructor(context: BrokerContext<WebhookOptions>) {
    super(context);
    const { config } = context;
    this.#check(config);
    this.#sender = new WebhookSender(context);
    for (const name of config.events) this.#observe(name, EVENT_KINDS[name]);
  }

  /**
   * Prepares other options; the events that wait are sent by them. Other `events` need
   * a restart.
   *
   * @param config The new options.
   * @returns What takes them into use, or nothing if a restart is needed.
   * @throws {Error} If the file of the authority cannot be read, or a filter of
   * `topics` is not valid.
   */
  override onConfigChanged(config: WebhookOptions): ConfigChange {
    this.#check(config);
    const endpoint = new Endpoint(config);
    const { events } = this.config;
    if (config.events.join() !== events.join()) return undefined;
    return () => this.#sender.configure(config, endpoint);
  }

  /** Sends what waits. */
  override close(): Promise<void> {
    return this.#sender.close();
  }

  #check({ topics, secret }: WebhookOptions): void {
    const { context } = this;
    if (secret === undefined) {
      context.logger.warn(
        '"secret" is not set: the server cannot tell who sends it events',
      );
    }
    for (const filter of topics ?? []) {
      // Only a malformed filter does not cover itself.
      if (!context.covers(filter, filter)) {
        throw new TypeError(
          `Cannot use the filter "${filter}" of "topics": it is not a valid topic filter`,
        );
      }
    }
  }

  #observe(name: string, { method, describe, topicOf }: EventKind): void {
    const observer = (event: never): void => {
      if (topicOf !== undefined && !this.#isWanted(topicOf(event))) return;
      this.#sender.add(JSON.stringify({
        sequence: ++this.#sequence,
        time: new Date(),
        event: name,
        ...describe(event),
      }));
    };
    Object.assign(this, { [method]: observer });
  }

  #isWanted(topic: string): boolean {
    const { topics } = this.config;
    return topics === undefined ||
      topics.some((filter) => this.context.matches(filter, topic));
  }
}
