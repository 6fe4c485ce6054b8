/**
 * Stands before a plugin whose configuration limits how it is called.
 *
 * @module
 */

import { CircuitBreaker, type Passage } from "./circuit_breaker.ts";
import { FAILED } from "./decisions.ts";
import type { FailureLog } from "./failure_log.ts";
import type { Logger } from "./mod.ts";
import type { EventHandler } from "./observers.ts";
import type { PluginPolicy } from "./policy.ts";
import { sameData } from "./same_data.ts";
import { isThenable, TIMED_OUT, withTimeLimit } from "./time_limit.ts";
import { Turnstile } from "./turnstile.ts";

/** Whose guard it is. */
export interface GuardedPlugin {
  /** Its name. */
  readonly name: string;
  /** Its failures. */
  readonly log: FailureLog;
  /** Its logger. */
  readonly logger: Logger;
  /** Is told of an alarm and why, or by `undefined` that it is over. */
  readonly onAlarm: (alarm: string, message: string | undefined) => void;
}

/**
 * Limits how many answers of a plugin are waited for, and leaves it alone while it
 * fails. A plugin without such a policy is called as if there were no guard.
 */
export class PluginGuard {
  readonly #plugin: GuardedPlugin;
  #policy: Pick<PluginPolicy, "concurrency" | "circuitBreaker"> = {};
  #turnstile: Turnstile | undefined;
  #breaker: CircuitBreaker | undefined;

  /**
   * Creates the guard of a plugin.
   *
   * @param plugin The plugin.
   * @param policy Its policy.
   */
  constructor(plugin: GuardedPlugin, policy: PluginPolicy) {
    this.#plugin = plugin;
    this.configure(policy);
    plugin.log.onFailure = () => this.#breaker?.failed();
  }

  /** Whether it has anything to do. */
  get isNeeded(): boolean {
    return this.#turnstile !== undefined || this.#breaker !== undefined;
  }

  /**
   * Takes another policy into use. What has changed begins anew.
   *
   * @param policy The policy.
   */
  configure({ concurrency, circuitBreaker }: PluginPolicy): void {
    const before = this.#policy;
    this.#policy = { concurrency, circuitBreaker };
    if (concurrency !== before.concurrency) {
      this.#turnstile = concurrency === undefined
        ? undefined
        : new Turnstile(concurrency);
    }
    if (sameData(circuitBreaker, before.circuitBreaker)) return;
    this.#breaker?.close();
    this.#breaker = circuitBreaker &&
      new CircuitBreaker(circuitBreaker, (isOpen) => this.#tell(isOpen));
  }

  /** Ends an alarm: the plugin is not needed any more. */
  release(): void {
    this.#breaker?.close();
  }

  /**
   * Guards a method that answers.
   *
   * @param hook Name of the method.
   * @param ask The method.
   * @param timeout Milliseconds for an answer, waiting for its turn included.
   * @returns What to call instead. It keeps the time limit itself, and answers `FAILED`
   *   for a plugin that is left alone, and where a failure was logged already.
   */
  guardQuestion(
    hook: string,
    ask: EventHandler,
    timeout: number,
  ): EventHandler {
    return (event) => {
      const passage = this.#breaker?.ask() ?? "closed";
      if (passage === "open") return FAILED;
      const turnstile = this.#turnstile;
      if (turnstile?.isFull) {
        return this.#waitAndAsk(hook, ask, event, passage, timeout, turnstile);
      }
      const answer = ask(event);
      if (isThenable(answer)) {
        turnstile?.enter();
        return this.#settle(hook, answer, passage, timeout, turnstile);
      }
      if (passage === "probe") this.#breaker?.close();
      return answer;
    };
  }

  /**
   * Guards a method whose answer nobody waits for.
   *
   * @param call The method.
   * @param skipped What counts as the answer of a plugin that is left alone.
   * @returns What to call instead.
   */
  guardCall(call: EventHandler, skipped?: unknown): EventHandler {
    return (event) => {
      const passage = this.#breaker?.ask() ?? "closed";
      if (passage === "open") return skipped;
      const result = call(event);
      if (passage === "closed") return result;
      if (!isThenable(result)) {
        this.#breaker?.close();
        return result;
      }
      return Promise.resolve(result).then(() => this.#breaker?.close());
    };
  }

  async #waitAndAsk(
    hook: string,
    ask: EventHandler,
    event: unknown,
    passage: Passage,
    timeout: number,
    turnstile: Turnstile,
  ): Promise<unknown> {
    const deadline = performance.now() + timeout;
    const turn = turnstile.wait();
    if (turn === undefined) {
      return this.#fail(hook, new Error("too many wait for its answer"));
    }
    await turn;
    const left = deadline - performance.now();
    let answer: unknown;
    try {
      if (left <= 0) throw new Error(`no turn within ${timeout} ms`);
      answer = ask(event);
    } catch (error) {
      turnstile.leave();
      return this.#fail(hook, error);
    }
    if (isThenable(answer)) {
      return await this.#settle(hook, answer, passage, left, turnstile);
    }
    turnstile.leave();
    if (passage === "probe") this.#breaker?.close();
    return answer;
  }

  async #settle(
    hook: string,
    promise: PromiseLike<unknown>,
    passage: Passage,
    timeout: number,
    turnstile: Turnstile | undefined,
  ): Promise<unknown> {
    try {
      const answer = await withTimeLimit(promise, timeout);
      if (answer === TIMED_OUT) {
        throw new Error(`no answer after ${Math.round(timeout)} ms`);
      }
      if (passage === "probe") this.#breaker?.close();
      return answer;
    } catch (error) {
      return this.#fail(hook, error);
    } finally {
      turnstile?.leave();
    }
  }

  #fail(hook: string, error: unknown): typeof FAILED {
    this.#plugin.log.failed(hook, error);
    return FAILED;
  }

  #tell(isOpen: boolean): void {
    const { name, logger, onAlarm } = this.#plugin;
    const alarm = `plugin:${name}`;
    if (!isOpen) {
      logger.warn(`The plugin "${name}" is called again`, { plugin: name });
      onAlarm(alarm, undefined);
      return;
    }
    const { failures, window, open } = this.#policy.circuitBreaker!;
    const message =
      `The plugin "${name}" failed ${failures} times in ${window} seconds: it is left alone for ${open} seconds, and what it decides is decided by its fallback`;
    logger.error(message, { plugin: name });
    onAlarm(alarm, message);
  }
}
