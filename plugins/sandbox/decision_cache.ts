/**
 * Answers about topics that need not be asked for again.
 *
 * @module
 */

import type { Decision, Session, TopicFilteringEvent } from "../mod.ts";

/** What {@linkcode DecisionCache.get} answers if it knows nothing. */
export const UNKNOWN: unique symbol = Symbol("unknown");

/** Topics of one session, and answers in all. What is more begins anew. */
const MAX_TOPICS = 1000;
const MAX_ANSWERS = 100_000;

const ACTIONS = { publish: 0, subscribe: 1, receive: 2 } as const;

interface Answer {
  /** A promise while it is being asked for: whoever asks too waits for the same answer. */
  readonly decision: Decision | Promise<Decision>;
  /** The step of the cache's clock at which it is forgotten. */
  readonly end: number;
}

interface SessionAnswers {
  /** Which connection they are of: the next one may have another user. */
  connectedAt: number;
  size: number;
  /** By action, QoS and retain flag; then by topic. */
  readonly topics: Array<Map<string, Answer> | undefined>;
}

/** Steps of the clock in the life of an answer. */
const STEPS = 8;

/**
 * The answers of one plugin, by everything that it was asked: session, topic, action,
 * QoS and retain flag. To find one makes no object, and does not ask the system for the
 * time, which would take longer than all the rest: a timer counts.
 */
export class DecisionCache {
  readonly #step: number;
  #clock = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;
  #sessions = new WeakMap<Session, SessionAnswers>();
  // Those of sessions that are gone count until all begins anew.
  #size = 0;
  #generation = 0;

  /**
   * Creates a cache.
   *
   * @param seconds How long an answer holds at most; an eighth less at least.
   */
  constructor(seconds: number) {
    this.#step = seconds * 1000 / STEPS;
  }

  /** Changes with every {@linkcode clear}. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Looks for an answer.
   *
   * @param event The question.
   * @returns The answer, or {@linkcode UNKNOWN}.
   */
  get(
    event: TopicFilteringEvent,
  ): Decision | Promise<Decision> | typeof UNKNOWN {
    const { session } = event;
    const answers = this.#sessions.get(session);
    if (answers?.connectedAt !== session.connectedAt) return UNKNOWN;
    const answer = answers.topics[kindOf(event)]?.get(event.topic);
    if (answer === undefined || answer.end <= this.#clock) return UNKNOWN;
    return answer.decision;
  }

  /**
   * Keeps an answer.
   *
   * @param event The question.
   * @param decision The answer, or what it will be.
   * @param generation The generation when it was asked for; one that has been cleared since is not kept.
   */
  set(
    event: TopicFilteringEvent,
    decision: Decision | Promise<Decision>,
    generation: number,
  ): void {
    if (generation !== this.#generation || this.#isClosed) return;
    this.#timer ??= setInterval(() => this.#clock++, this.#step);
    const { session, topic } = event;
    if (this.#size >= MAX_ANSWERS) this.clear();
    let answers = this.#sessions.get(session);
    if (
      answers === undefined || answers.connectedAt !== session.connectedAt ||
      answers.size >= MAX_TOPICS
    ) {
      this.#size -= answers?.size ?? 0;
      answers = { connectedAt: session.connectedAt, size: 0, topics: [] };
      this.#sessions.set(session, answers);
    }
    const topics = answers.topics[kindOf(event)] ??= new Map();
    if (!topics.has(topic)) {
      answers.size++;
      this.#size++;
    }
    topics.set(topic, { decision, end: this.#clock + STEPS });
  }

  /**
   * Forgets an answer that did not come.
   *
   * @param event The question.
   * @param decision What was kept.
   */
  forget(event: TopicFilteringEvent, decision: Promise<Decision>): void {
    const answers = this.#sessions.get(event.session);
    const topics = answers?.topics[kindOf(event)];
    if (topics?.get(event.topic)?.decision !== decision) return;
    topics.delete(event.topic);
    answers!.size--;
    this.#size--;
  }

  /** Forgets everything. */
  clear(): void {
    this.#sessions = new WeakMap();
    this.#size = 0;
    this.#generation++;
  }

  /** Forgets everything, for ever. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.clear();
  }
}

function kindOf({ action, qos, retain }: TopicFilteringEvent): number {
  return ACTIONS[action] * 6 + qos * 2 + (retain ? 1 : 0);
}
