/**
 * The syntax of topic names and topic filters, and how they match (MQTT 5,
 * section 4.7). Everything here is one pass over the text: nothing that a client
 * sends can make it slow.
 *
 * @module
 */

const SLASH = 0x2f;
const PLUS = 0x2b;
const HASH = 0x23;
const DOLLAR = 0x24;

/** A topic filter taken apart. */
export interface ParsedFilter {
  /** The filter as the client wrote it. */
  readonly text: string;
  /** Name of the group of a shared subscription. */
  readonly group: string | undefined;
  /** The filter that is matched: `text` without `$share/<group>/`. */
  readonly filter: string;
  /** Whether `filter` has a wildcard. */
  readonly wildcard: boolean;
}

/**
 * Checks a topic name.
 *
 * @param topic What a client wants to publish to.
 * @param maxLevels How many levels it may have at most.
 * @returns What is wrong with it, or `undefined`.
 */
export function topicNameProblem(
  topic: string,
  maxLevels = 65536,
): string | undefined {
  if (topic.length === 0) return "the topic name is empty"; // [MQTT-4.7.3-1]
  let levels = 1;
  for (let i = 0; i < topic.length; i++) {
    const c = topic.charCodeAt(i);
    if (c === PLUS || c === HASH) return "the topic name has a wildcard"; // [MQTT-3.3.2-2]
    if (c === 0) return "the topic name has a null character"; // [MQTT-4.7.3-2]
    if (c === SLASH) levels++;
  }
  if (levels > maxLevels) {
    return `the topic name has ${levels} levels, at most ${maxLevels} are allowed`;
  }
  return undefined;
}

/**
 * Checks a topic filter without the `$share/<group>/` prefix.
 *
 * @param filter The filter.
 * @param maxLevels How many levels it may have at most.
 * @returns What is wrong with it, or `undefined`.
 */
export function topicFilterProblem(
  filter: string,
  maxLevels = 65536,
): string | undefined {
  if (filter.length === 0) return "the topic filter is empty"; // [MQTT-4.7.3-1]
  let levels = 1;
  for (let i = 0; i < filter.length; i++) {
    const c = filter.charCodeAt(i);
    if (c === SLASH) levels++;
    else if (c === 0) return "the topic filter has a null character"; // [MQTT-4.7.3-2]
    else if (c === HASH || c === PLUS) {
      const opens = i === 0 || filter.charCodeAt(i - 1) === SLASH;
      const closes = i + 1 === filter.length;
      if (c === HASH && !(opens && closes)) {
        return '"#" is not a level of its own at the end'; // [MQTT-4.7.1-1]
      }
      if (
        c === PLUS && !(opens && (closes || filter.charCodeAt(i + 1) === SLASH))
      ) {
        return '"+" is not a level of its own'; // [MQTT-4.7.1-2]
      }
    }
  }
  if (levels > maxLevels) {
    return `the topic filter has ${levels} levels, at most ${maxLevels} are allowed`;
  }
  return undefined;
}

/**
 * Takes a topic filter apart.
 *
 * @param text What a client subscribes to.
 * @param maxLevels How many levels the filter may have at most.
 * @returns The parts, or a text that says what is wrong.
 */
export function parseFilter(
  text: string,
  maxLevels = 65536,
): ParsedFilter | string {
  let group: string | undefined;
  let filter = text;
  if (text.startsWith("$share/")) {
    const end = text.indexOf("/", 7);
    // [MQTT-4.8.2-1], [MQTT-4.8.2-2]
    if (end === -1) return "the shared subscription has no topic filter";
    group = text.slice(7, end);
    if (group === "") return "the name of the share is empty";
    if (group.includes("+") || group.includes("#")) {
      return "the name of the share has a wildcard";
    }
    filter = text.slice(end + 1);
  } else if (text === "$share") {
    return "the shared subscription has no name and no topic filter";
  }
  const problem = topicFilterProblem(filter, maxLevels);
  if (problem !== undefined) return problem;
  return { text, group, filter, wildcard: hasWildcard(filter) };
}

/**
 * Whether a valid filter has a wildcard.
 *
 * @param filter A topic filter.
 * @returns Whether there is a `+` or `#` in it.
 */
export function hasWildcard(filter: string): boolean {
  return filter.includes("+") || filter.endsWith("#");
}

/**
 * Whether a topic filter selects a topic name. A wildcard at the first level does
 * not select names that begin with `$` [MQTT-4.7.2-1].
 *
 * @param filter A topic filter; a malformed one selects nothing.
 * @param topic A topic name.
 * @returns Whether the filter selects the name.
 */
export function matches(filter: string, topic: string): boolean {
  if (topic.length === 0 || topicFilterProblem(filter) !== undefined) {
    return false;
  }
  const first = filter.charCodeAt(0);
  if (
    topic.charCodeAt(0) === DOLLAR && (first === PLUS || first === HASH)
  ) return false;
  let f = 0;
  let t = 0;
  for (;;) {
    const c = filter.charCodeAt(f);
    if (c === HASH) return true;
    if (c === PLUS) {
      f++;
      while (t < topic.length && topic.charCodeAt(t) !== SLASH) t++;
    } else {
      for (;;) {
        const fe = f === filter.length || filter.charCodeAt(f) === SLASH;
        const te = t === topic.length || topic.charCodeAt(t) === SLASH;
        if (fe || te) {
          if (fe !== te) return false;
          break;
        }
        if (filter.charCodeAt(f) !== topic.charCodeAt(t)) return false;
        f++;
        t++;
      }
    }
    // Both stand at the end of a level.
    if (t === topic.length) {
      // `a/#` selects `a` too.
      return f === filter.length ||
        (f + 2 === filter.length && filter.charCodeAt(f + 1) === HASH);
    }
    if (f === filter.length) return false;
    f++;
    t++;
  }
}

/**
 * Whether every topic name that `requested` selects is selected by `granted` too.
 * It is what a rule must do to grant a subscription: `a/+` does not cover `a/#`.
 *
 * @param granted The filter of the rule.
 * @param requested The filter of the subscription, without `$share/<group>/`.
 * @returns Whether `granted` covers `requested`; `false` if either is malformed.
 */
export function covers(granted: string, requested: string): boolean {
  if (
    topicFilterProblem(granted) !== undefined ||
    topicFilterProblem(requested) !== undefined
  ) return false;
  const rule = granted.split("/");
  const want = requested.split("/");
  // [MQTT-4.7.2-1]: a leading wildcard of the rule never reaches `$` names.
  const lead = rule[0];
  if (requested.startsWith("$") && (lead === "+" || lead === "#")) return false;
  for (let i = 0;; i++) {
    if (rule[i] === "#") return true;
    // `a/#` reaches `a` as well.
    if (i === want.length) {
      return i === rule.length;
    }
    if (i === rule.length) return false;
    if (want[i] === "#") return false;
    if (rule[i] !== "+" && rule[i] !== want[i]) return false;
  }
}
