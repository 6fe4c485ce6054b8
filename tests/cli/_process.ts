/** Runs the command line as a process of its own. */

/** The module that is the command line. */
export const MOD: string = new URL("../../mod.ts", import.meta.url).href;

/** Deno with these arguments and without input. */
export function deno(...args: string[]): Deno.Command {
  return denoIn(Deno.cwd(), ...args);
}

/** The same in another folder. */
export function denoIn(folder: string, ...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  });
}

/** Runs the command line to its end. */
export async function run(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await deno("run", "-A", MOD, ...args)
    .output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** A process whose lines on standard error can be waited for. */
export class Process implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  text = "";

  constructor(command: Deno.Command) {
    this.#child = command.spawn();
    this.#reader = this.#child.stderr.pipeThrough(new TextDecoderStream())
      .getReader();
  }

  /** Reads on until the text is there. */
  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`Cannot find "${text}" in: ${this.text}`);
      this.text += value;
    }
  }

  /** Writes to its standard input, which must be a pipe. */
  async type(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Says that no input follows. */
  async endInput(): Promise<void> {
    await this.#child.stdin.close();
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Reads to the end and waits for it. */
  async code(): Promise<number> {
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      this.text += value;
    }
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended, as it should.
    }
    await this.code();
    await this.#child.stdout.cancel();
  }
}
