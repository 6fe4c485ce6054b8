/**
 * Checks what a plugin says about itself.
 *
 * @module
 */

import * as v from "valibot";
import { PluginImportError, PluginLoadError } from "./errors.ts";
import { API_VERSION, type PluginManifest } from "./mod.ts";

const NAMES = v.union(
  [v.string(), v.array(v.string())],
  "must be a name or a list of names",
);
const PERMISSION = v.optional(v.union(
  [v.literal(true), v.array(v.string())],
  "must be true or a list of texts",
));

const PERMISSIONS = [
  "net",
  "read",
  "write",
  "env",
  "run",
  "sys",
  "ffi",
  "import",
] as const;

const MANIFEST = v.strictObject({
  name: v.optional(v.string()),
  version: v.optional(v.string()),
  api: v.optional(v.string()),
  priority: v.optional(v.pipe(v.number(), v.finite())),
  before: v.optional(NAMES),
  after: v.optional(NAMES),
  permissions: v.optional(v.strictObject({
    net: PERMISSION,
    read: PERMISSION,
    write: PERMISSION,
    env: PERMISSION,
    run: PERMISSION,
    sys: PERMISSION,
    ffi: PERMISSION,
    import: PERMISSION,
  })),
});

/** Where a plugin came from. */
export interface ManifestSource {
  /** The class, if there is one. */
  readonly pluginClass?: { readonly manifest?: unknown };
  /** The plugin that a host program made. */
  readonly object?: object;
}

/**
 * Reads a plugin's manifest.
 *
 * @param name Name of the plugin.
 * @param path Where it is in the configuration.
 * @param source What has the manifest: the class, or that of the object.
 * @returns The manifest; `undefined` if it has none.
 * @throws {PluginLoadError} If it is wrong, or the plugin is for another version of the API.
 * @throws {PluginImportError} If a permission is lacking.
 */
export async function readManifest(
  name: string,
  path: string,
  { pluginClass, object }: ManifestSource,
): Promise<PluginManifest | undefined> {
  const { manifest } = pluginClass ??
    (object?.constructor ?? {}) as { manifest?: unknown };
  if (manifest === undefined || manifest === null) return undefined;
  const refused = (why: string): PluginLoadError =>
    new PluginLoadError(
      name,
      "manifest",
      `Cannot load the plugin "${name}" (${path}): ${why}`,
    );
  const result = v.safeParse(MANIFEST, manifest);
  if (!result.success) {
    const [issue] = result.issues;
    const key = ["manifest", ...v.getDotPath(issue)?.split(".") ?? []];
    throw refused(`its static ${key.join(".")} is wrong: ${issue.message}`);
  }
  const { api, version, permissions } = result.output;
  if (api !== undefined) {
    const { default: semver } = await import("semver");
    if (semver.validRange(api) === null) {
      throw refused(
        `its static manifest.api "${api}" is no range of versions; write "^${API_VERSION}"`,
      );
    }
    if (!semver.satisfies(API_VERSION, api)) {
      const own = version === undefined ? "it" : `its version ${version}`;
      throw refused(
        `${own} is written for the versions ${api} of the plugin API, and this broker has ${API_VERSION}; take a version of the plugin that is made for it, or another version of the broker`,
      );
    }
  }
  checkPermissions(name, path, permissions ?? {});
  return manifest as PluginManifest;
}

/** Refuses a plugin that would fail later, in the middle of its work. */
function checkPermissions(
  name: string,
  path: string,
  permissions: NonNullable<PluginManifest["permissions"]>,
): void {
  const flags: string[] = [];
  for (const kind of PERMISSIONS) {
    const asked = permissions[kind];
    if (asked === undefined) continue;
    const lacking = asked === true
      ? isGranted(descriptorOf(kind)) ? [] : [""]
      : asked.filter((what) => !isGranted(descriptorOf(kind, what)));
    if (lacking.length === 0) continue;
    const what = lacking.join(",");
    flags.push(`--allow-${kind}${what === "" ? "" : `=${what}`}`);
  }
  if (flags.length === 0) return;
  throw new PluginImportError(
    name,
    "permission",
    `Cannot load the plugin "${name}" (${path}): it needs permissions that are lacking; run with ${
      flags.join(" ")
    }`,
  );
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function descriptorOf(
  kind: (typeof PERMISSIONS)[number],
  what?: string,
): Deno.PermissionDescriptor {
  switch (kind) {
    case "net":
      return { name: "net", host: what };
    case "import":
      return { name: "import", host: what };
    case "env":
      return { name: "env", variable: what };
    case "run":
      return { name: "run", command: what };
    case "sys":
      return {
        name: "sys",
        kind: what as Deno.SysPermissionDescriptor["kind"],
      };
    case "read":
    case "write":
    case "ffi":
      return { name: kind, path: what };
  }
}
