/**
 * Whether a plugin's module is the one that the configuration means.
 *
 * @module
 */

import { PluginLoadError } from "./errors.ts";
import { cannotLoad, type ResolvedPlugin } from "./module_loading.ts";

const HASH = /^(sha256|sha384|sha512)-([A-Za-z0-9+/]+={0,2})$/;
const LENGTHS: Readonly<Record<string, number>> = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

const encoder = new TextEncoder();

/**
 * Modules that were imported before anybody knew what they should be. Deno imports a
 * module once: what a file has by now may be something else than what runs.
 */
const unchecked = new Set<string>();

/**
 * Says what is wrong with an integrity: one or more hashes as in HTML, such as
 * `sha256-…` in Base64.
 *
 * @param integrity The text.
 * @returns What is wrong; `undefined` if nothing is.
 */
export function integrityProblem(integrity: string): string | undefined {
  const hashes = integrity.split(/\s+/);
  const isWrong = hashes.some((hash) => {
    const [, name, value] = HASH.exec(hash) ?? [];
    return name === undefined || bytesOf(value) !== LENGTHS[name];
  });
  return isWrong
    ? 'must be a hash such as "sha256-…", "sha384-…" or "sha512-…" in Base64'
    : undefined;
}

function bytesOf(base64: string): number | undefined {
  try {
    return atob(base64).length;
  } catch {
    return undefined;
  }
}

/**
 * Notes that a module is imported that nothing is said about.
 *
 * @param plugin The plugin.
 */
export function noteUnchecked({ specifier }: ResolvedPlugin): void {
  unchecked.add(specifier);
}

/**
 * Checks a module before it is imported.
 *
 * @param plugin The plugin.
 * @param integrity What the bytes of the module must have: one of these hashes.
 * @param readModule Reads the text that would be evaluated.
 * @throws {PluginLoadError} If they are others, or it cannot be said.
 */
export async function checkIntegrity(
  plugin: ResolvedPlugin,
  integrity: string,
  readModule: (specifier: string) => Promise<unknown>,
): Promise<void> {
  const refused = (why: string): PluginLoadError =>
    new PluginLoadError(
      plugin.name,
      "integrity",
      `${cannotLoad(plugin)}: ${why}`,
    );
  const { specifier, bundled } = plugin;
  if (bundled || !/^(?:file|https?):/.test(specifier)) {
    throw refused(
      `its integrity cannot be checked: only modules of file:, http: and https: have one. ${
        bundled
          ? "This one comes with the broker"
          : "Packages of jsr: and npm: have theirs in deno.lock: run with --frozen"
      }`,
    );
  }
  const problem = integrityProblem(integrity);
  if (problem !== undefined) throw refused(`its integrity ${problem}`);
  if (unchecked.has(specifier)) {
    throw refused(
      'its integrity cannot be checked any more: this process has imported the module before. Give it another specifier, such as one with "?v=2", or start the broker again',
    );
  }
  const { default: text } = await readModule(specifier) as { default: string };
  const bytes = encoder.encode(text);
  const expected = integrity.split(/\s+/);
  const found = new Set<string>();
  for (const hash of expected) found.add(await hashOf(hash, bytes));
  if (expected.some((hash) => found.has(hash))) return;
  throw refused(
    `its module has changed: the configuration expects ${
      expected.join(" or ")
    }, and it is ${
      [...found].join(", ")
    }. If you trust what it is now, write that into the configuration`,
  );
}

/** The hash of bytes, made as another one was. */
async function hashOf(
  like: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const [name] = like.split("-", 1);
  const algorithm = name.replace("sha", "SHA-");
  const digest = await crypto.subtle.digest(algorithm, bytes);
  return `${name}-${new Uint8Array(digest).toBase64()}`;
}
