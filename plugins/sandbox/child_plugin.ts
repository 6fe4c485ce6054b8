/**
 * The plugin inside its sandbox: finds the class, checks its options, constructs it
 * and calls its methods.
 *
 * @module
 */

import { PluginError } from "../errors.ts";
import { selectClass } from "../module_loading.ts";
import { methodOf, type PluginClass, unknownHooks } from "../plugin_class.ts";
import { type ChildLink, createChildContext } from "./child_context.ts";
import { EventQueue } from "./event_queue.ts";
import {
  type CheckedOptions,
  type ConstructedInfo,
  type ConstructRequest,
  type LoadedInfo,
  type LoadProblem,
  type LoadRequest,
  STEP,
} from "./protocol.ts";
import { callableHooks } from "./hooks.ts";
import { lackingRights } from "./rights.ts";
import { reviveEvent } from "./sessions.ts";

/** One plugin of one sandbox. */
export class SandboxedPlugin {
  readonly #module: unknown;
  readonly #link: ChildLink;
  readonly #events: EventQueue;
  readonly #controller = new AbortController();
  readonly #handlers = new Map<number, (message: unknown) => unknown>();
  #pluginClass: PluginClass | undefined;
  #plugin: object | undefined;
  #checked: unknown;
  #config: unknown;
  #offered: { config: unknown; apply: () => unknown } | undefined;

  constructor(module: unknown, link: ChildLink) {
    this.#module = module;
    this.#link = link;
    this.#events = new EventQueue(link);
  }

  /** Calls a method or takes a step; throws, or answers with a promise, as they do. */
  call(method: string, argument: unknown): unknown {
    switch (method) {
      case STEP.load:
        return this.#load(argument as LoadRequest);
      case STEP.check:
        return this.#check(argument);
      case STEP.construct:
        return this.#construct(argument as ConstructRequest);
      case STEP.offer:
        return this.#offer();
      case STEP.apply:
        return this.#apply();
      case STEP.close:
        return this.#close();
      case "authenticate":
        return this.#authenticate(argument);
      default:
        return this.#method(method)(reviveEvent(argument));
    }
  }

  /** Has the plugin observe an event, after those before it. */
  observe(method: string, argument: unknown): void {
    this.#events.add(
      method,
      () => this.#method(method)(reviveEvent(argument)),
    );
  }

  /** Hands a message to a handler that subscribed. */
  deliver(id: number, message: unknown): void {
    this.#events.add("subscribe", () => this.#handlers.get(id)?.(message));
  }

  #method(name: string): (argument: unknown) => unknown {
    const plugin = this.#plugin;
    const method = plugin && methodOf(plugin, name);
    if (method === undefined) throw new Error(`there is no method ${name}()`);
    return (argument) => method.call(plugin!, argument);
  }

  #load(request: LoadRequest): LoadedInfo | LoadProblem {
    const plugin = { ...request, isAlias: false, bundled: false };
    let pluginClass;
    try {
      pluginClass = selectClass(plugin, this.#module);
    } catch (error) {
      if (!(error instanceof PluginError)) throw error;
      return { problem: error.message, kind: error.kind };
    }
    this.#pluginClass = pluginClass;
    const { prototype } = pluginClass;
    const options = optionNames(pluginClass.config);
    return {
      className: String(pluginClass.name),
      hooks: callableHooks(prototype),
      unknown: unknownHooks(prototype),
      hasSchema: pluginClass.config !== undefined &&
        pluginClass.config !== null,
      ...(options !== undefined && { options }),
      ...readManifest(pluginClass.manifest),
    };
  }

  /** What a schema makes of the options may be anything: it stays here. */
  async #check(options: unknown): Promise<CheckedOptions> {
    const schema = this.#pluginClass!.config;
    if (schema === undefined || schema === null) {
      this.#checked = options;
      return {};
    }
    const result = await schema["~standard"].validate(options);
    if (!result.issues) {
      this.#checked = result.value;
      return {};
    }
    return {
      issues: result.issues.map(({ message, path = [] }) => ({
        message: String(message),
        path: path.map((part) => {
          const key = typeof part === "object" ? part.key : part;
          return typeof key === "number" ? key : String(key);
        }),
      })),
    };
  }

  #construct({ name, levels }: ConstructRequest): ConstructedInfo {
    this.#link.levels = levels;
    this.#config = this.#checked;
    const config = (): unknown => this.#config;
    const context = createChildContext(
      this.#link,
      { name, config, signal: this.#controller.signal },
      this.#handlers,
    );
    const plugin = new this.#pluginClass!(context as never);
    this.#plugin = plugin;
    const { topicPrefix } = plugin as { topicPrefix?: unknown };
    return { hooks: callableHooks(plugin), topicPrefix };
  }

  async #authenticate(argument: unknown): Promise<unknown> {
    const event = reviveEvent(argument) as {
      session: { username?: unknown };
    };
    const { username } = event.session;
    const answer = await this.#method("authenticate")(event);
    const now = event.session.username;
    return now === username ? { answer } : { answer, username: now };
  }

  async #offer(): Promise<boolean> {
    const config = this.#checked;
    this.#offered = undefined;
    const apply = await this.#method("onConfigChanged")(config);
    if (apply === undefined || apply === null) return false;
    if (typeof apply !== "function") {
      throw new TypeError(
        "onConfigChanged() must return a function or nothing",
      );
    }
    this.#offered = { config, apply: apply as () => unknown };
    return true;
  }

  async #apply(): Promise<void> {
    const offered = this.#offered;
    if (offered === undefined) throw new Error("nothing was offered");
    this.#offered = undefined;
    this.#config = offered.config;
    await offered.apply();
  }

  async #close(): Promise<void> {
    await this.#events.idle();
    this.#controller.abort();
    await (this.#plugin && methodOf(this.#plugin, "close")?.call(this.#plugin));
  }
}

/** A manifest's permissions are looked at where they are to be had. */
function readManifest(
  manifest: unknown,
): Pick<LoadedInfo, "manifest" | "lacking"> {
  if (typeof manifest !== "object" || manifest === null) {
    return { manifest, lacking: [] };
  }
  const { permissions, ...others } = manifest as Record<string, unknown>;
  return { manifest: others, lacking: lackingRights(permissions) };
}

/** The options that a schema shows: valibot's `entries`, zod's `shape`. */
function optionNames(schema: unknown): string[] | undefined {
  const { entries, shape } = Object(schema) as Record<string, unknown>;
  const keys = entries ?? shape;
  return typeof keys === "object" && keys !== null
    ? Object.keys(keys)
    : undefined;
}
