/**
 * Which of the permissions that a plugin needs its sandbox does not have.
 *
 * @module
 */

/** By what name Deno asks for the part of a permission. */
const PARTS: Readonly<Record<string, string>> = {
  net: "host",
  import: "host",
  env: "variable",
  run: "command",
  sys: "kind",
  read: "path",
  write: "path",
  ffi: "path",
};

/**
 * Looks for permissions that this process lacks.
 *
 * @param permissions What the plugin's manifest says, in whatever form.
 * @returns What is lacking, as it is written in a configuration.
 */
export function lackingRights(permissions: unknown): string[] {
  if (typeof permissions !== "object" || permissions === null) return [];
  return Object.entries(permissions).flatMap(([kind, asked]) => {
    if (!Object.hasOwn(PARTS, kind)) return [];
    const granted = (part?: unknown): boolean =>
      Deno.permissions.querySync({
        name: kind,
        ...(part !== undefined && { [PARTS[kind]]: part }),
      } as Deno.PermissionDescriptor).state === "granted";
    if (asked === true) return granted() ? [] : [`${kind}: true`];
    if (!Array.isArray(asked)) return [];
    const lacking = asked.filter((part) => !granted(String(part)));
    return lacking.length === 0 ? [] : [`${kind}: [${lacking.join(", ")}]`];
  });
}
