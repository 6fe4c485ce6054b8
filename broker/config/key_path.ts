/**
 * Paths of keys as messages show them: `listeners.default.bind`, `plugins[0]`.
 *
 * @param path Path of the map or list; empty: the configuration.
 * @param key Key or index in it.
 * @returns The path of the value.
 */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
