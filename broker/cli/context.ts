/**
 * What a command has of the world: its input and output, the environment, and
 * the wish to stop. Tests hand in their own.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { StopSignal } from "../stop_signal.ts";

/** Standard input, as far as commands use it. */
export interface CommandInput {
  /** Whether a person types here. */
  isTerminal(): boolean;
  /** Reads what there is, `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Whether keys arrive one by one, without echo. */
  setRaw(raw: boolean): void;
}

/** Standard output or standard error, as far as commands use them. */
export interface CommandOutput {
  /** Whether a person reads here. */
  isTerminal(): boolean;
  /** Writes at least one byte, and says how many. */
  writeSync(bytes: Uint8Array): number;
}

/** Waits for Ctrl-C; disposing it gives Ctrl-C its usual meaning back. */
export interface StopRequest extends Disposable {
  /** Resolves with the first signal. A second one ends the process. */
  readonly received: Promise<Deno.Signal>;
}

/** What a command has of the world. */
export interface CommandContext {
  /** What a person types before the name of a command: `deno run -A mod.ts`. */
  readonly program: string;
  /** The address of this package's `mod.ts`. */
  readonly entry: URL;
  /** Standard input. */
  readonly stdin: CommandInput;
  /** Standard output, for results. */
  readonly stdout: CommandOutput;
  /** Standard error, for everything else. */
  readonly stderr: CommandOutput;
  /** An environment variable. */
  env(name: string): string | undefined;
  /** Starts to wait for Ctrl-C. */
  stopRequest(): StopRequest;
}

/** The context of the running process. */
export function processContext(): CommandContext {
  const entry = new URL("../../mod.ts", import.meta.url);
  return {
    program: `deno run -A ${programName(entry, Deno.cwd())}`,
    entry,
    stdin: Deno.stdin,
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    env: (name) => Deno.env.get(name),
    stopRequest: () => new StopSignal(),
  };
}

/**
 * How a person names the module that runs.
 *
 * @param entry Address of `mod.ts`.
 * @param folder The working directory.
 * @returns `jsr:@dinomq/broker`, or a path, or the address.
 */
export function programName(entry: URL, folder: string): string {
  if (entry.protocol !== "file:") {
    const isPackage = entry.pathname.includes(`/${denoJson.name}/`);
    return isPackage ? `jsr:${denoJson.name}` : entry.href;
  }
  const path = decodeURIComponent(entry.pathname);
  const inside = `${folder.replace(/\/$/, "")}/`;
  const name = path.startsWith(inside) ? path.slice(inside.length) : path;
  return /[^\w./:@-]/.test(name) ? `'${name}'` : name;
}

/**
 * Writes bytes to the end. An output that nobody reads any more, as with
 * `| head`, is no error.
 *
 * @param output Where to.
 * @param bytes What.
 * @returns Whether anybody reads there.
 */
export function writeAll(output: CommandOutput, bytes: Uint8Array): boolean {
  let rest = bytes;
  try {
    while (rest.length > 0) rest = rest.subarray(output.writeSync(rest));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

/** An output that nobody sees. */
export const SILENCE: CommandOutput = {
  isTerminal: () => false,
  writeSync: (bytes) => bytes.length,
};

const encoder = new TextEncoder();

/**
 * Writes lines.
 *
 * @param output Where to.
 * @param text The lines, without the end of the last one.
 */
export function print(output: CommandOutput, text: string): void {
  writeAll(output, encoder.encode(`${text}\n`));
}
