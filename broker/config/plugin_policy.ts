import { nearest } from "../../plugins/nearest.ts";
import {
  DECISION_NAMES,
  INTERCEPTOR_NAMES,
  LIFE_CYCLE_NAMES,
  POWERLESS_NAMES,
} from "../../plugins/plugin_class.ts";
import type {
  CircuitBreakerPolicy,
  Fallback,
  PluginPolicy,
} from "../../plugins/policy.ts";
import type { ConfigProblem } from "./config_error.ts";
import { Keys } from "./keys.ts";
import { joinPath } from "./key_path.ts";
import { isMap } from "./plain.ts";
import { MAX_TIMER_SECONDS, mismatch } from "./values.ts";

const ASKED: readonly string[] = [...DECISION_NAMES, ...INTERCEPTOR_NAMES];
const AWAITED: readonly string[] = [...ASKED, ...LIFE_CYCLE_NAMES];

const BREAKER: CircuitBreakerPolicy = { failures: 5, window: 60, open: 30 };

/**
 * Reads what a configuration says about a plugin beside its options.
 *
 * @param values The values, by key in camelCase.
 * @param path Gives the path of a key.
 * @param problems Gets what is wrong.
 * @returns The policy; incomplete if there are problems.
 */
export function readPolicy(
  values: Readonly<Record<string, unknown>>,
  path: (key: string) => string,
  problems: ConfigProblem[],
): PluginPolicy {
  const policy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined || value === null) continue;
    policy[key] = READERS[key as keyof PluginPolicy](
      value,
      path(key),
      problems,
    );
  }
  return policy;
}

type Reader = (
  value: unknown,
  path: string,
  problems: ConfigProblem[],
) => unknown;

const READERS: Record<keyof PluginPolicy, Reader> = {
  priority: number(-Infinity, "a number"),
  before: readNames,
  after: readNames,
  timeout: readTimeout,
  fallback: readFallback,
  concurrency: wholeNumber(),
  circuitBreaker: readBreaker,
};

function number(
  minimum: number,
  expected: string,
  maximum = Number.MAX_VALUE,
): Reader {
  return (value, path, problems) => {
    const isRight = typeof value === "number" && Number.isFinite(value) &&
      value >= minimum && value <= maximum;
    if (!isRight) problems.push({ path, message: mismatch(expected, value) });
    return value;
  };
}

function seconds(): Reader {
  const expected = `a number of seconds from 0.001 to ${MAX_TIMER_SECONDS}`;
  return number(0.001, expected, MAX_TIMER_SECONDS);
}

function wholeNumber(): Reader {
  return (value, path, problems) => {
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      const message = mismatch("a whole number of 1 or more", value);
      problems.push({ path, message });
    }
    return value;
  };
}

function readNames(
  value: unknown,
  path: string,
  problems: ConfigProblem[],
): string[] {
  const names = [value].flat();
  if (names.every((name) => typeof name === "string" && name !== "")) {
    return names as string[];
  }
  const message = mismatch("the name of a plugin, or a list of names", value);
  problems.push({ path, message });
  return [];
}

function readTimeout(
  value: unknown,
  path: string,
  problems: ConfigProblem[],
): unknown {
  if (!isMap(value)) {
    const expected =
      `a number of seconds from 0.001 to ${MAX_TIMER_SECONDS}, or a map of hooks to such numbers`;
    return number(0.001, expected, MAX_TIMER_SECONDS)(value, path, problems);
  }
  for (const [hook, limit] of Object.entries(value)) {
    const place = joinPath(path, hook);
    if (AWAITED.includes(hook)) seconds()(limit, place, problems);
    else problems.push({ path: place, message: noHook(hook, AWAITED) });
  }
  return value;
}

function readFallback(
  value: unknown,
  path: string,
  problems: ConfigProblem[],
): Record<string, Fallback> {
  if (!isMap(value)) {
    const message = mismatch('a map of hooks to "deny" or "allow"', value);
    problems.push({ path, message });
    return {};
  }
  for (const [hook, answer] of Object.entries(value)) {
    const problem = fallbackProblem(hook, answer);
    if (problem === undefined) continue;
    problems.push({ path: joinPath(path, hook), message: problem });
  }
  return value as Record<string, Fallback>;
}

function fallbackProblem(hook: string, answer: unknown): string | undefined {
  if (!ASKED.includes(hook)) return noHook(hook, ASKED);
  if (answer === "deny") {
    return POWERLESS_NAMES.includes(hook)
      ? 'can only be "allow": there is nothing to deny'
      : undefined;
  }
  if (answer !== "allow") return mismatch('"deny" or "allow"', answer);
  return DECISION_NAMES.includes(hook)
    ? 'can only be "deny": a plugin that fails must let nobody in'
    : undefined;
}

function noHook(hook: string, hooks: readonly string[]): string {
  const meant = nearest(hook, hooks);
  return "is no hook that a plugin is asked or waited for. " +
    (meant === undefined
      ? `Those are ${hooks.join(", ")}`
      : `Did you mean "${meant}"?`);
}

function readBreaker(
  value: unknown,
  path: string,
  problems: ConfigProblem[],
): CircuitBreakerPolicy {
  const names = Object.keys(BREAKER);
  if (!isMap(value)) {
    const message = mismatch(`a map with ${names.join(", ")}`, value);
    problems.push({ path, message });
    return BREAKER;
  }
  const keys = new Keys(path);
  const given = keys.normalise(value, names);
  problems.push(...keys.problems);
  const breaker = { ...BREAKER, ...given };
  wholeNumber()(breaker.failures, keys.path(["failures"]), problems);
  seconds()(breaker.window, keys.path(["window"]), problems);
  seconds()(breaker.open, keys.path(["open"]), problems);
  return breaker;
}
