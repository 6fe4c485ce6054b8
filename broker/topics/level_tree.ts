/**
 * What is kept by topic names or topic filters: a tree of their levels. A row of levels
 * at which nothing stands and nothing branches is one node, however many they are: with
 * a node for each level, a topic of 250 bytes could take 25 KB.
 *
 * @module
 */

import { Branch } from "./branch.ts";

const SLASH = 0x2f;

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
    return this.#find(path)?.value;
  }

  /** Finds a place, and makes it if there is none. Something has to be put there. */
  place(path: string): LevelNode<Value> {
    let node = this.root;
    for (let at = 0; at <= path.length;) {
      const end = levelEnd(path, at);
      const level = path.slice(at, end);
      at = end + 1;
      const child = node.child(level);
      if (child === undefined) {
        const tail = at > path.length ? undefined : path.slice(at);
        return node.addChild(level, new LevelNode(tail));
      }
      const shared = sharedEnd(child.tail, path, at);
      if (shared < lengthOf(child.tail)) divide(child, shared);
      at += shared + 1;
      node = child;
    }
    return node;
  }

  /** Removes what stands at a place. */
  delete(path: string): void {
    const above: LevelNode<Value>[] = [];
    const names: string[] = [];
    let node = this.#find(path, above, names);
    if (node === undefined) return;
    node.value = undefined;
    while (above.length > 0 && node.childless && node.value === undefined) {
      node = above.pop()!;
      node.removeChild(names.pop()!);
    }
  }

  /**
   * Finds a place.
   *
   * @param path The levels that lead to it.
   * @param above Where the places above it are added.
   * @param names Where it is added by which name each leads on.
   */
  #find(
    path: string,
    above?: LevelNode<Value>[],
    names?: string[],
  ): LevelNode<Value> | undefined {
    let node = this.root;
    for (let at = 0; at <= path.length;) {
      const end = levelEnd(path, at);
      const level = path.slice(at, end);
      const child = node.child(level);
      if (child === undefined) return undefined;
      above?.push(node);
      names?.push(level);
      at = end + 1;
      if (child.tail !== undefined) {
        if (!hasLevels(path, at, child.tail)) return undefined;
        at += child.tail.length + 1;
      }
      node = child;
    }
    return node;
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

/** Whether the levels of a path from `at` on begin with those of `tail`. */
function hasLevels(path: string, at: number, tail: string): boolean {
  const end = at + tail.length;
  return end <= path.length && endsLevel(path, end) &&
    path.slice(at, end) === tail;
}

/** Where in a tail the levels end that a path has from `at` on; -1: there are none. */
function sharedEnd(tail: string | undefined, path: string, at: number): number {
  if (tail === undefined || at > path.length) return -1;
  if (hasLevels(path, at, tail)) return tail.length;
  const most = Math.min(tail.length, path.length - at);
  let shared = -1;
  let i = 0;
  for (; i < most; i++) {
    const c = tail.charCodeAt(i);
    if (c !== path.charCodeAt(at + i)) return shared;
    if (c === SLASH) shared = i;
  }
  return endsLevel(tail, i) && endsLevel(path, at + i) ? i : shared;
}

/** Whether a level of `text` ends at `at`. */
function endsLevel(text: string, at: number): boolean {
  return at === text.length || text.charCodeAt(at) === SLASH;
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
