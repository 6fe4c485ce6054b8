/**
 * The retained messages: one a topic, found by topic or by filter.
 *
 * @module
 */

import type { Message } from "../message.ts";
import { PackedMessage } from "../packed_message.ts";
import { Branch } from "./branch.ts";

class Node extends Branch<Node> {
  message: PackedMessage | undefined = undefined;
}

/** Places that are still to be visited. */
interface Visit {
  /** The places, with their names. */
  readonly places: Iterator<[string, Node]>;
  /** The level of the filter to go on with at each. */
  readonly depth: number;
  /** Whether they are the first levels of topics. */
  readonly first: boolean;
}

/** A tree of topic levels with at most one message at each place. */
export class RetainedMessages {
  readonly #root = new Node();
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
    let node = this.#root;
    for (const level of message.topic.split("/")) {
      node = node.child(level) ?? node.addChild(level, new Node());
    }
    const packed = new PackedMessage(message);
    if (node.message === undefined) this.size++;
    this.bytes += packed.weight - (node.message?.weight ?? 0);
    node.message = packed;
  }

  /**
   * Finds the message of one topic.
   *
   * @param topic A topic name.
   * @returns The message, unless there is none or it has expired.
   */
  get(topic: string): Message | undefined {
    let node: Node | undefined = this.#root;
    for (const level of topic.split("/")) {
      node = node.child(level);
      if (node === undefined) return undefined;
    }
    return messageAt(node, Date.now());
  }

  /**
   * Removes a topic's message.
   *
   * @param topic A topic name.
   * @returns Whether there was one.
   */
  delete(topic: string): boolean {
    const levels = topic.split("/");
    const path: Node[] = [this.#root];
    for (const level of levels) {
      const child = path[path.length - 1].child(level);
      if (child === undefined) return false;
      path.push(child);
    }
    const node = path[levels.length];
    if (node.message === undefined) return false;
    this.bytes -= node.message.weight;
    node.message = undefined;
    this.size--;
    for (let i = levels.length; i > 0; i--) {
      if (!path[i].childless || path[i].message !== undefined) break;
      path[i - 1].removeChild(levels[i - 1]);
    }
    return true;
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
    let node: Node | undefined = this.#root;
    let depth = 0;
    for (;;) {
      while (node !== undefined && isName(levels[depth])) {
        node = node.child(levels[depth++]);
      }
      if (node === undefined) yield undefined;
      else if (depth === levels.length) yield messageAt(node, now);
      else {
        const everything = levels[depth] === "#";
        // `a/#` selects `a` too.
        if (everything) yield messageAt(node, now);
        open.push({
          places: node.children(),
          depth: everything ? depth : depth + 1,
          first: node === this.#root,
        });
      }
      const next = nextOf(open);
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
function nextOf(open: Visit[]): [Node, number] | undefined {
  while (open.length > 0) {
    const { places, depth, first } = open[open.length - 1];
    const { done, value } = places.next();
    if (done) {
      open.pop();
      continue;
    }
    const [name, node] = value;
    // [MQTT-4.7.2-1]
    if (!first || !name.startsWith("$")) return [node, depth];
  }
  return undefined;
}

function messageAt(node: Node, now: number): Message | undefined {
  const { message } = node;
  return message === undefined || message.expired(now)
    ? undefined
    : message.unpack();
}
