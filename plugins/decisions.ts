/**
 * One verdict out of the answers of many plugins.
 *
 * @module
 */

import type { FailureLog } from "./failure_log.ts";
import type { InFlight } from "./in_flight.ts";
import type { Denial, EnhancedAuthResult } from "./mod.ts";
import { isThenable, TIMED_OUT, withTimeLimit } from "./time_limit.ts";

/** What the plugins decided together. A denial always has its reason code. */
export type Verdict =
  | true
  | Denial & {
    readonly reasonCode: number;
    /** Whether it only is one because a plugin failed. */
    readonly failed?: boolean;
  };

/**
 * How the answers of several plugins become one verdict.
 *
 * - `all` (aMQTT's rule): who abstains does not count; somebody must answer, and
 *   every answer must be `true`.
 * - `deny-overrides`: one denial denies, otherwise one `true` is enough. Since
 *   abstentions do not count, this is the same rule under the name that access
 *   control has for it.
 * - `first`: the first plugin that does not abstain decides.
 *
 * In each case it is a denial if everybody abstains. A plugin after the one that
 * settled the verdict is not asked.
 */
export type DecisionPolicy = "all" | "first" | "deny-overrides";

/** A plugin that is asked. */
export interface Decider<Event> {
  /** The plugin's method, bound to it. */
  readonly ask: (event: Event) => unknown;
  /** Name of the method, for the log. */
  readonly method: string;
  /** Where failures go. */
  readonly log: FailureLog;
  /**
   * How long it may take, in milliseconds; absent: as long as any. `Infinity`: it
   * sees to it itself.
   */
  readonly timeout?: number;
}

const NOT_AUTHORIZED = 0x87;

/** The denial without any detail. */
export const DENIED: Verdict = Object.freeze({
  allow: false,
  reasonCode: NOT_AUTHORIZED,
});

/**
 * The same, because a plugin failed. Whoever answers with this very object has
 * logged the failure already.
 */
export const FAILED: Exclude<Verdict, true> = Object.freeze({
  allow: false,
  reasonCode: NOT_AUTHORIZED,
  failed: true,
});

/** Asks plugins and combines their answers. */
export class DecisionMaker<Event> {
  readonly #deciders: ReadonlyArray<Decider<Event>>;
  readonly #firstDecides: boolean;
  readonly #timeout: number;
  readonly #inFlight: InFlight;

  /**
   * Creates the decision maker.
   *
   * @param deciders Whom to ask, in this order.
   * @param policy How the answers are combined.
   * @param timeout How long one plugin may take, in milliseconds.
   * @param inFlight Where decisions are counted that wait for a plugin.
   */
  constructor(
    deciders: ReadonlyArray<Decider<Event>>,
    policy: DecisionPolicy,
    timeout: number,
    inFlight: InFlight,
  ) {
    this.#deciders = deciders;
    this.#firstDecides = policy === "first";
    this.#timeout = timeout;
    this.#inFlight = inFlight;
  }

  /**
   * Asks for a verdict.
   *
   * @param event What it is about.
   * @returns The verdict; a promise only if a plugin answered with one.
   */
  decide(event: Event): Verdict | Promise<Verdict> {
    return this.#askFrom(0, false, event);
  }

