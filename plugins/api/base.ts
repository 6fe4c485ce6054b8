/**
 * The base classes of plugins.
 *
 * @module
 */

import type { BrokerContext } from "./context.ts";
import type {
  AuthenticateEvent,
  Decision,
  EnhancedAuthEvent,
  EnhancedAuthResult,
  TopicFilteringEvent,
} from "./decisions.ts";
import type { BrokerObservers } from "./events.ts";
import type { BrokerInterceptors } from "./interceptors.ts";
import type { PluginManifest } from "./manifest.ts";
import type { StandardSchema } from "./schema.ts";

/**
 * Base class of every plugin.
 *
 * A subclass may declare `static config`, a {@linkcode StandardSchema} for its
 * options, and implements any of the events of {@linkcode BrokerEvents} as a
 * method. Follows aMQTT's `BasePlugin`.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * class Welcome extends BasePlugin<{ text: string }> {
 *   static override config = v.strictObject({ text: v.string() });
 *
 *   override onBrokerClientConnected({ clientId }: ClientEvent): void {
 *     this.context.publishTo(clientId, "welcome", this.config.text);
 *   }
 * }
 *
 * await using broker = await TestBroker.start({
 *   plugins: [{ plugin: Welcome, options: { text: "Hello" } }],
 * });
 * const client = await broker.connect();
 * assertEquals((await client.receive("welcome")).text, "Hello");
 * ```
 */
export class BasePlugin<Config = unknown> {
  /** Checks the options; without it they arrive as they were written. */
  static config?: StandardSchema;

  /** What the plugin says about itself: version, place among others, permissions. */
  static manifest?: PluginManifest;

  /** The broker's services. */
  readonly context: BrokerContext<Config>;

  /**
   * Creates the plugin. Nothing is listening yet.
   *
   * @param context The broker's services.
   */
  constructor(context: BrokerContext<Config>) {
    this.context = context;
  }

  /** The plugin's own options. */
  get config(): Config {
    return this.context.config;
  }

  /** Called once when the broker stops or a later plugin could not be loaded. */
  close(): void | Promise<void> {}
}

/**
 * Takes new options into use. It must not fail: what can, belongs before it. Nothing
 * instead of a function means that the new options need a restart.
 *
 * @example
 * ```ts
 * import { BasePlugin, type ConfigChange } from "@dinomq/broker/plugins";
 *
 * class Limits extends BasePlugin<{ bytes: number; file: string }> {
 *   override onConfigChanged(
 *     { bytes, file }: { bytes: number; file: string },
 *   ): ConfigChange {
 *     if (bytes < 1) throw new RangeError("bytes must be 1 or more"); // No reload.
 *     if (file !== this.config.file) return; // The file is open: only after a restart.
 *     return () => this.context.logger.info(`At most ${bytes} bytes from now on`);
 *   }
 * }
 * ```
 */
export type ConfigChange =
  | (() => void | Promise<void>)
  | null
  | undefined
  | void;

/** The events of {@linkcode BrokerEvents} and more, as optional methods of a plugin. */
export interface BasePlugin<Config = unknown>
  extends BrokerObservers, BrokerInterceptors {
  /**
   * Called at every reload of the configuration, also if the options are the same:
   * a file that they name may have changed. Prepares everything and changes nothing
   * yet; throwing refuses the whole reload. When all plugins have agreed, `config`
   * is exchanged and the function that was returned is called.
   *
   * @param config The new options, checked by the plugin's schema.
   * @returns What takes them into use, or nothing if a restart is needed.
   *
   * @example
   * ```ts
   * import { BasePlugin, type ConfigChange } from "@dinomq/broker/plugins";
   *
   * class Greeter extends BasePlugin<{ file: string }> {
   *   #greeting = Deno.readTextFileSync(this.config.file);
   *
   *   override onConfigChanged({ file }: { file: string }): ConfigChange {
   *     const greeting = Deno.readTextFileSync(file);
   *     return () => void (this.#greeting = greeting);
   *   }
   * }
   * ```
   */
  onConfigChanged?(config: Config): ConfigChange | Promise<ConfigChange>;
}

/**
 * Base class of plugins that decide who may connect. Follows aMQTT's
 * `BaseAuthPlugin`.
 *
 * @example
 * ```ts
 * import { BaseAuthPlugin, type AuthenticateEvent, type Decision } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class Staff extends BaseAuthPlugin {
 *   authenticate({ session: { username, password } }: AuthenticateEvent): Decision {
 *     if (username !== "alice") return; // Others may know the user.
 *     return new TextDecoder().decode(password) === "secret";
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [Staff] });
 * const alice = { username: "alice", password: "secret" };
 * assertEquals((await broker.connect(alice)).code, 0);
 * assertEquals((await broker.connect({ ...alice, password: "x" })).code, 0x87);
 * ```
 */
export abstract class BaseAuthPlugin<Config = unknown>
  extends BasePlugin<Config> {
  /**
   * Decides whether a client may connect. Throwing, or not answering in time, denies.
   *
   * @param event The session with user name and password.
   * @returns `true`, `false`, a {@linkcode Denial}, or nothing to abstain.
   */
  abstract authenticate(
    event: AuthenticateEvent,
  ): Decision | Promise<Decision>;

  /**
   * One step of enhanced authentication (MQTT 5, section 4.12).
   *
   * @param event Method and data of the step.
   * @returns The next step, or nothing if the method is not this plugin's.
   */
  enhancedAuthenticate?(
    event: EnhancedAuthEvent,
  ): EnhancedAuthResult | Promise<EnhancedAuthResult>;
}

/**
 * Base class of plugins that decide about topics. Follows aMQTT's
 * `BaseTopicPlugin`.
 *
 * @example
 * ```ts
 * import { BaseTopicPlugin, type Decision, type TopicFilteringEvent } from "@dinomq/broker/plugins";
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * class ReadOnly extends BaseTopicPlugin {
 *   topicFiltering({ action }: TopicFilteringEvent): Decision {
 *     if (action !== "publish") return true;
 *     return { allow: false, reasonString: "nobody publishes here" };
 *   }
 * }
 *
 * await using broker = await TestBroker.start({ plugins: [ReadOnly] });
 * const client = await broker.connect();
 * assertEquals(await broker.allows(client, "subscribe", "a/#"), true);
 * assertEquals(await broker.allows(client, "publish", "a/b"), false);
 * ```
 */
export abstract class BaseTopicPlugin<Config = unknown>
  extends BasePlugin<Config> {
  /**
   * The topics that are this plugin's own: those that begin with this text, which
   * begins with `$` and ends with `/`, such as `"$shadow/"`. Clients may publish to
   * them although they begin with `$`, and the plugin decides about no others.
   * Default: none; the plugin decides about all topics.
   */
  declare readonly topicPrefix?: string;

  /**
   * Decides whether a client may publish to a topic, subscribe to a filter or
   * receive a message. Throwing, or not answering in time, denies.
   *
   * @param event Session, topic and action.
   * @returns `true`, `false`, a {@linkcode Denial}, or nothing to abstain.
   */
  abstract topicFiltering(
    event: TopicFilteringEvent,
  ): Decision | Promise<Decision>;
}
