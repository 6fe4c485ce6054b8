/**
 * Waits for SIGHUP, by which an operator asks for a reload. One that comes before
 * anybody cares is not lost, and does not end the process.
 */
export class ReloadSignal implements Disposable {
  #handler: (() => Promise<void>) | undefined;
  #asked = false;
  #running = false;

  /** Starts to listen; Windows has no such signal. */
  constructor() {
    if (Deno.build.os === "windows") return;
    Deno.addSignalListener("SIGHUP", this.#received);
  }

  /**
   * Says what is to be done.
   *
   * @param handler Called for each signal, one at a time; several that come meanwhile count as one. Must not reject.
   */
  onSignal(handler: () => Promise<void>): void {
    this.#handler = handler;
    if (this.#asked) void this.#run();
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#handler = undefined;
    if (Deno.build.os === "windows") return;
    Deno.removeSignalListener("SIGHUP", this.#received);
  }

  readonly #received = (): void => {
    this.#asked = true;
    if (this.#handler !== undefined && !this.#running) void this.#run();
  };

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#asked && this.#handler !== undefined) {
      this.#asked = false;
      await this.#handler();
    }
    this.#running = false;
  }
}
