/**
 * Asks for secrets, which are never arguments: those can be seen by others on the
 * machine and stay in the shell's history.
 *
 * @module
 */

import type { CommandContext, CommandInput } from "./context.ts";
import { writeAll } from "./context.ts";

/** Options of {@linkcode askSecret}. */
export interface AskSecretOptions {
  /** Whether a person must type it twice, as for one that is new. Default: `false`. */
  twice?: boolean;
  /** Whether it may be empty. Default: `false`. */
  mayBeEmpty?: boolean;
}

/** Nobody types a longer one, and no password file takes it. */
const MAX_BYTES = 1024;

/**
 * Asks for a secret. On a terminal it is typed without echo; otherwise it is the
 * first line of standard input.
 *
 * @param context Where it comes from.
 * @param what What it is, as in `Password of alice`.
 * @param options Whether it is asked for twice.
 * @returns The secret, not empty unless it may be.
 * @throws {Error} If there is none, if it is longer than 1024 bytes or no UTF-8, or
 *   if the two are not equal.
 */
export async function askSecret(
  { stdin, stderr }: CommandContext,
  what: string,
  options: AskSecretOptions = {},
): Promise<string> {
  const keys = Keys.of(stdin);
  const read = (bytes: readonly number[]) =>
    options.mayBeEmpty && bytes.length === 0 ? "" : decode(bytes, what);
  if (!stdin.isTerminal()) return read(await keys.line() ?? []);
  const ask = async (question: string) => {
    // First: who is quick may type before a question that is there already.
    stdin.setRaw(true);
    try {
      writeAll(stderr, new TextEncoder().encode(`${question}: `));
      return read(await keys.hiddenLine());
    } finally {
      stdin.setRaw(false);
      writeAll(stderr, new TextEncoder().encode("\n"));
    }
  };
  const secret = await ask(what);
  if (options.twice && await ask(`${what}, again`) !== secret) {
    throw new Error("Cannot use the password: the two are not equal");
  }
  return secret;
}

/**
 * Asks for something that everybody may see.
 *
 * @param context Where it comes from.
 * @param question The question; it is seen on a terminal only.
 * @returns The next line of standard input; `null` at its end.
 */
export async function askLine(
  { stdin, stderr }: CommandContext,
  question: string,
): Promise<string | null> {
  if (stdin.isTerminal()) {
    writeAll(stderr, new TextEncoder().encode(question));
  }
  const bytes = await Keys.of(stdin).line();
  return bytes && new TextDecoder().decode(new Uint8Array(bytes));
}

function decode(bytes: readonly number[], what: string): string {
  if (bytes.length === 0) throw new Error(`Cannot go on: no ${lower(what)}`);
  if (bytes.length > MAX_BYTES) {
    throw new Error(
      `Cannot use the ${lower(what)}: it is longer than ${MAX_BYTES} bytes`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(new Uint8Array(bytes));
  } catch (cause) {
    throw new Error(`Cannot use the ${lower(what)}: it is not UTF-8`, {
      cause,
    });
  }
}

function lower(text: string): string {
  return text[0].toLowerCase() + text.slice(1);
}

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACE = 0x08;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const CTRL_U = 0x15;
const ESCAPE = 0x1b;
const DELETE = 0x7f;

const readers = new WeakMap<CommandInput, Keys>();

/** The bytes of an input one by one: a chunk may hold more than one line. */
class Keys {
  /** What was read and not asked for yet must not get lost: one for each input. */
  static of(input: CommandInput): Keys {
    const keys = readers.get(input) ?? new Keys(input);
    readers.set(input, keys);
    return keys;
  }

  readonly #input: CommandInput;
  readonly #buffer = new Uint8Array(4096);
  #unread: Uint8Array = new Uint8Array(0);

  constructor(input: CommandInput) {
    this.#input = input;
  }

  /** A line of a file or pipe, without its end; `null` if there is none. */
  async line(): Promise<number[] | null> {
    let key = await this.#next();
    if (key === null) return null;
    const line: number[] = [];
    for (; key !== null && key !== NEWLINE; key = await this.#next()) {
      // One more than is allowed is enough to be refused.
      if (line.length <= MAX_BYTES) line.push(key);
    }
    if (line.at(-1) === RETURN) line.pop();
    return line;
  }

  /** A line that is typed, with the keys that edit it. */
  async hiddenLine(): Promise<number[]> {
    let line: number[] = [];
    while (true) {
      const key = await this.#next();
      switch (key) {
        case CTRL_C:
          throw new Error("Cannot go on: interrupted");
        case null:
        case CTRL_D:
        case NEWLINE:
        case RETURN:
          return line;
        case BACKSPACE:
        case DELETE:
          while (line.length > 0 && (line.pop()! & 0xc0) === 0x80);
          break;
        case CTRL_U:
          line = [];
          break;
        case ESCAPE:
          await this.#skipEscape();
          break;
        default:
          if (key >= 0x20) line.push(key);
      }
    }
  }

  /** Arrow keys and the like send several bytes. */
  async #skipEscape(): Promise<void> {
    if (this.#unread.length === 0 || this.#unread[0] !== 0x5b) return;
    await this.#next();
    while (this.#unread.length > 0) {
      const key = await this.#next();
      if (key === null || (key >= 0x40 && key <= 0x7e)) return;
    }
  }

  async #next(): Promise<number | null> {
    while (this.#unread.length === 0) {
      const count = await this.#input.read(this.#buffer);
      if (count === null) return null;
      this.#unread = this.#buffer.subarray(0, count);
    }
    const [key] = this.#unread;
    this.#unread = this.#unread.subarray(1);
    return key;
  }
}
