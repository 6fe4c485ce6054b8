import fc from "fast-check";

/** Levels of a topic name; few, so that filters and topics meet. */
const LEVELS = ["a", "b", "c", "", "$x"];

/** Topic names of up to four levels, and some of many that differ late. */
export function topicNames(): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.array(fc.constantFrom(...LEVELS), {
        minLength: 1,
        maxLength: 4,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.array(fc.constantFrom("", "a", "a", "a"), {
        minLength: 5,
        maxLength: 8,
      }),
    },
  ).map((levels) => levels.join("/") || "/");
}

/** Filters of up to `maxLevels` levels from `levels`, with wildcards. */
export function filters(
  levels: readonly string[] = LEVELS,
  maxLevels = 4,
): fc.Arbitrary<string> {
  return fc.tuple(
    fc.array(
      fc.oneof(
        { weight: 2, arbitrary: fc.constantFrom(...levels) },
        { weight: 1, arbitrary: fc.constant("+") },
      ),
      { minLength: 1, maxLength: maxLevels },
    ),
    fc.nat(2),
  ).map(([parts, tail]) =>
    (tail === 0 ? [...parts.slice(0, -1), "#"] : parts).join("/") || "+"
  );
}

/** Filters, some of them of a shared subscription. */
export function sharedOrPlainFilters(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: filters() },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.nat(1), filters())
        .map(([group, filter]) => `$share/g${group}/${filter}`),
    },
  );
}
