/** The signals that end the broker, with the exit codes that shells expect for them. */
const EXIT_CODES: Readonly<Partial<Record<Deno.Signal, number>>> =
  Deno.build.os === "windows"
    ? { SIGINT: 130, SIGBREAK: 149 }
    : { SIGINT: 130, SIGTERM: 143 };

/**
 * Waits for SIGINT or SIGTERM. The first one is an orderly request; who sends a
 * second one does not want to wait: the process exits at once.
 */
export class StopSignal implements Disposable {
  /** Resolves with the name of the first signal. */
  readonly received: Promise<Deno.Signal>;
  readonly #handlers: [Deno.Signal, () => void][] = [];

  /**
   * Starts to listen.
   *
   * @param exit Ends the process. Default: `Deno.exit`.
   */
  constructor(exit: (code: number) => void = Deno.exit) {
    const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
    this.received = promise;
    let isFirst = true;
    for (const [name, code] of Object.entries(EXIT_CODES)) {
      const signal = name as Deno.Signal;
      const handler = () => {
        if (!isFirst) exit(code);
        isFirst = false;
        resolve(signal);
      };
      Deno.addSignalListener(signal, handler);
      this.#handlers.push([signal, handler]);
    }
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers.splice(0)) {
      Deno.removeSignalListener(signal, handler);
    }
  }
}
