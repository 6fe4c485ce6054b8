/**
 * The retained messages: one a topic, found by topic or by filter.
 *
 * @module
 */

import { ByteSlots } from "../byte_slots.ts";
import type { Message } from "../message.ts";
import { PackedMessage } from "../packed_message.ts";
import { isLevel, levelEnd, type LevelNode, LevelTree } from "./level_tree.ts";

type Node = LevelNode<PackedMessage>;

// Depth of a place below a `#`, and of one that a filter does not lead to.
const EVERYTHING = -1;
const NOTHING = -2;

/** Places that are still to be visited. */
interface Visit {
  /** The places, with their first levels. */
  readonly places: Iterator<[string, Node]>;
  /** The level of the filter to go on with at each. */
  readonly depth: number;
  /** Whether they are the first levels of topics. */
  readonly first: boolean;
}

/** A tree of topic levels with at most one message at each place. */
export class RetainedMessages {
  readonly #tree = new LevelTree<PackedMessage>();
  readonly #slots = new ByteSlots();
  /** How many there are. */
  size = 0;
  /** What they weigh, in bytes. */
  bytes = 0;

  /**
   * Sets a topic's message.
   *
   * @param message The message; it is copied.
   */
  set(message: Message): void {
    const node = this.#tree.place(message.topic);
    if (node.value === undefined) this.size++;
    else this.#free(node.value);
    node.value = new PackedMessage(message, this.#slots);
    this.bytes += node.value.weight;
  }

  /**
   * Finds the message of one topic.
   *
   * @param topic A topic name.
   * @returns The message, unless there is none or it has expired.
   */
  get(topic: string): Message | undefined {
    return alive(this.#tree.get(topic), Date.now());
  }

  /**
   * Removes a topic's message.
   *
   * @param topic A topic name.
   * @returns Whether there was one.
   */
  delete(topic: string): boolean {
    const message = this.#tree.get(topic);
    if (message === undefined) return false;
    this.#tree.delete(topic);
    this.#free(message);
    this.size--;
    return true;
  }

  #free(message: PackedMessage): void {
    this.bytes -= message.weight;
    message.free(this.#slots);
  }

  /**
   * The messages that a filter selects, one small step at a time: the caller may stop
   * between two of them and go on later, while messages come and go.
   *
   * @param filter A valid topic filter.
   * @returns The messages; for steps that found nothing, `undefined`.
   */
  *match(filter: string): Generator<Message | undefined> {
    const levels = filter.split("/");
    const now = Date.now();
    const open: Visit[] = [];
    let node: Node | undefined = this.#tree.root;
    let depth = 0;
    for (;;) {
      while (node !== undefined && isName(levels[depth])) {
        node = node.child(levels[depth]);
        depth = after(node?.tail, levels, depth + 1);
      }
      if (node === undefined || depth === NOTHING) yield undefined;
      else if (depth === levels.length) yield alive(node.value, now);
      else {
        const everything = depth === EVERYTHING || levels[depth] === "#";
        // Before the caller may stop: the place may be divided then.
        open.push({
          places: node.children(),
          depth: everything ? EVERYTHING : depth + 1,
          first: node === this.#tree.root,
        });
        // `a/#` selects `a` too.
        if (everything) yield alive(node.value, now);
      }
      const next = nextOf(open, levels);
      if (next === undefined) return;
      [node, depth] = next;
    }
  }
}

/** Whether a level of a filter is there, and no wildcard. */
function isName(level: string | undefined): level is string {
  return level !== undefined && level !== "+" && level !== "#";
}

/** The next place to look at, and with which level of the filter to go on there. */
function nextOf(
  open: Visit[],
  levels: readonly string[],
): [Node, number] | undefined {
  while (open.length > 0) {
    const { places, depth, first } = open[open.length - 1];
    const { done, value } = places.next();
    if (done) {
      open.pop();
      continue;
    }
    const [name, node] = value;
    // [MQTT-4.7.2-1]
    if (first && name.startsWith("$")) continue;
    if (depth === EVERYTHING) return [node, EVERYTHING];
    return [node, after(node.tail, levels, depth)];
  }
  return undefined;
}

/** Which level of a filter comes after those that select the levels of a tail. */
function after(
  tail: string | undefined,
  levels: readonly string[],
  depth: number,
): number {
  if (tail === undefined) return depth;
  for (let at = 0; at <= tail.length; depth++) {
    if (depth === levels.length) return NOTHING;
    const level = levels[depth];
    if (level === "#") return EVERYTHING;
    const end = levelEnd(tail, at);
    if (level !== "+" && !isLevel(tail, at, end, level)) return NOTHING;
    at = end + 1;
  }
  return depth;
}

function alive(
  message: PackedMessage | undefined,
  now: number,
): Message | undefined {
  return message === undefined || message.expired(now)
    ? undefined
    : message.unpack();
}
