/**
 * The order in which plugins get events and are asked.
 *
 * @module
 */

import { PluginLoadError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import type { PluginManifest } from "./mod.ts";
import type { PluginPolicy } from "./policy.ts";

/** A plugin that is to be put into order. */
export interface Ordered {
  /** Its name. */
  readonly name: string;
  /** What it says about itself. */
  readonly manifest?: PluginManifest;
}

/** What the configuration says of it. */
export type OrderedEntry =
  & Pick<PluginPolicy, "priority" | "before" | "after">
  & { readonly path: string };

/** A plugin with what the configuration says of it. */
export interface OrderedPlace<Plugin extends Ordered> {
  /** The plugin. */
  readonly plugin: Plugin;
  /** What the configuration says of it. */
  readonly entry: OrderedEntry;
  /** Whether a name that no plugin has is a mistake; one may have gone since. */
  readonly isChecked: boolean;
}

/**
 * Puts plugins into order: a higher priority first, of the same priority in the
 * order of the configuration; but nobody before those that it is to come after.
 *
 * @param places The plugins in the order of the configuration.
 * @returns The plugins in the order in which they get events and are asked.
 * @throws {PluginLoadError} If the configuration names a plugin that is not there, or asks for a circle.
 */
export function orderPlugins<Plugin extends Ordered>(
  places: ReadonlyArray<OrderedPlace<Plugin>>,
): Plugin[] {
  const earlier = predecessors(places);
  const left = [...places].sort((a, b) => priorityOf(b) - priorityOf(a));
  const order: Plugin[] = [];
  while (left.length > 0) {
    const next = left.findIndex(({ plugin }) =>
      !left.some((other) => earlier.get(plugin)!.has(other.plugin))
    );
    if (next === -1) throw circle(left, earlier);
    order.push(left.splice(next, 1)[0].plugin);
  }
  return order;
}

/**
 * The priority of a plugin: the configuration's word goes before its own.
 *
 * @returns The priority; higher comes first.
 */
export function priorityOf(
  { plugin, entry }: {
    readonly plugin: Ordered;
    readonly entry: Pick<PluginPolicy, "priority">;
  },
): number {
  return entry.priority ?? plugin.manifest?.priority ?? 0;
}

/** Who comes before whom, as far as anybody says. */
function predecessors<Plugin extends Ordered>(
  places: ReadonlyArray<OrderedPlace<Plugin>>,
): Map<Plugin, Set<Plugin>> {
  const earlier = new Map(
    places.map(({ plugin }) => [plugin, new Set<Plugin>()]),
  );
  for (const place of places) {
    const { plugin, entry, isChecked } = place;
    const { manifest } = plugin;
    for (const key of ["before", "after"] as const) {
      const add = (name: string, isNeeded: boolean): void => {
        const others = named(places, name);
        if (others.length === 0 && isNeeded) {
          throw unknownName(places, place, key, name);
        }
        for (const other of others) {
          if (key === "before") earlier.get(other)!.add(plugin);
          else earlier.get(plugin)!.add(other);
        }
      };
      for (const name of entry[key] ?? []) add(name, isChecked);
      // A plugin does not know which others a broker has.
      for (const name of [manifest?.[key] ?? []].flat()) add(name, false);
    }
  }
  return earlier;
}

/** By its name, or the one that it calls itself: that may be several. */
function named<Plugin extends Ordered>(
  places: ReadonlyArray<OrderedPlace<Plugin>>,
  name: string,
): Plugin[] {
  const plugins = places.map(({ plugin }) => plugin);
  const found = plugins.filter((plugin) => plugin.name === name);
  return found.length > 0
    ? found
    : plugins.filter(({ manifest }) => manifest?.name === name);
}

function unknownName<Plugin extends Ordered>(
  places: ReadonlyArray<OrderedPlace<Plugin>>,
  { plugin, entry }: OrderedPlace<Plugin>,
  key: "before" | "after",
  name: string,
): PluginLoadError {
  const names = places.map(({ plugin }) => plugin.name);
  const meant = nearest(name, names);
  return new PluginLoadError(
    plugin.name,
    "order",
    `Cannot order the plugins: "${plugin.name}" (${entry.path}) is to come ${key} "${name}", which is not there; ${
      meant === undefined
        ? `the plugins are ${names.join(", ")}`
        : `did you mean "${meant}"?`
    }`,
  );
}

/** Everybody who is left waits for somebody who is left: so going back ends in a circle. */
function circle<Plugin extends Ordered>(
  left: ReadonlyArray<OrderedPlace<Plugin>>,
  earlier: ReadonlyMap<Plugin, ReadonlySet<Plugin>>,
): PluginLoadError {
  const way: Plugin[] = [left[0].plugin];
  while (true) {
    const last = way[way.length - 1];
    const next = left.find(({ plugin }) => earlier.get(last)!.has(plugin))!;
    const start = way.indexOf(next.plugin);
    way.push(next.plugin);
    if (start === -1) continue;
    const names = way.slice(start).map(({ name }) => `"${name}"`).reverse();
    return new PluginLoadError(
      way[start].name,
      "order",
      `Cannot order the plugins: ${
        names.join(" comes before ")
      }; take one "before" or "after" away`,
    );
  }
}
