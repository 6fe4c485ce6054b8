/**
 * A JSR registry on loopback that serves packages from folders, in the form that
 * `deno publish` gives them.
 *
 * @module
 */

import { importsOf } from "./_imports.ts";

/** A package as a registry has it. */
export interface PublishedPackage {
  /** Scope and name: `@std/yaml`. */
  name: string;
  /** Version. */
  version: string;
  /** Entry points by name: `.`, `./plugins`. */
  exports: Record<string, string>;
  /** Files by path, which begins with a slash. */
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

interface PackageConfig {
  name: string;
  version: string;
  exports: string | Record<string, string>;
  imports?: Record<string, string>;
  publish?: { exclude?: string[] };
}

/**
 * Reads a package and rewrites its imports as `deno publish` does: what the
 * import map names is replaced by its target.
 *
 * @param folder The folder that holds `deno.json`; ends with a slash.
 * @returns The package as it would be published.
 */
export function publishedPackage(folder: URL): PublishedPackage {
  const config: PackageConfig = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", folder)),
  );
  const exports = typeof config.exports === "string"
    ? { ".": config.exports }
    : config.exports;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of filesOf(folder, "", config.publish?.exclude ?? [])) {
    const bytes = Deno.readFileSync(new URL(path, folder));
    files.set(
      `/${path}`,
      path.endsWith(".ts")
        ? rewrite(path, new TextDecoder().decode(bytes), config, exports)
        : bytes,
    );
  }
  return { name: config.name, version: config.version, exports, files };
}

function filesOf(folder: URL, under: string, exclude: string[]): string[] {
  return [...Deno.readDirSync(new URL(`./${under}`, folder))].flatMap(
    ({ name, isDirectory }) => {
      const path = `${under}${name}${isDirectory ? "/" : ""}`;
      if (name.startsWith(".") || name === "node_modules") return [];
      if (exclude.includes(path)) return [];
      if (isDirectory) return filesOf(folder, path, exclude);
      return /\.(ts|json|md)$/.test(name) || name === "LICENSE" ? [path] : [];
    },
  );
}

function rewrite(
  path: string,
  source: string,
  config: PackageConfig,
  exports: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  let result = source;
  // From the end, so that the places that come before keep their numbers.
  for (const { specifier, span } of importsOf(source).reverse()) {
    if (specifier === undefined) continue;
    const target = targetOf(specifier, config, exports);
    if (target === undefined) continue;
    const text = target.startsWith("./") ? relative(path, target) : target;
    result = result.slice(0, span[0]) + JSON.stringify(text) +
      result.slice(span[1]);
  }
  return new TextEncoder().encode(result);
}

/** What an import map and the package's own name make of a specifier. */
function targetOf(
  specifier: string,
  { name, imports = {} }: PackageConfig,
  exports: Record<string, string>,
): string | undefined {
  if (specifier === name || specifier.startsWith(`${name}/`)) {
    return exports[`.${specifier.slice(name.length)}`];
  }
  if (imports[specifier] !== undefined) return imports[specifier];
  // A package in the map also maps what is inside it.
  for (const [key, target] of Object.entries(imports)) {
    if (specifier.startsWith(`${key}/`) && /^(jsr|npm):/.test(target)) {
      return target + specifier.slice(key.length);
    }
  }
  return undefined;
}

/** `target` as a file in the same package imports it. */
function relative(from: string, target: string): string {
  const up = "../".repeat(from.split("/").length - 1);
  return `${up || "./"}${target.slice(2)}`;
}

/** A registry that runs on a free port of loopback. */
export class JsrRegistry implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #packages: Map<string, PublishedPackage>;
  /** Paths that were asked for. */
  readonly requested: string[] = [];

  /**
   * Starts the registry.
   *
   * @param packages What it has.
   */
  constructor(packages: PublishedPackage[]) {
    this.#packages = new Map(packages.map((one) => [one.name, one]));
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(new URL(request.url).pathname),
    );
  }

  /** What `JSR_URL` must be. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Stops the registry. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(path: string): Promise<Response> {
    this.requested.push(path);
    const [, name, rest] = /^\/(@[^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
    const found = this.#packages.get(name);
    if (!found) return new Response("No such package", { status: 404 });
    const { version } = found;
    if (rest === "meta.json") return Response.json(packageMeta(found));
    if (rest === `${version}_meta.json`) {
      return Response.json(await versionMeta(found));
    }
    const file = rest.startsWith(`${version}/`)
      ? found.files.get(rest.slice(version.length))
      : undefined;
    if (!file) return new Response("No such file", { status: 404 });
    return new Response(file, {
      headers: { "content-type": contentType(rest) },
    });
  }
}

function packageMeta({ name, version }: PublishedPackage): unknown {
  const [scope, packageName] = name.slice(1).split("/");
  // Deno leaves out versions that are younger than a day.
  const createdAt = "2025-01-01T00:00:00.000Z";
  return {
    scope,
    name: packageName,
    latest: version,
    versions: { [version]: { createdAt } },
  };
}

async function versionMeta(
  { exports, files }: PublishedPackage,
): Promise<unknown> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    manifest[path] = {
      size: bytes.length,
      checksum: `sha256-${new Uint8Array(digest).toHex()}`,
    };
  }
  return { manifest, exports };
}

function contentType(path: string): string {
  if (path.endsWith(".ts")) return "text/typescript";
  return path.endsWith(".json") ? "application/json" : "text/plain";
}
