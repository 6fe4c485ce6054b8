/**
 * Asks plugins which member of a shared subscription gets a message.
 *
 * @module
 */

import { FAILED } from "./decisions.ts";
import type { Step } from "./hook_tables.ts";
import type { SelectMemberEvent } from "./mod.ts";
import { isThenable, refusePromise } from "./time_limit.ts";

/** The plugins that choose a member of a shared subscription. */
export class MemberSelector {
  readonly #steps: readonly Step[];

  /**
   * Creates the selector.
   *
   * @param steps Whom to ask, in this order.
   */
  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  /**
   * Asks who gets a message; the first that answers decides.
   *
   * @param event The message and the members.
   * @returns The index of the member; -1: the broker is to choose.
   */
  ask(event: SelectMemberEvent): number {
    for (const { plugin, handler } of this.#steps) {
      try {
        const answer = handler(event);
        if (answer === undefined || answer === null) continue;
        if (answer === FAILED) continue;
        if (isThenable(answer)) refusePromise(answer);
        const at = event.members.findIndex(({ clientId }) =>
          clientId === answer
        );
        if (at >= 0) return at;
        throw new TypeError(
          `the answer must be the client identifier of a member, received "${
            String(answer)
          }"`,
        );
      } catch (error) {
        plugin.log.failed("selectSharedMember", error);
      }
    }
    return -1;
  }
}
