/** A command line that cannot be understood. The exit code is 2. */
export class UsageError extends Error {
  /**
   * Creates an error.
   *
   * @param message What is wrong, and the remedy.
   */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
