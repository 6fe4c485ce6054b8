/** aMQTT's older keys for plugins: as they are written, and what they say. @module */

/**
 * aMQTT's older way to name authentication plugins.
 *
 * @example
 * ```ts
 * import { type AuthInput, Broker } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * const passwordFile = await Deno.makeTempFile();
 * const auth: AuthInput = { allowAnonymous: false, passwordFile };
 * const plugins = await new Broker({ auth }).check();
 * await Deno.remove(passwordFile);
 * assertEquals(
 *   plugins.filter(({ hooks }) => hooks.includes("authenticate"))
 *     .map(({ name }) => name),
 *   ["auth_anonymous", "auth_file"],
 * );
 * ```
 */
export interface AuthInput {
  /** Plugins that are asked; absent: all. */
  plugins?: string[];
  /** Option of `auth_anonymous`. */
  allowAnonymous?: boolean;
  /** Option of `auth_file`. */
  passwordFile?: string;
}

/**
 * aMQTT's older way to name topic plugins.
 *
 * @example
 * ```ts
 * import { Broker, type TopicCheckInput } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * async function topicPlugins(topicCheck: TopicCheckInput): Promise<string[]> {
 *   const auth = { allowAnonymous: true };
 *   const plugins = await new Broker({ auth, topicCheck }).check();
 *   return plugins.filter(({ hooks }) => hooks.includes("topicFiltering"))
 *     .map(({ name }) => name);
 * }
 *
 * const acl = { alice: ["home/#"] };
 * assertEquals(await topicPlugins({ enabled: true, acl }), [
 *   "topic_taboo",
 *   "topic_acl",
 * ]);
 * assertEquals(await topicPlugins({ acl }), []); // Nothing is checked!
 * ```
 */
export interface TopicCheckInput {
  /** Whether topics are checked. Default: `false`. */
  enabled?: boolean;
  /** Another name of `enabled`. */
  enable?: boolean;
  /** Plugins that are asked; absent: all. */
  plugins?: string[];
  /** Option of `topic_acl`. */
  acl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  subscribeAcl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  publishAcl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  receiveAcl?: Record<string, string[]>;
}

/**
 * What aMQTT's older keys say about plugins; see `legacyPlugins()`.
 *
 * @example
 * ```ts
 * import { type LegacyPlugins, loadConfig } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * // The options as the key `plugins` has them, for who wants to change over.
 * function optionsOf(legacy: LegacyPlugins): Record<string, unknown> {
 *   return { ...legacy.authOptions, ...legacy.topicOptions };
 * }
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "auth: { password-file: /etc/passwords }\n");
 * const { legacy } = await loadConfig(path);
 * await Deno.remove(path);
 * assertEquals(legacy && optionsOf(legacy), {
 *   auth_file: { passwordFile: "/etc/passwords" },
 * });
 * ```
 */
export interface LegacyPlugins {
  /** Plugins that decide who may connect; absent: all. */
  authPlugins?: string[];
  /** Plugins that decide about topics; absent: all; `false`: topics are not checked. */
  topicPlugins?: string[] | false;
  /** Options by plugin: those of `auth`. */
  authOptions: Record<string, Record<string, unknown>>;
  /** Options by plugin: those of `topic-check`. */
  topicOptions: Record<string, Record<string, unknown>>;
  /** Seconds between two publications of the plugin `sys`; 0: none. */
  sysInterval: number;
}
