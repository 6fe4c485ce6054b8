/**
 * What the broker and a sandbox tell each other.
 *
 * @module
 */

import type { PluginErrorKind } from "../errors.ts";

/** What the broker sends. */
export type ToSandbox =
  /** Calls a method of the plugin, or a step of its life; it is answered. */
  | {
    readonly t: "call";
    readonly id: number;
    readonly m: string;
    readonly a?: unknown;
  }
  /** Something to observe; it is counted when it is over. */
  | { readonly t: "event"; readonly m: string; readonly a?: unknown }
  /** A message for a handler that the plugin gave to `subscribe()`; counted too. */
  | { readonly t: "message"; readonly id: number; readonly a: unknown }
  /** Asks for a sign of life. */
  | { readonly t: "ping" }
  /** The answer to a call of the plugin's. */
  | Answer;

/** What a sandbox sends. Nothing of it is to be trusted. */
export type FromSandbox =
  /** Calls a service of the broker; with an `id` it is answered. */
  | {
    readonly t: "call";
    readonly id?: number;
    readonly m: string;
    readonly a: unknown[];
  }
  /** Something for the log. */
  | {
    readonly t: "log";
    readonly level: string;
    readonly name?: string;
    readonly message: string;
    readonly fields?: unknown;
  }
  /** A method failed that nobody waits for. */
  | { readonly t: "failed"; readonly m: string; readonly e: unknown }
  /** How many events are over, in all. */
  | { readonly t: "done"; readonly n: number }
  /** A sign of life. */
  | { readonly t: "pong"; readonly rss: number }
  /** The answer to a call of the broker's. */
  | Answer;

/** An answer: a value or an error. */
export interface Answer {
  readonly t: "answer";
  readonly id: number;
  readonly v?: unknown;
  readonly e?: unknown;
}

/** The steps of a sandbox's life, as methods that no plugin can have. */
export const STEP = {
  /** Finds the plugin's class; answered by {@linkcode LoadedInfo}. */
  load: "@load",
  /** Checks options; answered by {@linkcode CheckedOptions}. */
  check: "@check",
  /** Constructs the plugin with the options that were checked last. */
  construct: "@construct",
  /** Offers new options to `onConfigChanged`; answered by whether they can be applied. */
  offer: "@offer",
  /** Takes the options that were offered into use. */
  apply: "@apply",
  /** Aborts the plugin's signal and closes it. */
  close: "@close",
} as const;

/** What is to be loaded. */
export interface LoadRequest {
  /** The plugin as the configuration names it. */
  readonly name: string;
  /** What was imported. */
  readonly specifier: string;
  /** The export that was chosen. */
  readonly exportName?: string;
  /** Where the configuration names it. */
  readonly path?: string;
}

/** What was found. */
export interface LoadedInfo {
  /** Name of the class. */
  readonly className: string;
  /** The methods of the class that the broker calls. */
  readonly hooks: readonly string[];
  /** Methods that look like hooks and are none. */
  readonly unknown: readonly string[];
  /** The options that the schema shows; absent: none are known. */
  readonly options?: readonly string[];
  /** What the plugin says about itself, its permissions aside. */
  readonly manifest?: unknown;
  /** Which of its permissions the sandbox lacks. */
  readonly lacking: readonly string[];
  /** Whether there is a schema. */
  readonly hasSchema: boolean;
}

/** Why nothing was found. */
export interface LoadProblem {
  /** The message. */
  readonly problem: string;
  /** What kind of problem it is. */
  readonly kind: PluginErrorKind;
}

/** What construction needs. */
export interface ConstructRequest {
  /** Name of the plugin. */
  readonly name: string;
  /** What the log would write. */
  readonly levels: readonly string[];
}

/** Options that were checked: what is wrong with them. They stay in the sandbox. */
export interface CheckedOptions {
  readonly issues?: ReadonlyArray<{
    readonly message: string;
    readonly path: ReadonlyArray<string | number>;
  }>;
}

/** What construction made known. */
export interface ConstructedInfo {
  /** The methods of the instance that the broker calls. */
  readonly hooks: readonly string[];
  /** Its `topicPrefix`, if it has one. */
  readonly topicPrefix?: unknown;
}
