/**
 * What interceptors of every kind may answer.
 *
 * @module
 */

import type { Denial } from "./decisions.ts";

/** An answer that refuses. */
export type Refusal = false | Denial;

/** An answer that changes nothing. */
export type Unchanged = null | undefined | void;

/**
 * Has something end here without telling who sent it: the sender is answered as if
 * it had passed.
 */
export interface Drop {
  /** Always `true`; tells it from other answers. */
  readonly drop: true;
}
