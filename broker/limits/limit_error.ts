import { PacketError } from "../../codec/errors.ts";
import type { LimitName } from "./limit_reports.ts";

/** A packet that is well formed, but more than a limit allows: the client is disconnected. */
export class LimitError extends PacketError {
  /** The limit. */
  readonly limit: LimitName;

  /**
   * Creates an error.
   *
   * @param limit The limit.
   * @param reasonCode Reason code for the client.
   * @param message What is too much.
   */
  constructor(limit: LimitName, reasonCode: number, message: string) {
    super(reasonCode, message);
    this.limit = limit;
  }
}
