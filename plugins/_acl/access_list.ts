/**
 * The lists of one action, prepared so that a decision costs one look-up for the
 * rules without a wildcard and one test for each of the others.
 *
 * @module
 */

import type { Session } from "../mod.ts";

/** Whether the filter of a rule allows a topic. */
export type FilterTest = (rule: string, topic: string) => boolean;

/** The rules that hold for one client. */
interface Rules {
  /** Filters without a wildcard: they allow exactly themselves. */
  readonly exact: ReadonlySet<string>;
  /** Filters with a wildcard. */
  readonly wildcards: readonly string[];
}

/** The rules of one user. */
interface UserRules {
  /** Rules that are the same for all clients of the user. */
  readonly fixed: Rules;
  /** Rules with `%u` or `%c`. */
  readonly patterns: readonly string[];
}

/** Rules with the names of one session put in. */
interface SessionRules {
  readonly username: string | undefined;
  readonly rules: Rules;
}

const EVERYBODY = "*";
const ANONYMOUS = "anonymous";
const NAME_PATTERN = /%[uc]/g;

/** What each user may do. */
export class AccessList {
  readonly #users = new Map<string, UserRules>();
  readonly #everybody: UserRules;
  readonly #sessions = new WeakMap<Session, SessionRules>();
  readonly #test: FilterTest;

  /**
   * Prepares the lists.
   *
   * @param option Name of the option, for errors.
   * @param lists The filters of each user.
   * @param test Whether a filter with a wildcard allows a topic.
   * @param covers Whether a filter includes all of another one.
   * @throws {TypeError} If a list holds something that is not a topic filter.
   */
  constructor(
    option: string,
    lists: Readonly<Record<string, readonly string[]>>,
    test: FilterTest,
    covers: FilterTest,
  ) {
    this.#test = test;
    const everybody = lists[EVERYBODY] ?? [];
    this.#everybody = compile(everybody);
    for (const [user, filters] of Object.entries(lists)) {
      for (const filter of filters) {
        const problem = filterProblem(filter, covers);
        if (problem !== undefined) {
          throw new TypeError(
            `Cannot use the filter "${filter}" of "${option}.${user}": ${problem}`,
          );
        }
      }
      this.#users.set(user, compile([...filters, ...everybody]));
    }
  }

  /**
   * Decides about one topic.
   *
   * @param session The client's session.
   * @param topic Topic name, or topic filter of a subscription.
   * @returns Whether a rule allows it.
   */
  allows(session: Session, topic: string): boolean {
    const user = this.#users.get(session.username ?? ANONYMOUS) ??
      this.#everybody;
    return this.#allowedBy(user.fixed, topic) ||
      (user.patterns.length > 0 &&
        this.#allowedBy(this.#rulesOf(session, user.patterns), topic));
  }

  #allowedBy(rules: Rules, topic: string): boolean {
    if (rules.exact.has(topic)) return true;
    for (const filter of rules.wildcards) {
      if (this.#test(filter, topic)) return true;
    }
    return false;
  }

  #rulesOf(session: Session, patterns: readonly string[]): Rules {
    const known = this.#sessions.get(session);
    // A session outlives its connection and may come back with another user name.
    if (known !== undefined && known.username === session.username) {
      return known.rules;
    }
    const filters = patterns.map((pattern) => substitute(pattern, session));
    const rules = compileFixed(filters.filter((f) => f !== undefined));
    this.#sessions.set(session, { username: session.username, rules });
    return rules;
  }
}

function compile(filters: readonly string[]): UserRules {
  const named = (filter: string) => /%[uc]/.test(filter);
  return {
    fixed: compileFixed(filters.filter((filter) => !named(filter))),
    patterns: filters.filter(named),
  };
}

/** Sorts filters by how they are tested. */
function compileFixed(filters: readonly string[]): Rules {
  const wildcard = (filter: string) => /[+#]/.test(filter);
  return {
    exact: new Set(filters.filter((filter) => !wildcard(filter))),
    wildcards: filters.filter(wildcard),
  };
}

/** Puts the names of a session in; `undefined` if the rule does not hold for it. */
function substitute(pattern: string, session: Session): string | undefined {
  let refused = false;
  const filter = pattern.replace(NAME_PATTERN, (placeholder, position) => {
    const name = placeholder === "%u" ? session.username : session.clientId;
    // What the client chose must not become a wildcard, another level or `$SYS`.
    if (!name || /[+#/]/.test(name) || (position === 0 && name[0] === "$")) {
      refused = true;
      return "";
    }
    return name;
  });
  return refused ? undefined : filter;
}

function filterProblem(filter: string, covers: FilterTest): string | undefined {
  if (filter.startsWith("$share/")) {
    return 'write the filter without "$share/<group>/": it holds for shared subscriptions too';
  }
  const example = filter.replace(NAME_PATTERN, "x");
  // Only a malformed filter does not cover itself.
  return covers(example, example)
    ? undefined
    : "it is not a valid topic filter";
}
