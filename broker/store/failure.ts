/**
 * What clients are told while the store cannot write.
 *
 * @module
 */

import { ReasonCode } from "../../codec/reason_codes.ts";
import type { StoreError } from "./store.ts";

/**
 * The reason code for what cannot be kept.
 *
 * @param failure Why the store cannot write.
 * @returns Quota exceeded if there is no room, else implementation specific error.
 */
export function storeReason(failure: StoreError): number {
  return failure.problem === "full"
    ? ReasonCode.QuotaExceeded
    : ReasonCode.ImplementationSpecificError;
}
