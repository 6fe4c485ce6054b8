import { nearest, spelledLike } from "../../plugins/nearest.ts";
import type { ConfigProblem } from "./config_error.ts";
import { joinPath } from "./key_path.ts";

/**
 * Brings the keys of a configuration to one spelling and remembers how each was
 * written, so that messages can name it as the author knows it.
 */
export class Keys {
  /** What was wrong with the keys so far. */
  readonly problems: ConfigProblem[] = [];
  readonly #root: string;
  readonly #written = new Map<string, string>();

  /**
   * Begins with none.
   *
   * @param root Path of the map that the keys are in. Default: the configuration.
   */
  constructor(root: string = "") {
    this.#root = root;
  }

  /**
   * Copies a map with its keys in camelCase.
   *
   * @param map The map as it was written.
   * @param known The keys that it may have, in camelCase.
   * @param path Path of the map, in camelCase.
   * @returns The copy; keys that are not known are left out and reported.
   */
  normalise(
    map: Record<string, unknown>,
    known: readonly string[],
    path: readonly string[] = [],
  ): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const [written, value] of Object.entries(map)) {
      const key = camelCase(written);
      const place = joinPath(this.path(path), written);
      if (!known.includes(key)) {
        this.problems.push({ path: place, message: unknown(written, known) });
      } else if (Object.hasOwn(result, key)) {
        const other = this.path([...path, key]);
        this.problems.push({
          path: place,
          message: `is the same key as ${other}: remove one of them`,
        });
      } else {
        this.#written.set([...path, key].join("\n"), written);
        result[key] = value;
      }
    }
    return result;
  }

  /**
   * The path of a key as it was written.
   *
   * @param keys The keys in camelCase, from the outside to the inside.
   * @returns The path, `listeners.default.max-connections`.
   */
  path(keys: readonly (string | number)[]): string {
    return keys.reduce<string>((path, key, index) => {
      const written = this.#written.get(keys.slice(0, index + 1).join("\n"));
      return joinPath(path, written ?? key);
    }, this.#root);
  }
}

/** `max-connections` and `max_connections` to `maxConnections`. */
function camelCase(key: string): string {
  return key.replace(
    /[-_]+([A-Za-z0-9])/g,
    (_all, letter: string) => letter.toUpperCase(),
  );
}

function unknown(written: string, known: readonly string[]): string {
  const meant = nearest(written, known);
  if (meant === undefined) return "is not a known key";
  return `is not a known key. Did you mean "${spelledLike(written, meant)}"?`;
}
