/**
 * A plugin's options: key spelling, validation, and messages with the path of
 * what is wrong.
 *
 * @module
 */

import { messageOf, PluginLoadError } from "./errors.ts";
import type { StandardIssue, StandardSchema } from "./mod.ts";
import { nearest, plainKey, spelledLike } from "./nearest.ts";

/** Whose options they are. */
export interface OptionsOwner {
  /** The plugin as the configuration names it. */
  readonly plugin: string;
  /** Where the options are in the configuration: `plugins.auth_file`. */
  readonly path: string;
}

/**
 * Reads a plugin's options.
 *
 * @param owner Whose options they are.
 * @param schema The plugin's `static config`; without it the options stay as they are written.
 * @param written The options; nothing counts as no options.
 * @returns The options as the schema gives them back.
 * @throws {PluginLoadError} If the schema refuses them, or one option is there in two spellings.
 */
export async function readOptions(
  owner: OptionsOwner,
  schema: unknown,
  written: unknown,
): Promise<unknown> {
  const given = written ?? {};
  if (schema === undefined || schema === null) return given;
  if (!isSchema(schema)) {
    throw new PluginLoadError(
      owner.plugin,
      "not-a-plugin",
      `Cannot load the plugin "${owner.plugin}": its static "config" is not a Standard Schema; declare the options with valibot, zod or arktype`,
    );
  }
  const known = keysOf(schema);
  // Some validators take a list for an object, and complain of its numbers.
  if (known !== undefined && !isPlainObject(given)) {
    throw new PluginLoadError(
      owner.plugin,
      "options",
      `${refusal(owner)}: ${owner.path}: the options must be a map with ${
        known.join(", ") || "no keys"
      }`,
    );
  }
  const { options, spelling } = unifyKeys(owner, given, known);
  let result;
  try {
    result = await schema["~standard"].validate(options);
  } catch (cause) {
    throw new PluginLoadError(
      owner.plugin,
      "options",
      `${refusal(owner)}: ${owner.path}: ${messageOf(cause)}`,
      { cause },
    );
  }
  if (!result.issues) return result.value;
  const lines = result.issues.map((issue) =>
    describeIssue(owner, issue, spelling, known)
  );
  throw new PluginLoadError(
    owner.plugin,
    "options",
    `${refusal(owner)}: ${lines.join("; ")}`,
    { cause: result.issues },
  );
}

function refusal(owner: OptionsOwner): string {
  return `Cannot load the plugin "${owner.plugin}": its options were refused`;
}

function isSchema(value: unknown): value is StandardSchema {
  // Arktype's schemas are functions.
  if (typeof value !== "object" && typeof value !== "function") return false;
  const standard = (value as Partial<StandardSchema>)["~standard"];
  return typeof standard?.validate === "function";
}

/** The keys that a schema knows, if it shows them: valibot's `entries`, zod's `shape`. */
function keysOf(schema: StandardSchema): readonly string[] | undefined {
  const { entries, shape } = schema as {
    entries?: unknown;
    shape?: unknown;
  };
  const keys = entries ?? shape;
  return isPlainObject(keys) ? Object.keys(keys) : undefined;
}

interface UnifiedOptions {
  readonly options: unknown;
  /** Key of the schema -> key as it is written. */
  readonly spelling: ReadonlyMap<string, string>;
}

/** Gives the keys the schema's spelling: `a-b`, `a_b` and `aB` are one key. */
function unifyKeys(
  owner: OptionsOwner,
  written: unknown,
  known: readonly string[] | undefined,
): UnifiedOptions {
  const spelling = new Map<string, string>();
  if (!isPlainObject(written)) return { options: written, spelling };
  const bySound = new Map(known?.map((key) => [plainKey(key), key]));
  const unified: Array<[string, unknown]> = [];
  for (const [key, value] of Object.entries(written)) {
    const name = known?.includes(key)
      ? key
      : bySound.get(plainKey(key)) ?? (known ? key : camelCase(key));
    const other = spelling.get(name);
    if (other !== undefined) {
      throw new PluginLoadError(
        owner.plugin,
        "options",
        `${
          refusal(owner)
        }: ${owner.path}: "${other}" and "${key}" are the same option; remove one`,
      );
    }
    spelling.set(name, key);
    unified.push([name, value]);
  }
  return { options: Object.fromEntries(unified), spelling };
}

function camelCase(key: string): string {
  return key.replace(
    /(?<=[a-z0-9])[-_]+([a-z0-9])/gi,
    (_, letter: string) => letter.toUpperCase(),
  );
}

function describeIssue(
  owner: OptionsOwner,
  issue: StandardIssue,
  spelling: ReadonlyMap<string, string>,
  known: readonly string[] | undefined,
): string {
  const keys = (issue.path ?? []).map((part) =>
    typeof part === "object" ? part.key : part
  );
  const [first] = keys;
  const name = typeof first === "string" ? first : undefined;
  if (name !== undefined) keys[0] = spelling.get(name) ?? name;
  const path = owner.path + keys.map(pathStep).join("");
  const isUnknown = name !== undefined && known?.includes(name) === false;
  if (!isUnknown) return `${path}: ${issue.message}`;
  const meant = nearest(name, known);
  return `${path}: unknown option; ${
    meant !== undefined
      ? `did you mean "${spelledLike(spelling.get(name) ?? name, meant)}"?`
      : `the options are ${known.join(", ") || "none"}`
  }`;
}

function pathStep(key: PropertyKey): string {
  if (typeof key === "number") return `[${key}]`;
  const name = String(key);
  return /^[\w$-]+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
