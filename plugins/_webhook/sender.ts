/**
 * Gathers events to batches and sees that they are delivered.
 *
 * @module
 */

import { OccasionalLog } from "../_backend/occasional_log.ts";
import { Replaceable } from "../_backend/replaceable.ts";
import type { BaseContext } from "../mod.ts";
import { Endpoint, type Outcome } from "./endpoint.ts";
import { EventQueue, type EventQueueOptions } from "./event_queue.ts";
import type { WebhookOptions } from "./options.ts";

/** A batch is not made longer than this, in characters. */
const MAX_BATCH_LENGTH = 1 << 20;
/** The longest time between two attempts, in seconds. */
const MAX_RETRY_DELAY = 60;
/** How long a shutdown waits, in milliseconds. */
const FLUSH_LIMIT = 10_000;

/** Sends one batch after the other, so that events arrive in their order. */
export class WebhookSender {
  readonly #context: BaseContext<WebhookOptions>;
  readonly #endpoint: Replaceable<Endpoint>;
  readonly #queue: EventQueue;
  readonly #log: OccasionalLog;
  /** Ends requests when a shutdown has waited long enough. */
  readonly #giveUp = new AbortController();
  /** Ends a pause. */
  #wake: (() => void) | undefined;
  /** Whether the pause is one in which events gather, and none between attempts. */
  #gathering = false;
  #running: Promise<void> | undefined;
  #closing = false;
  #dropped = 0;

  /**
   * Prepares everything. Nothing is sent yet.
   *
   * @param context Options, log and counters of the plugin.
   * @throws {Error} If the file of the authority cannot be read.
   */
  constructor(context: BaseContext<WebhookOptions>) {
    const { config, logger } = context;
    this.#context = context;
    this.#endpoint = new Replaceable(new Endpoint(config));
    this.#log = new OccasionalLog(logger);
    this.#queue = new EventQueue(boundsOf(config));
  }

  /**
   * Takes other options; the events that wait are sent by them.
   *
   * @param config The options, which the context has already.
   * @param endpoint The server that they name.
   */
  configure(config: WebhookOptions, endpoint: Endpoint): void {
    this.#endpoint.replace(endpoint);
    this.#queue.limit(boundsOf(config));
    // A pause may have become shorter.
    this.#wake?.();
  }

  /**
   * Sends an event, soon.
   *
   * @param event The event as JSON.
   */
  add(event: string): void {
    const dropped = this.#queue.add(event);
    if (dropped > 0) {
      this.#drop(dropped);
      this.#log.warn(
        "Events are dropped: the queue is full, the oldest go first",
        { queued: this.#queue.size },
      );
    }
    if (this.#gathering) {
      if (this.#isDue()) this.#wake?.();
    } else this.#running ??= this.#runSafely();
  }

  /** Sends what waits, once and not for long; counts what is left. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wake?.();
    const timer = setTimeout(() => this.#giveUp.abort(), FLUSH_LIMIT);
    await this.#running;
    clearTimeout(timer);
    await this.#endpoint.close();
  }

  /** Nobody waits for it: an error that was not thought of must end here. */
  async #runSafely(): Promise<void> {
    try {
      await this.#run();
    } catch (error) {
      this.#context.logger.error("Cannot send events", { error });
    } finally {
      this.#running = undefined;
    }
  }

  async #run(): Promise<void> {
    while (this.#queue.size > 0) {
      if (!this.#isDue()) {
        this.#gathering = true;
        await this.#pause(this.#context.config.batchDelay);
        this.#gathering = false;
      }
      const { batchSize } = this.#context.config;
      const events = this.#queue.take(batchSize, MAX_BATCH_LENGTH);
      if (await this.#deliver(events)) continue;
      this.#drop(events.length);
      // The next would fare no better, and there is no time.
      if (this.#closing) this.#dropRest(events.length);
    }
  }

  /** Whether the events that wait are enough for a batch. */
  #isDue(): boolean {
    const { batchSize } = this.#context.config;
    return this.#closing || this.#queue.size >= batchSize ||
      this.#queue.length >= MAX_BATCH_LENGTH;
  }

  async #deliver(events: readonly string[]): Promise<boolean> {
    const id = `msg_${crypto.randomUUID()}`;
    const body = `{"dropped":${this.#dropped},"events":[${events.join()}]}`;
    for (let attempt = 0;; attempt++) {
      this.#context.count("requests");
      const outcome = await this.#endpoint.use((endpoint) =>
        endpoint.send(id, body, this.#giveUp.signal)
      );
      if (outcome.delivered) {
        this.#context.count("deliveredEvents", events.length);
        return true;
      }
      this.#context.count("failedRequests");
      const { maxRetries } = this.#context.config;
      const isLast = !outcome.retry || attempt >= maxRetries || this.#closing;
      this.#log.warn(
        `Cannot deliver events to ${this.#address}: ${outcome.why}; ${
          isLast ? "they are dropped" : "they are sent again"
        }`,
        { events: events.length, attempt: attempt + 1 },
      );
      if (isLast) return false;
      await this.#pause(this.#delay(attempt, outcome));
    }
  }

  /** Without the query, which may hold a secret. */
  get #address(): string {
    const { origin, pathname } = new URL(this.#context.config.url);
    return origin + pathname;
  }

  /** Seconds until the next attempt: at random, so that not all brokers come back at once. */
  #delay(attempt: number, outcome: Outcome & { retryAfter?: number }): number {
    const { retryDelay } = this.#context.config;
    const longest = Math.min(retryDelay * 2 ** attempt, MAX_RETRY_DELAY);
    const delay = longest * (0.5 + Math.random() / 2);
    return Math.max(delay, Math.min(outcome.retryAfter ?? 0, MAX_RETRY_DELAY));
  }

  /** Waits until the time is over, or a reason to wait no more comes first. */
  async #pause(seconds: number): Promise<void> {
    if (this.#closing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, seconds * 1000);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    clearTimeout(timer);
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#context.count("droppedEvents", count);
  }

  #dropRest(already: number): void {
    const rest = this.#queue.size;
    this.#queue.take(Infinity, Infinity);
    this.#drop(rest);
    this.#context.logger.warn(
      `${already + rest} events were not delivered before the shutdown`,
    );
  }
}

function boundsOf(
  { maxQueuedEvents, maxQueuedLength }: WebhookOptions,
): EventQueueOptions {
  return { maxEvents: maxQueuedEvents, maxLength: maxQueuedLength };
}
