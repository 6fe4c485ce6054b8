/**
 * What a plugin says about itself.
 *
 * @module
 */

/**
 * Version of the plugin API. A plugin that names the range it was written for
 * ({@linkcode PluginManifest.api}) is not loaded by a broker outside of it. The
 * first number changes when plugins have to, the second when there is more for them.
 *
 * @example
 * ```ts
 * import { API_VERSION } from "@dinomq/broker/plugins";
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch(API_VERSION, /^1\.\d+\.\d+$/);
 * ```
 */
export const API_VERSION: string = "1.0.0";

/**
 * A permission: all of it, or that for some hosts, paths, names.
 *
 * @example
 * ```ts
 * import {
 *   BasePlugin,
 *   type PluginManifest,
 *   type PluginPermission,
 * } from "@dinomq/broker/plugins";
 *
 * const FOLDER = "./recordings";
 *
 * // Its own folder, and nothing else.
 * const OWN: PluginPermission = [FOLDER];
 *
 * class Recorder extends BasePlugin {
 *   static override manifest: PluginManifest = {
 *     permissions: { read: OWN, write: OWN },
 *   };
 *
 *   override async onBrokerPreStart(): Promise<void> {
 *     await Deno.mkdir(FOLDER, { recursive: true });
 *   }
 * }
 * ```
 */
export type PluginPermission = true | readonly string[];

/**
 * The permissions of Deno that a plugin needs, by their names.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PluginPermissions } from "@dinomq/broker/plugins";
 *
 * const permissions: PluginPermissions = {
 *   net: ["api.example.com:443"],
 *   env: ["WEATHER_API_KEY"],
 * };
 *
 * // Not loaded by a broker that was started without these permissions.
 * class Weather extends BasePlugin {
 *   static override manifest = { version: "1.0.0", permissions };
 *
 *   override async onBrokerPostStart(): Promise<void> {
 *     const headers = { Authorization: `Bearer ${Deno.env.get("WEATHER_API_KEY")}` };
 *     const response = await fetch("https://api.example.com/today", { headers });
 *     this.context.publish("weather", await response.text(), { retain: true });
 *   }
 * }
 * ```
 */
export interface PluginPermissions {
  /** Hosts that it connects to or listens on: `"api.example.com:443"`. */
  net?: PluginPermission;
  /** Files and folders that it reads; a path starts at the working directory. */
  read?: PluginPermission;
  /** Files and folders that it writes. */
  write?: PluginPermission;
  /** Variables of the environment that it reads or sets. */
  env?: PluginPermission;
  /** Programs that it runs. */
  run?: PluginPermission;
  /** What it asks of the system: `"hostname"`. */
  sys?: PluginPermission;
  /** Libraries that it loads. */
  ffi?: PluginPermission;
  /** Hosts that it imports modules from. */
  import?: PluginPermission;
}

/**
 * What a plugin says about itself, as `static manifest`.
 *
 * @example
 * ```ts
 * import { BasePlugin, type PluginManifest } from "@dinomq/broker/plugins";
 *
 * class Geo extends BasePlugin {
 *   static override manifest: PluginManifest = {
 *     name: "geo",
 *     version: "1.2.0",
 *     api: "^1",
 *     after: "auth_file",
 *     permissions: { net: ["geo.example.com"] },
 *   };
 * }
 * ```
 */
export interface PluginManifest {
  /** Its name; others may name it so in `before` and `after`. */
  name?: string;
  /** Its own version. */
  version?: string;
  /** The versions of the plugin API that it works with, as a range: `"^1"`. */
  api?: string;
  /** Which plugins come first: those with a higher number. A configuration can say otherwise. Default: 0. */
  priority?: number;
  /** Plugins that it comes before, if they are there. */
  before?: string | readonly string[];
  /** Plugins that it comes after, if they are there. */
  after?: string | readonly string[];
  /** What it cannot work without; it is not loaded if the broker lacks any of it. */
  permissions?: PluginPermissions;
}
