/**
 * The retained messages: one a topic, found by topic or by filter.
 *
 * @module
 */

import type { Message } from "../message.ts";

// Depth of a node below a `#`.
const EVERYTHING = -1;

class Node {
  children: Map<string, Node> | undefined = undefined;
  message: Message | undefined = undefined;
}

/** A tree of topic levels with at most one message at each node. */
export class RetainedMessages {
  readonly #root = new Node();
  /** How many there are. */
  size = 0;
  /** What they weigh, in bytes. */
  bytes = 0;

  /**
   * Sets a topic's message.
   *
   * @param message A kept message.
   */
  set(message: Message): void {
    let node = this.#root;
    for (const level of message.topic.split("/")) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) node.children.set(level, child = new Node());
      node = child;
    }
    if (node.message === undefined) this.size++;
    this.bytes += message.weight - (node.message?.weight ?? 0);
    node.message = message;
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
      node = node.children?.get(level);
      if (node === undefined) return undefined;
    }
    return this.#alive(node, Date.now());
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
      const child = path[path.length - 1].children?.get(level);
      if (child === undefined) return false;
      path.push(child);
    }
    const node = path[levels.length];
    if (node.message === undefined) return false;
    this.bytes -= node.message.weight;
    node.message = undefined;
    this.size--;
    for (let i = levels.length; i > 0; i--) {
      if (path[i].children !== undefined || path[i].message !== undefined) {
        break;
      }
      const parent = path[i - 1];
      parent.children!.delete(levels[i - 1]);
      if (parent.children!.size === 0) parent.children = undefined;
    }
    return true;
  }

  /**
   * The messages that a filter selects, one step at a time: the caller may stop
   * between two of them and go on later, while messages come and go.
   *
   * @param filter A valid topic filter.
   * @returns The messages; for steps that found nothing, `undefined`.
   */
  *match(filter: string): Generator<Message | undefined> {
    const levels = filter.split("/");
    const now = Date.now();
    const open: { node: Node; depth: number }[] = [
      { node: this.#root, depth: 0 },
    ];
    while (open.length > 0) {
      const { node, depth } = open.pop()!;
      const level = depth === EVERYTHING ? "#" : levels[depth];
      if (level === undefined) {
        yield this.#alive(node, now);
        continue;
      }
      if (level !== "#" && level !== "+") {
        const child = node.children?.get(level);
        if (child !== undefined) open.push({ node: child, depth: depth + 1 });
        continue;
      }
      // `a/#` selects `a` too.
      if (level === "#") yield this.#alive(node, now);
      for (const [name, child] of node.children ?? []) {
        // [MQTT-4.7.2-1]
        if (depth === 0 && name.startsWith("$")) continue;
        open.push({
          node: child,
          depth: level === "#" ? EVERYTHING : depth + 1,
        });
        if (level === "+") yield undefined;
      }
    }
  }

  #alive(node: Node, now: number): Message | undefined {
    const { message } = node;
    return message === undefined || message.expired(now) ? undefined : message;
  }
}
