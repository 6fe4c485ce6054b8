/**
 * Remembers what a back-end answered.
 *
 * @module
 */

/** Options of {@linkcode DecisionCache}. */
export interface DecisionCacheOptions {
  /** How many answers are remembered at most. */
  size: number;
  /** The time in milliseconds, from whenever. Default: `performance.now()`. */
  now?: () => number;
}

/** An answer that just came. */
export interface FreshAnswer<Answer> {
  /** The answer. */
  readonly answer: Answer;
  /** How many seconds it holds; 0: it is not remembered. */
  readonly seconds: number;
}

interface Remembered<Answer> {
  readonly answer: Answer;
  readonly until: number;
}

/** What was asked about one client. */
interface ClientRecord<Answer> {
  readonly answers: Map<string, Remembered<Answer>>;
  readonly open: Map<string, Promise<Answer>>;
}

/**
 * Answers by client and question. A question that is open already is not asked
 * again: both get the one answer. A failure is not remembered.
 */
export class DecisionCache<Answer> {
  readonly #limit: number;
  readonly #now: () => number;
  // Who got an answer last is last.
  readonly #clients = new Map<string, ClientRecord<Answer>>();
  #size = 0;

  /**
   * Creates the cache.
   *
   * @param options Its size.
   */
  constructor(options: DecisionCacheOptions) {
    this.#limit = options.size;
    this.#now = options.now ?? (() => performance.now());
  }

  /** How many answers are remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Answers a question.
   *
   * @param clientId Whom it is about.
   * @param question The question as a text.
   * @param ask Asks the back-end.
   * @returns The answer; a promise only if it is not remembered.
   */
  answer(
    clientId: string,
    question: string,
    ask: () => Promise<FreshAnswer<Answer>>,
  ): Answer | Promise<Answer> {
    const record = this.#clients.get(clientId);
    const known = record?.answers.get(question);
    if (known !== undefined) {
      if (this.#now() < known.until) return known.answer;
      record!.answers.delete(question);
      this.#size--;
    }
    return record?.open.get(question) ??
      this.#ask(clientId, question, ask, record);
  }

  /**
   * Forgets a client. The answer to an open question about it is not remembered.
   *
   * @param clientId Which client.
   */
  forget(clientId: string): void {
    const record = this.#clients.get(clientId);
    if (record === undefined) return;
    this.#clients.delete(clientId);
    this.#size -= record.answers.size;
  }

  #ask(
    clientId: string,
    question: string,
    ask: () => Promise<FreshAnswer<Answer>>,
    record: ClientRecord<Answer> = { answers: new Map(), open: new Map() },
  ): Promise<Answer> {
    this.#clients.set(clientId, record);
    const promise = ask().then(({ answer, seconds }) => {
      // Not if the client was forgotten meanwhile.
      if (seconds > 0 && this.#clients.get(clientId) === record) {
        record.answers.set(question, {
          answer,
          until: this.#now() + seconds * 1000,
        });
        this.#size++;
        this.#clients.delete(clientId);
        this.#clients.set(clientId, record);
        this.#shrink(record);
      }
      return answer;
    }).finally(() => {
      record.open.delete(question);
      if (record.open.size > 0 || record.answers.size > 0) return;
      if (this.#clients.get(clientId) === record) {
        this.#clients.delete(clientId);
      }
    });
    record.open.set(question, promise);
    return promise;
  }

  /** Makes room: first what other clients asked, the longest ago first. */
  #shrink(latest: ClientRecord<Answer>): void {
    for (const [clientId, record] of this.#clients) {
      if (this.#size <= this.#limit || record === latest) break;
      this.forget(clientId);
    }
    for (const question of latest.answers.keys()) {
      if (this.#size <= this.#limit) break;
      latest.answers.delete(question);
      this.#size--;
    }
  }
}
