/**
 * Asks the interceptors of one hook, one after the other: each sees what those
 * before it have made.
 *
 * @module
 */

import { FAILED } from "./decisions.ts";
import type { Step } from "./hook_tables.ts";
import type { InFlight } from "./in_flight.ts";
import { type AnswerForm, problemOf } from "./interceptor_answers.ts";
import type { Denial } from "./mod.ts";
import {
  isThenable,
  refusePromise,
  TIMED_OUT,
  withTimeLimit,
} from "./time_limit.ts";

const NOT_AUTHORIZED = 0x87;
// An interceptor may cause what is intercepted: a message, for instance.
const DEEPEST = 16;

/** An answer that nothing goes on after. */
export class Stop implements Denial {
  /** Always `false`. */
  readonly allow = false;
  /** Whether it is to pass unnoticed. */
  readonly drop: boolean;
  /** Reason code of MQTT 5. */
  readonly reasonCode: number;
  /** Text for the client. */
  readonly reasonString: string | undefined;

  constructor(drop: boolean, reasonCode: number, reasonString?: string) {
    this.drop = drop;
    this.reasonCode = reasonCode;
    this.reasonString = reasonString;
  }
}

const DROPPED = new Stop(true, 0);
const REFUSED = new Stop(false, NOT_AUTHORIZED);

/**
 * Makes another event of one and what is to be different.
 *
 * @throws {Error} If that cannot be: the plugin has made a mistake.
 */
export type Apply<Event, Changes> = (event: Event, changes: Changes) => Event;

/** The interceptors of one hook. */
export class InterceptorChain<Event extends object, Changes> {
  readonly #steps: readonly Step[];
  readonly #method: string;
  readonly #form: AnswerForm;
  readonly #timeout: number;
  readonly #inFlight: InFlight;
  #depth = 0;

  /**
   * Creates the chain.
   *
   * @param steps Whom to ask, in this order.
   * @param method Name of the hook.
   * @param form What they may answer.
   * @param timeout How long one may take, in milliseconds.
   * @param inFlight Where chains are counted that wait for a plugin.
   */
  constructor(
    steps: readonly Step[],
    method: string,
    form: AnswerForm,
    timeout: number,
    inFlight: InFlight,
  ) {
    this.#steps = steps;
    this.#method = method;
    this.#form = form;
    this.#timeout = timeout;
    this.#inFlight = inFlight;
  }

