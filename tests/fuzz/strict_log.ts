import type { Logger } from "../../mod.ts";

/** A log in which an error is a mistake of the broker; plugins may fail. */
export class StrictLog implements Logger {
  readonly errors: string[] = [];
  readonly #ofPlugins: boolean;

  constructor(errors: string[] = [], ofPlugins = false) {
    this.errors = errors;
    this.#ofPlugins = ofPlugins;
  }

  isEnabled(): boolean {
    return true;
  }

  debug(): void {}
  info(): void {}
  warn(): void {}

  error(message: string, fields?: Record<string, unknown>): void {
    if (!this.#ofPlugins) {
      this.errors.push(`${message} ${Deno.inspect(fields)}`);
    }
  }

  child(name: string): Logger {
    return new StrictLog(this.errors, this.#ofPlugins || name === "plugin");
  }
}
