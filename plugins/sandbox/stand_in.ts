/**
 * What the broker has of a sandboxed plugin: an object with the same methods, which
 * ask the sandbox.
 *
 * @module
 */

import type { FailureLog } from "../failure_log.ts";
import type {
  BrokerContext,
  Decision,
  PluginManifest,
  StandardResult,
  StandardSchema,
  TopicFilteringEvent,
} from "../mod.ts";
import { LIFE_CYCLE_NAMES, type PluginClass } from "../plugin_class.ts";
import { DecisionCache, UNKNOWN } from "./decision_cache.ts";
import { isHook } from "./hooks.ts";
import type { LoadedInfo } from "./protocol.ts";
import type { Sandbox, SandboxOwner } from "./sandbox.ts";
import { copyEvent } from "./sessions.ts";

/** A class whose objects stand in for a sandboxed plugin. */
export interface StandIn {
  /** The class, for whoever constructs plugins. */
  readonly pluginClass: PluginClass;
  /** Constructs the plugin itself, after its stand-in was. */
  start(
    object: object,
    log: FailureLog,
    onAlarm: SandboxOwner["onAlarm"],
  ): Promise<void>;
}

type Methods = Record<string, unknown>;

/**
 * Makes a class for a sandboxed plugin.
 *
 * @param sandbox The sandbox, with the plugin's class loaded.
 * @param info What is known of the class.
 * @param cacheSeconds How long answers about topics hold.
 * @returns The class.
 */
export function createStandIn(
  sandbox: Sandbox,
  info: LoadedInfo,
  cacheSeconds: number,
): StandIn {
  let context: BrokerContext<unknown> | undefined;
  const cache = cacheSeconds > 0 ? new DecisionCache(cacheSeconds) : undefined;

  class SandboxedPlugin {
    static config?: StandardSchema = info.hasSchema
      ? remoteSchema(sandbox, info.options)
      : undefined;

    static manifest?: PluginManifest = info.manifest as PluginManifest;

    constructor(own: BrokerContext<never>) {
      context = own;
      if (cache !== undefined) (this as unknown as Methods).answersHold = true;
      addMethods(this as unknown as Methods, info.hooks);
      // Whoever looks for names that are mistyped finds them here too.
      for (const name of info.unknown) {
        (this as unknown as Methods)[name] ??= () => {};
      }
    }

    close(): Promise<void> {
      cache?.close();
      return sandbox.close();
    }
  }

  function addMethods(object: Methods, hooks: readonly string[]): void {
    for (const hook of hooks) {
      if (isHook(hook)) object[hook] ??= methodFor(hook);
    }
  }

  function methodFor(hook: string): (event: never) => unknown {
    if (hook === "onConfigChanged") return changeConfig;
    if (hook === "authenticate") return authenticate;
    if (hook === "topicFiltering" && cache !== undefined) {
      return (event: TopicFilteringEvent) => decide(sandbox, cache, event);
    }
    if (LIFE_CYCLE_NAMES.includes(hook)) return () => sandbox.call(hook);
    if (hook.startsWith("on")) {
      return (event: unknown) => sandbox.post(hook, copyEvent(event));
    }
    return (event: unknown) => sandbox.call(hook, copyEvent(event));
  }

  async function changeConfig(
    options: unknown,
  ): Promise<(() => Promise<void>) | undefined> {
    if (!info.hasSchema) await sandbox.check(options);
    const apply = await sandbox.offer();
    if (apply === undefined) return undefined;
    return async () => {
      cache?.clear();
      await apply();
      cache?.clear();
    };
  }

  async function authenticate(event: { session: { username?: string } }) {
    const { answer, username } = await sandbox.call(
      "authenticate",
      copyEvent(event),
    ) as { answer: unknown; username?: unknown };
    if (typeof username === "string") event.session.username = username;
    return answer;
  }

  return {
    pluginClass: SandboxedPlugin,
    async start(object, log, onAlarm) {
      if (!info.hasSchema) await sandbox.check(context!.config);
      const made = await sandbox.start({
        context: context!,
        log,
        onAlarm,
        onRecheck: () => cache?.clear(),
      });
      addMethods(object as Methods, made.hooks);
      if (made.topicPrefix !== undefined) {
        (object as Methods).topicPrefix = made.topicPrefix;
      }
    },
  };
}

/** An answer that is known is there at once; only others are promises. */
function decide(
  sandbox: Sandbox,
  cache: DecisionCache,
  event: TopicFilteringEvent,
): Decision | Promise<Decision> {
  const known = cache.get(event);
  if (known !== UNKNOWN) return known;
  const { generation } = cache;
  const { connectedAt } = event.session;
  const asked: Promise<Decision> = sandbox.call(
    "topicFiltering",
    copyEvent(event),
  ).then(
    (answer) => {
      // The client may have come again meanwhile, as somebody else.
      if (event.session.connectedAt === connectedAt) {
        cache.set(event, answer as Decision, generation);
      }
      return answer as Decision;
    },
    (error) => {
      cache.forget(event, asked);
      throw error;
    },
  );
  cache.set(event, asked, generation);
  return asked;
}

/** The options are checked where the schema is. */
function remoteSchema(
  sandbox: Sandbox,
  options: readonly string[] | undefined,
): StandardSchema {
  const validate = async (value: unknown): Promise<StandardResult<unknown>> => {
    const { issues } = await sandbox.check(value);
    return issues === undefined ? { value } : { issues };
  };
  return {
    "~standard": { version: 1, vendor: "dinomq", validate },
    ...(options && {
      entries: Object.fromEntries(options.map((name) => [name, true])),
    }),
  };
}
