/**
 * What the plugins of one broker have registered with it.
 *
 * @module
 */

import type { ResolvedConfig } from "../config/mod.ts";
import { ControlCommands } from "../control/commands.ts";
import type { PluginMetrics } from "./metrics.ts";
import { Owned } from "./owned.ts";
import { Readiness } from "./readiness.ts";
import type { PluginRoutes } from "./routes.ts";

/** There before the broker starts, since plugins register things when they are made. */
export class Hub {
  readonly metrics: PluginMetrics = new Owned();
  readonly routes: PluginRoutes = new Owned();
  readonly control: ControlCommands = new ControlCommands();
  readonly readiness: Readiness = new Readiness();
  /** Whether the configuration has an admin listener. */
  hasAdmin = false;

  /** Prepares for plugins that are about to be loaded. */
  begin({ admin }: ResolvedConfig): void {
    this.hasAdmin = admin !== undefined;
    this.readiness.reset();
  }
}
