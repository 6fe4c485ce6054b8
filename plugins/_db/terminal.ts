/**
 * Talks to a person at a terminal, or to a program through pipes.
 *
 * @module
 */

/** Where a command writes, and whom it asks. */
export interface Terminal {
  /** Whether a person is there. */
  readonly isInteractive: boolean;
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a line about what went wrong. */
  printError(line: string): void;
  /**
   * Asks for a line.
   *
   * @param prompt What is asked for.
   * @param secret Whether the answer must not be seen.
   * @returns The answer; `null` if there is none.
   */
  ask(prompt: string, secret: boolean): string | null;
}

const BACKSPACE = [0x08, 0x7f];
const CONTROL_C = 0x03;
const CONTROL_D = 0x04;
const LINE_ENDS = [0x0a, 0x0d];

const encoder = new TextEncoder();

/** Standard input, output and error of the process. */
export const processTerminal: Terminal = {
  get isInteractive(): boolean {
    return Deno.stdin.isTerminal();
  },
  print: (line) => write(Deno.stdout, `${line}\n`),
  printError: (line) => write(Deno.stderr, `${line}\n`),
  ask: (prompt, secret) => {
    const isTerminal = Deno.stdin.isTerminal();
    if (!isTerminal || !secret) {
      if (isTerminal) write(Deno.stderr, prompt);
      return readLine();
    }
    // First of all: what is typed early must not be seen either.
    Deno.stdin.setRaw(true);
    try {
      write(Deno.stderr, prompt);
      return readSecret();
    } finally {
      Deno.stdin.setRaw(false);
      write(Deno.stderr, "\n");
    }
  },
};

function write(stream: typeof Deno.stdout | typeof Deno.stderr, text: string) {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

/** Byte by byte: what comes after the line is for the next question. */
function readByte(): number | undefined {
  const byte = new Uint8Array(1);
  return Deno.stdin.readSync(byte) === 1 ? byte[0] : undefined;
}

function readLine(): string | null {
  const bytes: number[] = [];
  for (let byte = readByte(); byte !== 0x0a; byte = readByte()) {
    if (byte === undefined) {
      if (bytes.length === 0) return null;
      break;
    }
    bytes.push(byte);
  }
  return textOf(bytes).replace(/\r$/, "");
}

/** The terminal is raw: nothing is shown, and every key must be understood here. */
function readSecret(): string | null {
  const bytes: number[] = [];
  while (true) {
    const byte = readByte();
    if (byte === undefined || byte === CONTROL_C || byte === CONTROL_D) {
      return null;
    }
    if (LINE_ENDS.includes(byte)) return textOf(bytes);
    if (!BACKSPACE.includes(byte)) {
      bytes.push(byte);
      continue;
    }
    // A character of UTF-8 ends with any number of bytes that begin with 10.
    while ((bytes.at(-1) ?? 0) >> 6 === 0b10) bytes.pop();
    bytes.pop();
  }
}

function textOf(bytes: readonly number[]): string {
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
