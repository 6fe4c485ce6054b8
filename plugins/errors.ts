/**
 * What can go wrong when plugins are loaded. The names follow aMQTT's.
 *
 * @module
 */

/**
 * Why a plugin could not be loaded.
 *
 * @example
 * ```ts
 * import { Broker, PluginError, type PluginErrorKind } from "@dinomq/broker";
 * import { assertEquals } from "@std/assert";
 *
 * async function kindOf(
 *   plugin: unknown,
 * ): Promise<PluginErrorKind | undefined> {
 *   try {
 *     await new Broker({ plugins: [plugin] }).check();
 *   } catch (error) {
 *     if (error instanceof PluginError) return error.kind;
 *     throw error;
 *   }
 * }
 *
 * assertEquals(await kindOf("auth_anonymus"), "not-found");
 * assertEquals(
 *   await kindOf({ auth_anonymous: { allowAnonymous: "yes" } }),
 *   "options",
 * );
 * assertEquals(await kindOf(class Nothing {}), "not-a-plugin");
 * ```
 */
export type PluginErrorKind =
  /** The import map cannot be read or is not valid. */
  | "import-map"
  /** No alias and no specifier has this name. */
  | "not-found"
  /** A permission is lacking; the message has the flag. */
  | "permission"
  /** The module does not exist or failed while it was evaluated. */
  | "import"
  /** The module does not export the name after `#`. */
  | "no-export"
  /** What was found has no method that the broker calls. */
  | "not-a-plugin"
  /** The options were refused; the message has the path. */
  | "options"
  /** The module is not the one that the configuration means. */
  | "integrity"
  /** The plugin's manifest is wrong, or asks for another version of the API. */
  | "manifest"
  /** A plugin that another is to come before or after is not there, or they ask for a circle. */
  | "order"
  /** The constructor threw. */
  | "constructor"
  /** It could not be started in a broker that runs already. */
  | "start"
  /** The plugin cannot be run in a sandbox. */
  | "sandbox";

/**
 * Base class of every failure to load a plugin.
 *
 * @example
 * ```ts
 * import { PluginError } from "@dinomq/broker";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * const error = await assertRejects(
 *   () => broker.broker.addPlugin({ plugin: "topic_tabu" }),
 *   PluginError,
 *   "topic_taboo", // Which may be meant
 * );
 * assertEquals([error.plugin, error.kind], ["topic_tabu", "not-found"]);
 * ```
 */
export class PluginError extends Error {
  /** The plugin as the configuration names it, or the namespace. */
  readonly plugin: string;
  /** What went wrong. */
  readonly kind: PluginErrorKind;

  /**
   * Creates the error.
   *
   * @param plugin The plugin as the configuration names it.
   * @param kind What went wrong.
   * @param message The whole message.
   * @param options The `cause`.
   */
  constructor(
    plugin: string,
    kind: PluginErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "PluginError";
    this.plugin = plugin;
    this.kind = kind;
  }
}

/** The plugin was not found, is none, or its options were refused. */
export class PluginLoadError extends PluginError {
  /**
   * Creates the error.
   *
   * @param plugin The plugin as the configuration names it.
   * @param kind What went wrong.
   * @param message The whole message.
   * @param options The `cause`.
   */
  constructor(
    plugin: string,
    kind: PluginErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(plugin, kind, message, options);
    this.name = "PluginLoadError";
  }
}

/** The module of the plugin could not be imported. */
export class PluginImportError extends PluginError {
  /**
   * Creates the error.
   *
   * @param plugin The plugin as the configuration names it.
   * @param kind What went wrong.
   * @param message The whole message.
   * @param options The `cause`.
   */
  constructor(
    plugin: string,
    kind: PluginErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(plugin, kind, message, options);
    this.name = "PluginImportError";
  }
}

/** The constructor of the plugin threw; `cause` is what it threw. */
export class PluginInitError extends PluginError {
  /**
   * Creates the error.
   *
   * @param plugin The plugin as the configuration names it.
   * @param message The whole message.
   * @param options The `cause`.
   */
  constructor(plugin: string, message: string, options?: ErrorOptions) {
    super(plugin, "constructor", message, options);
    this.name = "PluginInitError";
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  try {
    return String(thrown);
  } catch {
    // An object without a prototype cannot be turned into text.
    return "unknown error";
  }
}
