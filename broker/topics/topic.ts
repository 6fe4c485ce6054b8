/**
 * A topic: its name, and what the broker remembers about it.
 *
 * @module
 */

import type { InternedTopic } from "../../codec/topic_table.ts";
import type { Route } from "./subscription_tree.ts";

const encoder = new TextEncoder();

/** A topic name with the subscriptions that it was last found to match. */
export class Topic implements InternedTopic {
  /** The topic name. */
  readonly name: string;
  /** The same in UTF-8. */
  readonly bytes: Uint8Array;
  /** How many levels the name has. */
  readonly levels: number;
  /** A hash of the name. */
  readonly hash: number;
  /** Who gets its messages; valid while the tree's `epoch` is {@linkcode Topic.routeEpoch}. */
  route: Route | undefined = undefined;
  /** The state of the tree that `route` belongs to. */
  routeEpoch = -1;

  /**
   * Creates a topic.
   *
   * @param name A valid topic name.
   * @param bytes The same in UTF-8.
   */
  constructor(name: string, bytes: Uint8Array = encoder.encode(name)) {
    this.name = name;
    this.bytes = bytes;
    let levels = 1;
    let hash = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === 0x2f) levels++;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    this.levels = levels;
    this.hash = hash ^ (hash >>> 15);
  }

  /** Whether the name begins with `$`. */
  get internal(): boolean {
    return this.bytes[0] === 0x24;
  }
}
