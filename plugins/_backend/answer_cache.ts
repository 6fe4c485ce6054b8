/**
 * Remembers what a back-end answered.
 *
 * @module
 */

/** Options of {@linkcode AnswerCache}. */
export interface AnswerCacheOptions {
  /** How many answers are remembered at most. Default: 10000. */
  size?: number;
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

/** What was asked about one client or user. */
interface SubjectRecord<Answer> {
  readonly answers: Map<string, Remembered<Answer>>;
  readonly open: Map<string, Promise<Answer>>;
}

/**
 * Answers by whom they are about, a client or a user, and by question. A question that is open already is not asked
 * again: both get the one answer. A failure is not remembered.
 */
export class AnswerCache<Answer> {
  readonly #limit: number;
  readonly #now: () => number;
  // Who got an answer last is last.
  readonly #subjects = new Map<string, SubjectRecord<Answer>>();
  #size = 0;

  /**
   * Creates the cache.
   *
   * @param options Its size.
   */
  constructor(options: AnswerCacheOptions = {}) {
    this.#limit = options.size ?? 10_000;
    this.#now = options.now ?? (() => performance.now());
  }

  /** How many answers are remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Answers a question.
   *
   * @param subject Whom it is about.
   * @param question The question as a text.
   * @param ask Asks the back-end.
   * @returns The answer; a promise only if it is not remembered.
   */
  answer(
    subject: string,
    question: string,
    ask: () => Promise<FreshAnswer<Answer>>,
  ): Answer | Promise<Answer> {
    const record = this.#subjects.get(subject);
    const known = record?.answers.get(question);
    if (known !== undefined) {
      if (this.#now() < known.until) return known.answer;
      record!.answers.delete(question);
      this.#size--;
    }
    return record?.open.get(question) ??
      this.#ask(subject, question, ask, record);
  }

  /**
   * Forgets what is about somebody. The answer to an open question about it is not remembered.
   *
   * @param subject Whom.
   */
  forget(subject: string): void {
    const record = this.#subjects.get(subject);
    if (record === undefined) return;
    this.#subjects.delete(subject);
    this.#size -= record.answers.size;
  }

  #ask(
    subject: string,
    question: string,
    ask: () => Promise<FreshAnswer<Answer>>,
    record: SubjectRecord<Answer> = { answers: new Map(), open: new Map() },
  ): Promise<Answer> {
    this.#subjects.set(subject, record);
    const promise = ask().then(({ answer, seconds }) => {
      // Not if the subject was forgotten meanwhile.
      if (seconds > 0 && this.#subjects.get(subject) === record) {
        record.answers.set(question, {
          answer,
          until: this.#now() + seconds * 1000,
        });
        this.#size++;
        this.#subjects.delete(subject);
        this.#subjects.set(subject, record);
        this.#shrink(record);
      }
      return answer;
    }).finally(() => {
      record.open.delete(question);
      if (record.open.size > 0 || record.answers.size > 0) return;
      if (this.#subjects.get(subject) === record) {
        this.#subjects.delete(subject);
      }
    });
    record.open.set(question, promise);
    return promise;
  }

  /** Makes room: first what is about others, the longest ago first. */
  #shrink(latest: SubjectRecord<Answer>): void {
    for (const [subject, record] of this.#subjects) {
      if (this.#size <= this.#limit || record === latest) break;
      this.forget(subject);
    }
    for (const question of latest.answers.keys()) {
      if (this.#size <= this.#limit) break;
      latest.answers.delete(question);
      this.#size--;
    }
  }
}
