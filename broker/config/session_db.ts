/**
 * aMQTT keeps sessions by a plugin, `SessionDBPlugin`. Here the broker does; the
 * plugin's name and options become the store.
 *
 * @module
 */

import * as v from "valibot";
import type { ConfigProblem } from "./config_error.ts";
import { joinPath } from "./key_path.ts";
import { Keys } from "./keys.ts";
import { isMap } from "./plain.ts";
import type { PluginSetting, StoreConfig } from "./types.ts";
import { flag, mismatch, rule, text } from "./values.ts";

const NAME = "amqtt.contrib.persistence.SessionDBPlugin";

// `sqlite:///relative.db`, `sqlite+aiosqlite:////absolute.db`
const SQLITE_URL = /^sqlite(?:\+\w+)?:\/\/\/(.+)$/;

const OPTIONS = {
  connection: v.nullish(rule(
    'the URL of a SQLite file, such as "sqlite+aiosqlite:///amqtt.db"',
    (value) =>
      typeof value === "string" ? SQLITE_URL.exec(value)?.[1] : undefined,
  )),
  file: v.nullish(text()),
  clearOnShutdown: v.nullish(flag(), true),
};

/**
 * Takes aMQTT's persistence plugin out of the plugins.
 *
 * @param plugins The plugins.
 * @param problems Gets what is wrong.
 * @param warnings Gets what deserves a look.
 * @returns The other plugins, and the store if the plugin is among them.
 */
export function takeSessionDb(
  plugins: readonly PluginSetting[],
  problems: ConfigProblem[],
  warnings: string[],
): { plugins: PluginSetting[]; store?: StoreConfig } {
  const others = plugins.filter(({ plugin }) => plugin !== NAME);
  const found = plugins.find(({ plugin }) => plugin === NAME);
  if (found === undefined) return { plugins: others };
  const store = readOptions(found, problems);
  if (store !== undefined) {
    warnings.push(
      `${NAME} is the broker's store here: store: { type: sqlite, path: ${store.path} }`,
    );
  }
  return { plugins: others, ...(store !== undefined && { store }) };
}

function readOptions(
  { options, path }: PluginSetting,
  problems: ConfigProblem[],
): Extract<StoreConfig, { type: "sqlite" }> | undefined {
  const given = options ?? {};
  if (!isMap(given)) {
    problems.push({ path, message: mismatch("a map of options", given) });
    return undefined;
  }
  const keys = new Keys();
  const result = v.safeParse(
    v.object(OPTIONS),
    keys.normalise(given, Object.keys(OPTIONS)),
  );
  const issues = [
    ...keys.problems,
    ...(result.issues ?? []).map((issue) => ({
      path: keys.path((issue.path ?? []).map(({ key }) => String(key))),
      message: issue.message,
    })),
  ];
  for (const issue of issues) {
    problems.push({ ...issue, path: joinPath(path, issue.path) });
  }
  if (issues.length > 0 || !result.success) return undefined;
  const { connection, file, clearOnShutdown } = result.output;
  if (connection && file) {
    problems.push({ path, message: "has connection and file: remove one" });
    return undefined;
  }
  return {
    type: "sqlite",
    path: connection ?? file ?? "amqtt.db",
    durability: "process",
    maxSize: 0,
    clearOnShutdown,
  };
}
