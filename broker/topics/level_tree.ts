/**
 * What is kept by topic names or topic filters: a tree of their levels. A row of levels
 * at which nothing stands and nothing branches is one node, however many they are: with
 * a node for each level, a topic of 250 bytes could take 25 KB.
 *
 * @module
 */

import { Branch } from "./branch.ts";

/** A place in the tree. */
export class LevelNode<Value extends object> extends Branch<LevelNode<Value>> {
  /** The levels that belong to it after the first, which its parent knows. */
  tail: string | undefined;
  /** What stands there. */
  value: Value | undefined = undefined;

  constructor(tail: string | undefined) {
    super();
    this.tail = tail;
  }
}

/** A tree of levels. Topic names and filters are the same to it. */
export class LevelTree<Value extends object> {
  readonly root: LevelNode<Value> = new LevelNode(undefined);

  /** Finds what stands at a place. */
  get(path: string): Value | undefined {
    const levels = path.split("/");
    let node = this.root;
    for (let depth = 0; depth < levels.length;) {
      const child = node.child(levels[depth]);
      if (child === undefined) return undefined;
      const shared = sharedLevels(child.tail, levels, depth + 1);
      if (shared.end < lengthOf(child.tail)) return undefined;
      depth += 1 + shared.count;
      node = child;
    }
    return node.value;
  }

  /** Finds a place, and makes it if there is none. Something has to be put there. */
  place(path: string): LevelNode<Value> {
    const levels = path.split("/");
    let node = this.root;
    let depth = 0;
    let at = 0;
    while (depth < levels.length) {
      const level = levels[depth];
      at += level.length + 1;
      depth++;
      const child = node.child(level);
      if (child === undefined) {
        const tail = at > path.length ? undefined : path.slice(at);
        return node.addChild(level, new LevelNode(tail));
      }
      const shared = sharedLevels(child.tail, levels, depth);
      if (shared.end < lengthOf(child.tail)) divide(child, shared.end);
      depth += shared.count;
      at += shared.end + 1;
      node = child;
    }
    return node;
  }

  /** Removes what stands at a place. */
  delete(path: string): void {
    const levels = path.split("/");
    const above: LevelNode<Value>[] = [];
    const names: string[] = [];
    let node = this.root;
    for (let depth = 0; depth < levels.length;) {
      const child = node.child(levels[depth]);
      if (child === undefined) return;
      const shared = sharedLevels(child.tail, levels, depth + 1);
      if (shared.end < lengthOf(child.tail)) return;
      above.push(node);
      names.push(levels[depth]);
      depth += 1 + shared.count;
      node = child;
    }
    node.value = undefined;
    while (above.length > 0 && node.childless && node.value === undefined) {
      node = above.pop()!;
      node.removeChild(names.pop()!);
    }
  }
}

/**
 * Whether `text` has the level `level` from `at` to `end`.
 *
 * @param text Levels.
 * @param at Where one of them begins.
 * @param end Where it ends.
 * @param level A level.
 */
export function isLevel(
  text: string,
  at: number,
  end: number,
  level: string,
): boolean {
  return end - at === level.length && text.startsWith(level, at);
}

/** Where the level ends that begins at `at`. */
export function levelEnd(text: string, at: number): number {
  const end = text.indexOf("/", at);
  return end === -1 ? text.length : end;
}

/** How many levels of a tail are those from `depth` on, and where they end; -1: there are none. */
function sharedLevels(
  tail: string | undefined,
  levels: readonly string[],
  depth: number,
): { count: number; end: number } {
  let count = 0;
  let end = -1;
  while (end < lengthOf(tail) && depth + count < levels.length) {
    const next = levelEnd(tail!, end + 1);
    if (!isLevel(tail!, end + 1, next, levels[depth + count])) break;
    end = next;
    count++;
  }
  return { count, end };
}

/** The length of a tail; -1 without one, since one level may be empty. */
function lengthOf(tail: string | undefined): number {
  return tail === undefined ? -1 : tail.length;
}

/**
 * Makes two places of one: it keeps its levels up to `end`, and what stands at it and is
 * below it goes to the other. Whoever goes through the tree meanwhile finds both.
 */
function divide<Value extends object>(
  upper: LevelNode<Value>,
  end: number,
): void {
  const tail = upper.tail!;
  const next = levelEnd(tail, end + 1);
  const lower = new LevelNode<Value>(
    next === tail.length ? undefined : tail.slice(next + 1),
  );
  lower.adoptChildren(upper);
  lower.value = upper.value;
  upper.value = undefined;
  upper.tail = end === -1 ? undefined : tail.slice(0, end);
  upper.addChild(tail.slice(end + 1, next), lower);
}