  #askFrom(
    start: number,
    someoneAgrees: boolean,
    event: Event,
  ): Verdict | Promise<Verdict> {
    const deciders = this.#deciders;
    for (let index = start; index < deciders.length; index++) {
      const decider = deciders[index];
      let answer: unknown;
      try {
        answer = decider.ask(event);
      } catch (error) {
        decider.log.failed(decider.method, error);
        return FAILED;
      }
      if (answer === true) {
        if (this.#firstDecides) return true;
        someoneAgrees = true;
      } else if (answer === false) {
        return DENIED;
      } else if (answer !== undefined && answer !== null) {
        if (!isThenable(answer)) return denialOf(answer, decider);
        return this.#wait(index, answer, someoneAgrees, event);
      }
    }
    return someoneAgrees ? true : DENIED;
  }

  async #wait(
    index: number,
    promise: PromiseLike<unknown>,
    someoneAgrees: boolean,
    event: Event,
  ): Promise<Verdict> {
    const decider = this.#deciders[index];
    this.#inFlight.enter();
    try {
      const answer = await settle(promise, decider, this.#timeout);
      if (this.#inFlight.isOver) return FAILED;
      if (answer === true) {
        if (this.#firstDecides) return true;
        someoneAgrees = true;
      } else if (answer !== undefined && answer !== null) {
        return denialOf(answer, decider);
      }
      return await this.#askFrom(index + 1, someoneAgrees, event);
    } finally {
      this.#inFlight.leave();
    }
  }
}

/** What the plugins answered to a step of enhanced authentication. */
export type EnhancedAuthVerdict =
  | Extract<EnhancedAuthResult, { result: string }>
  | Exclude<Verdict, true>
  | undefined;

/**
 * Asks for one step of enhanced authentication: the first plugin that knows the
 * method decides.
 *
 * @param deciders Whom to ask, in this order.
 * @param event The step.
 * @param timeout How long one plugin may take, in milliseconds.
 * @param inFlight Says when nobody is to be asked any more.
 * @returns The answer, or `undefined` if no plugin knows the method.
 */
export async function decideEnhanced<Event>(
  deciders: ReadonlyArray<Decider<Event>>,
  event: Event,
  timeout: number,
  inFlight: InFlight,
): Promise<EnhancedAuthVerdict> {
  for (const decider of deciders) {
    let answer: unknown;
    try {
      answer = decider.ask(event);
    } catch (error) {
      decider.log.failed(decider.method, error);
      return FAILED;
    }
    if (isThenable(answer)) answer = await settle(answer, decider, timeout);
    if (inFlight.isOver) return FAILED;
    if (answer === undefined || answer === null) continue;
    return isStep(answer) ? answer : denialOf(answer, decider);
  }
  return undefined;
}

/** Waits for an answer; whoever fails or takes too long has denied. */
async function settle(
  promise: PromiseLike<unknown>,
  { log, method, timeout: own }: Decider<never>,
  common: number,
): Promise<unknown> {
  const timeout = own ?? common;
  try {
    const answer = await withTimeLimit(promise, timeout);
    if (answer !== TIMED_OUT) return answer;
    log.failed(method, new Error(`no answer after ${timeout} ms`));
  } catch (error) {
    log.failed(method, error);
  }
  return FAILED;
}

/** Everything but a clear answer denies: a truthy mistake must not open the door. */
function denialOf(
  answer: unknown,
  decider: Decider<never>,
): Exclude<Verdict, true> {
  try {
    return readDenial(answer, decider);
  } catch (error) {
    // An object of the plugin's own, with getters that fail.
    decider.log.failed(decider.method, error);
    return FAILED;
  }
}

function readDenial(
  answer: unknown,
  { log, method }: Decider<never>,
): Exclude<Verdict, true> {
  if (answer === FAILED) return FAILED;
  const denied = DENIED as Exclude<Verdict, true>;
  if (answer === false) return denied;
  if (!isDenial(answer)) {
    log.failed(
      method,
      new TypeError(
        `the answer must be true, false, a denial or nothing, received ${
          typeof answer === "object" ? "an object" : `"${String(answer)}"`
        }`,
      ),
    );
    return denied;
  }
  const { reasonCode = NOT_AUTHORIZED, reasonString } = answer;
  if (!Number.isInteger(reasonCode) || reasonCode < 0x80 || reasonCode > 0xff) {
    log.failed(
      method,
      new RangeError(
        `the reason code must be from 128 to 255, received ${reasonCode}`,
      ),
    );
    return denied;
  }
  return {
    allow: false,
    reasonCode,
    ...(reasonString !== undefined && { reasonString: String(reasonString) }),
  };
}

function isDenial(answer: unknown): answer is Denial {
  return typeof answer === "object" && answer !== null &&
    (answer as Partial<Denial>).allow === false;
}

function isStep(
  answer: unknown,
): answer is Extract<EnhancedAuthResult, { result: string }> {
  const result = (Object(answer) as { result?: unknown }).result;
  return result === "success" || result === "continue";
}
