import { parse } from "@std/yaml";
import { pathToFileURL } from "node:url";
import { ConfigError } from "./config_error.ts";
import { resolveConfig } from "./resolve.ts";
import { cannotRead } from "./tls_files.ts";
import type { ResolvedConfig } from "./types.ts";

/**
 * Reads a configuration file: JSON if its name ends with `.json`, else YAML.
 *
 * @param path The file.
 * @returns The configuration with everything filled in.
 * @throws {ConfigError} If the file cannot be read, is not valid, is empty, or
 *   anything in it is wrong. There is no configuration to fall back to.
 *
 * @example
 * ```ts
 * import { Broker, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(
 *   path,
 *   `
 * listeners:
 *   default: { bind: 127.0.0.1:0 }
 * plugins:
 *   auth_anonymous: { allow-anonymous: true }
 * `,
 * );
 * await using broker = new Broker(await loadConfig(path));
 * await Deno.remove(path);
 * await broker.start();
 * assertEquals(broker.describePlugins().map(({ name }) => name), [
 *   "auth_anonymous",
 * ]);
 * ```
 */
export async function loadConfig(path: string): Promise<ResolvedConfig> {
  const { input, baseUrl } = await readConfigFile(path);
  return resolveConfig(input, { source: path, baseUrl });
}

/** What a configuration file holds. */
export interface ConfigFile {
  /** Its settings as they were written. */
  input: Record<string, unknown>;
  /** Where the relative specifiers of its plugins start. */
  baseUrl: URL;
}

/**
 * Reads a configuration file without looking at the settings.
 *
 * @param path The file.
 * @returns Its content.
 * @throws {ConfigError} If the file cannot be read, is not valid or is empty.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const content = await readText(path);
  const isJson = /\.json$/i.test(path);
  const value = isJson ? parseJson(content, path) : parseYaml(content, path);
  if (value === null || value === undefined) {
    throw new ConfigError(path, [{
      path: "",
      message: "it is empty: write at least the keys listeners and plugins",
    }]);
  }
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new ConfigError(path, [{
      path: "",
      message: `it must be a map of settings, such as "listeners:", not ${
        Array.isArray(value) ? "a list" : `the value ${JSON.stringify(value)}`
      }`,
    }]);
  }
  return {
    input: value as Record<string, unknown>,
    baseUrl: pathToFileURL(path),
  };
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(path, [{
      path: "",
      message: `it ${cannotRead(path, error)}`,
    }], { cause: error });
  }
}

function parseYaml(content: string, path: string): unknown {
  try {
    return parse(content);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The text ends with the place, then shows the line.
    const match = /^([^]*?)\s*(?:at|\()\s*line (\d+), column (\d+)/
      .exec(error.message);
    throw syntaxError(
      path,
      "YAML",
      match ? `line ${match[2]}, column ${match[3]}` : undefined,
      match ? match[1] : error.message,
      error,
    );
  }
}

function parseJson(content: string, path: string): unknown {
  const json = content.replace(/^\uFEFF/, "");
  if (json.trim() === "") return null;
  try {
    return JSON.parse(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const place = /\(line (\d+) column (\d+)\)/.exec(error.message);
    throw syntaxError(
      path,
      "JSON",
      place ? `line ${place[1]}, column ${place[2]}` : undefined,
      error.message
        .replace(/ (in JSON )?at position.*$/s, "")
        .replace(/ is not valid JSON$/, ""),
      error,
    );
  }
}

function syntaxError(
  path: string,
  format: "YAML" | "JSON",
  place: string | undefined,
  reason: string,
  cause: SyntaxError,
): ConfigError {
  const [line] = reason.trim().split("\n");
  const where = place === undefined ? "it is " : `${place}: `;
  return new ConfigError(path, [{
    path: "",
    message: `${where}not valid ${format}: ${line}`,
  }], { cause });
}
