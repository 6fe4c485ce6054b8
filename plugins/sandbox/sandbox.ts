/**
 * A plugin in a sandbox, over all the processes that it may need.
 *
 * @module
 */

import { messageOf, PluginImportError, PluginLoadError } from "../errors.ts";
import type { FailureLog } from "../failure_log.ts";
import type { BrokerContext, Logger, LogLevel } from "../mod.ts";
import { cannotLoad, type ResolvedPlugin } from "../module_loading.ts";
import { TIMED_OUT, withTimeLimit } from "../time_limit.ts";
import { CounterNames, LineLimit } from "./caps.ts";
import { memoryOf, type SandboxCommand, startFailure } from "./command.ts";
import { SandboxLink } from "./link.ts";
import type { SandboxOptions } from "./options.ts";
import {
  type CheckedOptions,
  type ConstructedInfo,
  type FromSandbox,
  type LoadedInfo,
  type LoadProblem,
  STEP,
} from "./protocol.ts";
import { SandboxServices, type Traces } from "./services.ts";
import { copyMessage } from "./sessions.ts";

/** What a sandbox runs, and how. */
export interface SandboxSpec {
  /** The plugin. */
  readonly plugin: ResolvedPlugin;
  /** How its process is started. */
  readonly command: SandboxCommand;
  /** What the configuration says. */
  readonly options: SandboxOptions;
  /** The log, as long as the plugin has none of its own. */
  readonly logger: Logger;
  /** Checks the module before it is loaded again; rejects if it has changed. */
  check(): Promise<void>;
}

/** What a sandboxed plugin has in the broker. */
export interface SandboxOwner {
  /** Its context. */
  readonly context: BrokerContext<unknown>;
  /** Its failures. */
  readonly log: FailureLog;
  /** Is told that the plugin is away, and why; and by `undefined` that it is back. */
  onAlarm?(message: string | undefined): void;
  /** Is told that the plugin has subscriptions checked again: rights have changed. */
  onRecheck?(): void;
}

/** Milliseconds that one step on the way to a running plugin may take. */
const STEP_LIMIT = 30_000;

/** Milliseconds that the plugin may take for its end. */
const CLOSE_LIMIT = 10_000;

/** Milliseconds before a process is started again: the first time, and at most. */
const FIRST_DELAY = 1000;
const MAX_DELAY = 60_000;

/** What a new process gets again; one that begins during a shutdown has no end to replay. */
const START_EVENTS: readonly string[] = [
  "onBrokerPreStart",
  "onBrokerPostStart",
];

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A plugin in a sandbox. When its process ends, another one takes its place. */
export class Sandbox {
  readonly #spec: SandboxSpec;
  #owner: SandboxOwner | undefined;
  #link: SandboxLink;
  #services: SandboxServices | undefined;
  #isReady = false;
  #isClosed = false;
  #isAlarmed = false;
  /** Why the plugin is away. */
  #absence = "it has not been started";
  /** The options that were checked last, and those in use. */
  #checked: unknown;
  #options: unknown;
  /** The events of the start that every new process has to get. */
  readonly #lifeCycle: string[] = [];
  readonly #traces: Traces = { counters: new CounterNames(), added: new Map() };
  readonly #lines = new LineLimit();
  #readySince = 0;
  #delay = FIRST_DELAY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restarting: Promise<void> | undefined;

  /**
   * Starts the first process.
   *
   * @param spec What is run, and how.
   * @throws {PluginLoadError} If it cannot be started.
   */
  constructor(spec: SandboxSpec) {
    this.#spec = spec;
    this.#link = this.#connect();
  }

  /**
   * Finds the plugin's class.
   *
   * @returns What is to be known of it.
   * @throws {PluginLoadError} If there is none, or the module failed.
   */
  async load(): Promise<LoadedInfo> {
    const { name, specifier, exportName, path } = this.#spec.plugin;
    const request = { name, specifier, exportName, path };
    let answer;
    try {
      answer = await this.#step(STEP.load, request) as LoadedInfo | LoadProblem;
    } catch (cause) {
      throw new PluginImportError(
        name,
        "import",
        `${cannotLoad(this.#spec.plugin)}: ${messageOf(cause)}`,
        { cause },
      );
    }
    if ("problem" in answer) {
      throw new PluginLoadError(name, answer.kind, answer.problem);
    }
    this.#link.watch();
    return answer;
  }

