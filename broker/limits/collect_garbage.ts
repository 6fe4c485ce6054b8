/**
 * Has V8 look for what nobody uses any more. It does so by itself as long as new
 * objects are made; a broker that is short of memory makes none.
 *
 * @module
 */

let collect: (() => void) | undefined | null = null;

/** Collects now, which takes about a tenth of a second for a gigabyte; does nothing where that is not possible. */
export async function collectGarbage(): Promise<void> {
  if (collect === null) collect = await findCollector();
  collect?.();
}

async function findCollector(): Promise<(() => void) | undefined> {
  try {
    const [v8, vm] = await Promise.all([
      import("node:v8"),
      import("node:vm"),
    ]);
    // Only contexts that are made from now on have `gc`; this one is not changed.
    v8.setFlagsFromString("--expose-gc");
    const gc: unknown = vm.runInNewContext("gc");
    return typeof gc === "function" ? () => void gc() : undefined;
  } catch {
    return undefined;
  }
}
