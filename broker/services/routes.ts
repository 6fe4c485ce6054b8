/**
 * The HTTP routes of plugins.
 *
 * @module
 */

import type { HttpHandler, HttpService, Logger } from "../../plugins/mod.ts";
import { type Owned, type Owner, slug } from "./owned.ts";

/** A route of a plugin. */
export interface Route {
  /** Method of the requests. */
  readonly method: string;
  /** Their whole path. */
  readonly pattern: URLPattern;
  /** Answers them. */
  readonly handler: HttpHandler;
  /** Aborts when the plugin ends. */
  readonly signal: AbortSignal;
  /** Where failures go. */
  readonly logger: Logger;
}

/** The routes of all plugins, by method and path. */
export type PluginRoutes = Owned<Route>;

/** Registers the routes of a plugin. */
export class Routes implements HttpService {
  readonly #owner: Owner;
  readonly #all: PluginRoutes;
  readonly #served: () => boolean;
  #warned = false;

  /**
   * Creates the service.
   *
   * @param owner The plugin.
   * @param all Where routes are registered.
   * @param served Whether anybody can come to them.
   */
  constructor(
    owner: Owner,
    all: PluginRoutes,
    served: () => boolean,
  ) {
    this.#owner = owner;
    this.#all = all;
    this.#served = served;
  }

  route(method: string, path: string, handler: HttpHandler): () => void {
    const name = `${method} ${path}`;
    if (!/^[A-Z]+$/.test(method)) {
      throw new TypeError(
        `Cannot register the route "${name}": the method is a word such as GET`,
      );
    }
    if (!path.startsWith("/")) {
      throw new TypeError(
        `Cannot register the route "${name}": the path must begin with "/"`,
      );
    }
    if (!this.#served() && !this.#warned) {
      this.#warned = true;
      this.#owner.logger.warn(
        "The plugin has HTTP routes, which nobody can use: the configuration has no admin listener",
      );
    }
    const base = `/plugins/${slug(this.#owner.name)}`;
    const pathname = path === "/" ? `${base}{/}?` : base + path;
    return this.#all.add(`${method} ${base}${path}`, this.#owner, {
      method,
      pattern: compile(name, pathname),
      handler,
      signal: this.#owner.signal,
      logger: this.#owner.logger,
    });
  }
}

function compile(name: string, pathname: string): URLPattern {
  try {
    return new URLPattern({ pathname });
  } catch (cause) {
    throw new TypeError(
      `Cannot register the route "${name}": the path is no URLPattern`,
      { cause },
    );
  }
}
