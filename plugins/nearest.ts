/**
 * The name that somebody who mistyped probably meant.
 *
 * @module
 */

/**
 * The candidate that resembles `name` most; hyphens, underscores and case do not count.
 *
 * @param name What was written.
 * @param candidates What exists.
 * @returns The nearest candidate, or `undefined` if none comes near.
 */
export function nearest(
  name: string,
  candidates: Iterable<string>,
): string | undefined {
  const wanted = plainKey(name);
  let limit = Math.max(2, Math.floor(wanted.length / 3));
  let best: string | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, plainKey(candidate));
    if (distance > limit) continue;
    best = candidate;
    limit = distance - 1;
  }
  return best;
}

/** One form for `a-b`, `a_b` and `aB`. */
export function plainKey(key: string): string {
  return key.replace(/[-_]/g, "").toLowerCase();
}

/** How many letters must be changed, added or removed to get from `a` to `b`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * Spells a key in the style of another one; in files hyphens are usual.
 *
 * @param written The other one, as somebody wrote it.
 * @param key The key in camelCase.
 * @returns The key as its author would have written it.
 */
export function spelledLike(written: string, key: string): string {
  if (/[A-Z]/.test(written)) return key;
  const separator = written.includes("_") ? "_" : "-";
  return key.replace(
    /[A-Z]/g,
    (letter) => separator + letter.toLowerCase(),
  );
}
