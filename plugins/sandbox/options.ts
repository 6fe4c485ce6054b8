/**
 * What the configuration says of a sandbox.
 *
 * @module
 */

import { nearest, plainKey } from "../nearest.ts";

/**
 * What a sandboxed plugin may do. What is left out it may not.
 *
 * @example
 * ```ts
 * import type { SandboxOptions } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await Deno.makeTempFile();
 * await Deno.writeTextFile(file, "open");
 * const plugin = `data:text/javascript,export default class {
 *   topicFiltering({ topic }) {
 *     return topic === Deno.readTextFileSync(${JSON.stringify(file)});
 *   }
 * }`;
 *
 * async function allows(sandbox: SandboxOptions): Promise<boolean> {
 *   await using broker = await TestBroker.start({
 *     plugins: [{ plugin, sandbox }],
 *   });
 *   return await broker.allows(await broker.connect(), "publish", "open");
 * }
 *
 * assertEquals([await allows({ read: [file] }), await allows({})], [
 *   true,
 *   false,
 * ]);
 * await Deno.remove(file);
 * ```
 */
export interface SandboxOptions {
  /** Hosts that it may reach, such as `example.com` or `127.0.0.1:8080`; `true`: all. Default: none. */
  net?: readonly string[] | true;
  /** Files and folders that it may read, relative to the working directory; `true`: all. Default: none. */
  read?: readonly string[] | true;
  /** Files and folders that it may write, relative to the working directory; `true`: all. Default: none. */
  write?: readonly string[] | true;
  /** Environment variables that it may see; `true`: all. Default: none. */
  env?: readonly string[] | true;
  /** Memory that its data may take, in MiB, 16 to 65536. Default: 128. */
  memory?: number;
  /** Seconds after which one that does not react is ended, 0.25 to 60. Default: 2. */
  deadline?: number;
  /** Seconds for which an answer of `topicFiltering` holds, 0 to 86400. Default: 0, each is asked for. */
  cache?: number;
}

const LISTS = ["net", "read", "write", "env"] as const;
const NUMBERS = {
  memory: { minimum: 16, maximum: 65536, unit: "MiB" },
  deadline: { minimum: 0.25, maximum: 60, unit: "seconds" },
  cache: { minimum: 0, maximum: 86400, unit: "seconds" },
} as const;
const KEYS: readonly string[] = [...LISTS, ...Object.keys(NUMBERS)];

/**
 * Reads the key `sandbox` of a plugin.
 *
 * @param value What is written: `true` for a sandbox without any rights, `false` for none, or a map.
 * @param refuse Is told what is wrong: the key as it is written, empty for the whole.
 * @returns The sandbox, or `undefined` for none.
 */
export function readSandbox(
  value: unknown,
  refuse: (key: string, message: string) => void,
): SandboxOptions | undefined {
  if (value === undefined || value === null || value === false) {
    return undefined;
  }
  if (value === true) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    refuse("", `must be true, false or a map with ${KEYS.join(", ")}`);
    return undefined;
  }
  const options: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const name = KEYS.find((known) => known === plainKey(key));
    const problem = name === undefined
      ? unknownKey(key)
      : name in NUMBERS
      ? numberProblem(item, NUMBERS[name as keyof typeof NUMBERS])
      : listProblem(item);
    if (problem !== undefined) refuse(key, problem);
    else if (item !== false) options[name!] = item;
  }
  return options;
}

function unknownKey(key: string): string {
  const meant = nearest(key, KEYS);
  return meant === undefined
    ? `is not a known key. Known are ${KEYS.join(", ")}`
    : `is not a known key. Did you mean "${meant}"?`;
}

function numberProblem(
  value: unknown,
  { minimum, maximum, unit }: {
    minimum: number;
    maximum: number;
    unit: string;
  },
): string | undefined {
  if (typeof value === "number" && value >= minimum && value <= maximum) {
    return undefined;
  }
  return `must be a number of ${unit} from ${minimum} to ${maximum}`;
}

/** Deno takes the lists as one text with commas, in which a comma has no other spelling. */
function listProblem(value: unknown): string | undefined {
  if (typeof value === "boolean") return undefined;
  if (
    Array.isArray(value) &&
    value.every((item) => typeof item === "string" && /^[^,\0]+$/.test(item))
  ) return undefined;
  return "must be a list of texts without commas, or true for everything";
}
