/**
 * Other plugins for a broker that runs: what is new is loaded and started, what
 * stays is offered its options, and then all is taken into use together.
 *
 * @module
 */

import type { InFlight } from "./in_flight.ts";
import { closeAll } from "./plugin_closing.ts";
import type { Plugin, PluginEntry, PluginHost } from "./plugin_loading.ts";
import {
  indexOfName,
  logChange,
  placeOf,
  placesOf,
  type PluginPlace,
  type PreparedPlugins,
  preparePlugins,
} from "./plugin_places.ts";
import { withTimeLimit } from "./time_limit.ts";

/** What differs when other plugins are taken into use. */
export type PluginSurroundings = Pick<PluginHost, "namespace" | "brokerConfig">;

/** Other plugins that run already, and are not in use yet. */
export interface PluginChange {
  /** What cannot change while the broker runs, as paths of the configuration. */
  readonly restart: readonly string[];
  /** The plugins that were made for it. */
  readonly fresh: readonly Plugin[];
  /**
   * Takes them into use, in one turn. Never rejects.
   *
   * @returns Resolves when those that are not needed any more are closed.
   */
  commit(): Promise<void>;
  /** Closes them again. */
  discard(): Promise<void>;
}

/** The plugins that are in use. */
export interface PluginUser {
  /** The plugins, in their order. */
  readonly plugins: () => readonly Plugin[];
  /** Has others used from now on; the answer is what the present ones are still needed for. */
  readonly exchange: (
    plugins: readonly Plugin[],
    order: readonly Plugin[],
  ) => readonly InFlight[];
}

/**
 * Changes the set of plugins. One change at a time: what was prepared is committed
 * or discarded before the next is begun.
 */
export class PluginChanges {
  #host: PluginHost;
  readonly #limit: number;
  readonly #user: PluginUser;
  /** What ends beside the plugins that are in use. */
  readonly #retiring = new Set<Promise<void>>();

  /**
   * Creates the changes of a manager.
   *
   * @param host What new plugins get from the broker.
   * @param limit Milliseconds that a plugin may take for an answer or an event.
   * @param user Who uses the plugins.
   */
  constructor(host: PluginHost, limit: number, user: PluginUser) {
    this.#host = host;
    this.#limit = limit;
    this.#user = user;
  }

  /**
   * Prepares the plugins of another configuration: loads and starts those that are
   * new, offers the others their options.
   *
   * @param entries The plugins of the other configuration.
   * @param surroundings The namespace to load them from, and the whole other configuration, frozen.
   * @returns What to commit.
   * @throws {PluginError} If one cannot be loaded or started, or options are refused.
   */
  async prepare(
    entries: readonly PluginEntry[],
    surroundings: PluginSurroundings,
  ): Promise<PluginChange> {
    const { namespace } = surroundings;
    const places = placesOf(this.#user.plugins(), entries, namespace);
    return await this.#prepare(places, "all", surroundings);
  }

  /**
   * Prepares one plugin more, in the last place.
   *
   * @param entry The plugin.
   * @returns What to commit.
   * @throws {PluginError} If it cannot be loaded or started.
   */
  async prepareAddition(entry: PluginEntry): Promise<PluginChange> {
    const places = this.#user.plugins().map(placeOf);
    return await this.#prepare([...places, { entry }], "none");
  }

  /**
   * Prepares another plugin in the place of one, or nothing in its place.
   *
   * @param name Name of the plugin that is to go.
   * @param entry The other plugin.
   * @returns What to commit.
   * @throws {PluginError} If the other one cannot be loaded or started, or no plugin has the name.
   */
  async prepareReplacement(
    name: string,
    entry?: PluginEntry,
  ): Promise<PluginChange> {
    const plugins = this.#user.plugins();
    const places: PluginPlace[] = plugins.map(placeOf);
    const successor = entry === undefined ? [] : [{ entry }];
    places.splice(indexOfName(plugins, name), 1, ...successor);
    return await this.#prepare(places, "none");
  }

  /** Waits until every plugin that is not needed any more is closed. */
  async idle(): Promise<void> {
    await Promise.all(this.#retiring);
  }

  async #prepare(
    places: readonly PluginPlace[],
    offered: "all" | "none",
    surroundings?: PluginSurroundings,
  ): Promise<PluginChange> {
    const host = { ...this.#host, ...surroundings };
    const running = this.#user.plugins();
    const limit = this.#limit;
    const prepared = await preparePlugins(
      running,
      places,
      offered,
      host,
      limit,
    );
    const { fresh, options } = prepared;
    return {
      restart: options.restart,
      fresh,
      commit: () => {
        this.#host = host;
        return this.#commit(prepared);
      },
      discard: () => closeAll(fresh, limit),
    };
  }

  async #commit(
    { plugins, order, fresh, retired, options }: PreparedPlugins,
  ): Promise<void> {
    for (const { base } of retired) if (base) base.live = false;
    for (const { base } of fresh) if (base) base.live = true;
    options.adopt();
    const inFlight = this.#user.exchange(plugins, order);
    for (const { guard } of retired) guard.release();
    logChange(this.#host.logger, fresh, retired);
    const retiring = this.#retire(retired, inFlight);
    this.#retiring.add(retiring);
    await options.commit();
    await retiring;
    this.#retiring.delete(retiring);
  }

  /** Closes plugins when nothing that began with them is under way any more. */
  async #retire(
    plugins: readonly Plugin[],
    inFlight: readonly InFlight[],
  ): Promise<void> {
    if (plugins.length === 0) return;
    const ended = Promise.all(inFlight.map((one) => one.idle()));
    await withTimeLimit(ended, this.#limit);
    await closeAll(plugins, this.#limit);
  }
}
