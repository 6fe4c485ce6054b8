/**
 * What changes while a broker runs: its configuration, its plugins. One change at a
 * time, each wholly or not at all.
 *
 * @module
 */

import type { PluginEntry } from "../plugins/manager.ts";
import type { PluginChange } from "../plugins/plugin_changes.ts";
import { withTimeLimit } from "../plugins/time_limit.ts";
import {
  type PluginInput,
  readPlugin,
  type ResolvedConfig,
} from "./config/mod.ts";
import type { Core } from "./core.ts";
import type { PluginSources } from "./plugin_sources.ts";
import {
  discardUnless,
  reload,
  type ReloadParts,
  type ReloadResult,
} from "./reload.ts";

/** The broker that is changed. */
export interface ChangingBroker {
  /** Says what it is; throws if it does not run. */
  core(doing: string): Core;
  /** Reads which plugins a configuration asks for. */
  sources(config: ResolvedConfig): Promise<PluginSources>;
  /** What a reload is about. */
  reloadParts(
    next: ResolvedConfig,
  ): Omit<ReloadParts, "core" | keyof PluginSources>;
}

/** The changes of one broker. */
export class Changes {
  readonly #broker: ChangingBroker;
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Creates the changes.
   *
   * @param broker The broker that is changed.
   */
  constructor(broker: ChangingBroker) {
    this.#broker = broker;
  }

  /** See `Broker.reload()`. */
  reload(next: ResolvedConfig): Promise<ReloadResult> {
    return this.#inTurn("reload the configuration", async (core) => {
      core();
      const sources = await this.#broker.sources(next);
      core();
      const parts = this.#broker.reloadParts(next);
      return await reload(next, { ...parts, ...sources, core });
    });
  }

  /** See `Broker.addPlugin()`. */
  addPlugin(setting: PluginInput): Promise<string> {
    const entry = readPlugin(setting) as PluginEntry;
    return this.#inTurn("add a plugin", async (core) => {
      const change = await core().plugins.changes.prepareAddition(entry);
      await commit(change, core);
      return change.fresh[0].name;
    });
  }

  /** See `Broker.replacePlugin()` and `Broker.removePlugin()`. */
  replacePlugin(name: string, setting?: PluginInput): Promise<void> {
    const entry = setting &&
      { name, ...readPlugin(setting) } as PluginEntry | undefined;
    return this.#inTurn("change the plugins", async (core) => {
      const { changes } = core().plugins;
      await commit(await changes.prepareReplacement(name, entry), core);
    });
  }

  /**
   * Waits until no change is under way, or one takes too long.
   *
   * @param limit Milliseconds.
   */
  async idle(limit: number): Promise<void> {
    await withTimeLimit(this.#last, limit);
  }

  async #inTurn<Result>(
    doing: string,
    change: (core: () => Core) => Promise<Result>,
  ): Promise<Result> {
    // A change never goes on in another life of the broker.
    let first: Core | undefined;
    const core = (): Core => {
      const present = this.#broker.core(doing);
      first ??= present;
      if (present === first) return present;
      throw new Error(`Cannot ${doing}: the broker was started again`);
    };
    const turn = this.#last.then(() => change(core));
    this.#last = turn.catch(() => {});
    return await turn;
  }
}

async function commit(change: PluginChange, core: () => Core): Promise<void> {
  await discardUnless(core, change);
  await change.commit();
}