  /**
   * Checks options. What the plugin's schema makes of them stays in the sandbox.
   *
   * @param options The options as they are written.
   * @returns What is wrong with them.
   */
  async check(options: unknown): Promise<CheckedOptions> {
    const checked = await this.#step(STEP.check, options) as CheckedOptions;
    this.#checked = options;
    return checked;
  }

  /**
   * Constructs the plugin with the options that were checked last.
   *
   * @param owner What it has in the broker.
   * @returns What is to be known of it.
   */
  async start(owner: SandboxOwner): Promise<ConstructedInfo> {
    this.#owner = owner;
    this.#options = this.#checked;
    const info = await this.#construct();
    this.#setReady();
    return info;
  }

  /**
   * Calls a method of the plugin.
   *
   * @param method Its name.
   * @param argument Its argument.
   * @returns The answer.
   * @throws {Error} If the plugin is away.
   */
  call(method: string, argument?: unknown): Promise<unknown> {
    if (START_EVENTS.includes(method)) this.#lifeCycle.push(method);
    if (!this.#isReady) throw this.#away();
    return this.#link.call(method, argument);
  }

  /**
   * Sends an event that nobody waits for. While the plugin is away it is lost.
   *
   * @param method Name of the method.
   * @param argument Its argument.
   * @returns A promise if there is no room for another one; resolves when there is.
   */
  post(method: string, argument: unknown): Promise<void> | undefined {
    if (this.#isReady) return this.#link.post(method, argument);
    this.#owner?.context.count("sandboxEventsLost");
    return undefined;
  }

  /**
   * Offers the options that were checked last to the plugin.
   *
   * @returns What takes them into use, or `undefined` if a restart of the broker is needed.
   */
  async offer(): Promise<(() => Promise<void>) | undefined> {
    const options = this.#checked;
    const link = this.#link;
    if (await this.#step(STEP.offer) !== true) return undefined;
    return async () => {
      this.#options = options;
      if (link === this.#link && this.#isReady) await link.call(STEP.apply);
      // Another process has begun with the old ones.
      else await this.#link.end("it gets new options");
    };
  }

  /** Closes the plugin and ends its process. Nothing of it runs afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    if (this.#isReady) await this.#closePlugin();
    this.#isReady = false;
    this.#services?.close();
    await this.#link.end("the plugin was closed");
    await this.#restarting;
    this.#clearAlarm();
  }

  #clearAlarm(): void {
    if (!this.#isAlarmed) return;
    this.#isAlarmed = false;
    this.#owner?.onAlarm?.(undefined);
  }

  async #closePlugin(): Promise<void> {
    try {
      const closed = this.#link.call(STEP.close);
      if (await withTimeLimit(closed, CLOSE_LIMIT) === TIMED_OUT) {
        throw new Error(`no end after ${CLOSE_LIMIT} ms`);
      }
    } catch (error) {
      this.#owner?.log.failed("close", error);
    }
  }

  #connect(): SandboxLink {
    const { plugin, command, options } = this.#spec;
    const limits = {
      memory: memoryOf(options),
      deadline: (options.deadline ?? 2) * 1000,
    };
    try {
      const link: SandboxLink = new SandboxLink(command, limits, {
        call: (service, values) => {
          if (this.#services === undefined) throw this.#away();
          if (service === "recheckSubscriptions") this.#owner?.onRecheck?.();
          return this.#services.call(service, values);
        },
        log: (entry) => this.#write(entry),
        failed: (method, error) => this.#owner?.log.failed(method, error),
        ended: (reason) => {
          // While it is being started, the step that fails tells.
          if (link === this.#link && this.#isReady) this.#leave(reason);
        },
      });
      return link;
    } catch (cause) {
      throw startFailure(plugin, cause);
    }
  }

  async #step(step: string, argument?: unknown): Promise<unknown> {
    const link = this.#link;
    if (!link.isAlive) throw this.#away();
    const answer = await withTimeLimit(link.call(step, argument), STEP_LIMIT);
    if (answer !== TIMED_OUT) return answer;
    const reason = `it took longer than ${STEP_LIMIT / 1000} seconds to start`;
    await link.end(reason);
    throw new Error(reason);
  }

  #construct(): Promise<ConstructedInfo> {
    const { context } = this.#owner!;
    const link = this.#link;
    this.#services = new SandboxServices(
      context,
      this.#traces,
      (id, message) => {
        if (!link.deliver(id, copyMessage(message))) {
          context.count("sandboxEventsLost");
        }
      },
    );
    const { name, logger } = context;
    const levels = LEVELS.filter((level) => logger.isEnabled(level));
    return this.#step(STEP.construct, { name, levels }) as Promise<
      ConstructedInfo
    >;
  }

  #setReady(): void {
    this.#isReady = true;
    this.#readySince = performance.now();
  }

  /** The plugin is away: nobody waits for it, and it will be back. */
  #leave(reason: string): void {
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.#absence = reason;
    this.#services?.close();
    if (this.#isClosed) return;
    // Who worked for as long as it may have to wait has earned a quick return.
    if (wasReady && performance.now() - this.#readySince >= MAX_DELAY) {
      this.#delay = FIRST_DELAY;
    }
    const delay = this.#delay;
    this.#delay = Math.min(delay * 2, MAX_DELAY);
    const { context, onAlarm } = this.#owner!;
    const message = `The sandbox of the plugin "${context.name}" has ended: ` +
      `${reason}. It is started again in ${
        delay / 1000
      } s; until then what it decides is refused`;
    context.count("sandboxRestarts");
    context.logger.error(message);
    this.#isAlarmed = true;
    onAlarm?.(message);
    this.#timer = setTimeout(() => {
      this.#restarting = this.#restart();
    }, delay);
  }

  async #restart(): Promise<void> {
    try {
      await this.#spec.check();
      // Whoever closed it meanwhile has ended the process that was there.
      if (this.#isClosed) return;
      this.#link = this.#connect();
      await this.load();
      const { issues } = await this.#step(
        STEP.check,
        this.#options,
      ) as CheckedOptions;
      if (issues !== undefined) {
        throw new Error(`its options were refused: ${issues[0]?.message}`);
      }
      await this.#construct();
      for (const method of this.#lifeCycle) await this.#replay(method);
    } catch (error) {
      await this.#link.end("it could not be started");
      this.#leave(messageOf(error));
      return;
    }
    if (this.#isClosed) return;
    // It may have ended just now, when nobody listened for it.
    if (!this.#link.isAlive) return this.#leave("it ended at once");
    this.#setReady();
    const { context } = this.#owner!;
    context.logger.warn(
      `The sandbox of the plugin "${context.name}" runs again`,
    );
    this.#clearAlarm();
  }

  /** A life cycle event that fails is no reason to do without the plugin. */
  async #replay(method: string): Promise<void> {
    try {
      await this.#step(method);
    } catch (error) {
      if (!this.#link.isAlive) throw error;
      this.#owner!.log.failed(method, error);
    }
  }

  #away(): Error {
    return new Error(`its sandbox does not run: ${this.#absence}`);
  }

  #write(entry: Extract<FromSandbox, { t: "log" }>): void {
    const level = LEVELS.find((known) => known === entry.level) ?? "info";
    if (!this.#lines.take()) {
      this.#owner?.context.count("sandboxLinesDropped");
      return;
    }
    const logger = this.#owner?.context.logger ?? this.#spec.logger;
    const dropped = this.#lines.takeDropped();
    if (dropped > 0) {
      logger.warn(
        `${dropped} lines were too many in a second, and are left out`,
      );
    }
    const { name, fields } = entry;
    const own = typeof name === "string" && name !== ""
      ? logger.child(name.slice(0, 100))
      : logger;
    own[level](
      String(entry.message).slice(0, 10_000),
      typeof fields === "object" && fields !== null
        ? fields as Record<string, unknown>
        : undefined,
    );
  }
}