  /**
   * Asks the interceptors.
   *
   * @param event What it is about.
   * @param apply Makes the event that the next one sees.
   * @returns The same event if nothing changes, another one, or that it ends here; a
   *   promise only if a plugin answered with one.
   */
  ask(
    event: Event,
    apply: Apply<Event, Changes>,
  ): Event | Stop | Promise<Event | Stop> {
    if (this.#inFlight.isOver) return this.#unasked(event);
    return this.#askFrom(0, event, apply, false);
  }

  /**
   * The same for many events, in a loop of the caller's: what surrounds a question takes
   * longer than the question.
   *
   * @param event What it is about, first one thing and then the next.
   * @param apply Makes the event that the next interceptor sees.
   * @param loop Asks with the function it is given, and returns the first answer that is
   *   neither `undefined` nor `null`.
   * @returns `undefined` if nothing changes, else what `ask()` returns about the last.
   */
  askInLoop(
    event: Event,
    apply: Apply<Event, Changes>,
    loop: (ask: (event: Event) => unknown) => unknown,
  ): Event | Stop | Promise<Event | Stop> | undefined {
    const depth = this.#depth;
    const [{ handler, plugin }, ...others] = this.#steps;
    if (this.#inFlight.isOver || depth === DEEPEST || others.length > 0) {
      return loop((event) => {
        const answer = this.ask(event, apply);
        return answer === event ? undefined : answer;
      }) as Event | Stop | Promise<Event | Stop> | undefined;
    }
    let answer: unknown;
    this.#depth = depth + 1;
    try {
      answer = loop(handler);
    } catch (error) {
      plugin.log.failed(this.#method, error);
      answer = FAILED;
    }
    this.#depth = depth;
    return answer === undefined || answer === null
      ? undefined
      : this.#answered(0, answer, event, apply, false);
  }

  /**
   * The same where nobody can wait: a promise is a mistake.
   *
   * @param event What it is about.
   * @param apply Makes the event that the next one sees.
   * @returns The same event if nothing changes, another one, or that it ends here.
   */
  askNow(event: Event, apply: Apply<Event, Changes>): Event | Stop {
    if (this.#inFlight.isOver) return this.#unasked(event);
    return this.#askFrom(0, event, apply, true) as Event | Stop;
  }

  #askFrom(
    start: number,
    event: Event,
    apply: Apply<Event, Changes>,
    now: boolean,
  ): Event | Stop | Promise<Event | Stop> {
    const steps = this.#steps;
    for (let index = start; index < steps.length; index++) {
      const answer = this.#call(steps[index], event);
      if (answer === undefined || answer === null) continue;
      return this.#answered(index, answer, event, apply, now);
    }
    return event;
  }

  #call({ handler, plugin }: Step, event: Event): unknown {
    const depth = this.#depth;
    let answer: unknown;
    try {
      if (depth === DEEPEST) throw new Error(TOO_DEEP);
      this.#depth = depth + 1;
      answer = handler(event);
    } catch (error) {
      plugin.log.failed(this.#method, error);
      answer = FAILED;
    }
    this.#depth = depth;
    return answer;
  }

  /** One has answered: the others get what is left of the event, if anything. */
  #answered(
    index: number,
    answer: NonNullable<unknown>,
    event: Event,
    apply: Apply<Event, Changes>,
    now: boolean,
  ): Event | Stop | Promise<Event | Stop> {
    const step = this.#steps[index];
    let next: Event | Stop | undefined;
    this.#depth++;
    try {
      if (answer === FAILED) next = this.#goesOn(step) ? event : REFUSED;
      else if (isThenable(answer)) {
        if (!now) return this.#goOn(index, answer, event, apply);
        refusePromise(answer);
      } else next = this.#take(answer, event, apply);
    } catch (error) {
      step.plugin.log.failed(this.#method, error);
      next = this.#goesOn(step) ? event : REFUSED;
    } finally {
      this.#depth--;
    }
    if (next instanceof Stop) return next;
    return this.#askFrom(index + 1, next, apply, now);
  }

  /** Until its end the plugins of the chain are needed. */
  async #goOn(
    index: number,
    promise: PromiseLike<unknown>,
    event: Event,
    apply: Apply<Event, Changes>,
  ): Promise<Event | Stop> {
    this.#inFlight.enter();
    try {
      return await this.#wait(index, promise, event, apply);
    } finally {
      this.#inFlight.leave();
    }
  }

  async #wait(
    index: number,
    promise: PromiseLike<unknown>,
    event: Event,
    apply: Apply<Event, Changes>,
  ): Promise<Event | Stop> {
    const step = this.#steps[index];
    const limit = step.timeout ?? this.#timeout;
    try {
      const answer = await withTimeLimit(promise, limit);
      if (this.#inFlight.isOver) return this.#unasked(event);
      if (answer === TIMED_OUT) {
        throw new Error(`no answer after ${limit} ms`);
      }
      if (answer === FAILED) {
        if (!this.#goesOn(step)) return REFUSED;
      } else if (answer !== undefined && answer !== null) {
        const next = this.#take(answer, event, apply);
        if (next instanceof Stop) return next;
        event = next;
      }
    } catch (error) {
      step.plugin.log.failed(this.#method, error);
      if (!this.#goesOn(step)) return REFUSED;
    }
    return this.#askFrom(index + 1, event, apply, false);
  }

  /** What becomes of an event that nobody is asked about any more. */
  #unasked(event: Event): Event | Stop {
    return this.#form.refuses === true ? REFUSED : event;
  }

  /** Whether the others are asked when one fails: where nothing can be refused, always. */
  #goesOn({ fallback }: Step): boolean {
    return this.#form.refuses !== true || fallback === "allow";
  }

  /** What an answer makes of an event. */
  #take(
    answer: unknown,
    event: Event,
    apply: Apply<Event, Changes>,
  ): Event | Stop {
    const form = this.#form;
    if (answer === true && form.agrees === true) return event;
    if (form.refuses === true) {
      if (answer === false) return REFUSED;
      if (isDenial(answer)) return refusalOf(answer);
    }
    if (typeof answer !== "object" || answer === null) {
      throw new TypeError(`the answer cannot be "${String(answer)}"`);
    }
    if (form.drops === true && "drop" in answer && answer.drop === true) {
      const [, more] = Object.keys(answer);
      if (more === undefined) return DROPPED;
    }
    const problem = problemOf(answer, form.changes);
    if (problem !== undefined) throw new TypeError(`the answer ${problem}`);
    const values = Object.values(answer);
    // An error, for instance, has no fields, and is no consent either.
    if (values.length === 0 && !isPlain(answer)) {
      throw new TypeError("the answer is not a plain object");
    }
    return values.every((value) => value === undefined)
      ? event
      : apply(event, answer as Changes);
  }
}

const TOO_DEEP =
  `it causes what it intercepts, again and again: ${DEEPEST} times`;

function isPlain(answer: object): boolean {
  const prototype = Object.getPrototypeOf(answer);
  return prototype === null || prototype === Object.prototype;
}

function isDenial(answer: unknown): answer is Denial {
  return typeof answer === "object" && answer !== null && "allow" in answer &&
    answer.allow === false;
}

function refusalOf({ reasonCode, reasonString }: Denial): Stop {
  const code = reasonCode ?? NOT_AUTHORIZED;
  if (!Number.isInteger(code) || code < 0x80 || code > 0xff) {
    throw new RangeError(
      `the reason code must be from 128 to 255, received ${code}`,
    );
  }
  return new Stop(
    false,
    code,
    reasonString === undefined ? undefined : String(reasonString),
  );
}
