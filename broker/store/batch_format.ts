/**
 * How the operations of a batch stand in its bytes.
 *
 * @module
 */

import type { ValueKind } from "./stored_types.ts";

// Each record begins with its type and its size.
export const HEADER = 5;

export const CANCELLED = 0;
export const BODY = 1;
export const FLIGHT = 2;
export const FLIGHT_STATE = 3;
export const FLIGHT_END = 4;
export const SESSION = 5;
export const SESSION_END = 6;
export const SUBSCRIPTION = 7;
export const SUBSCRIPTION_END = 8;
export const INCOMING = 9;
export const INCOMING_END = 10;
export const RETAINED = 11;
export const RETAINED_END = 12;
export const VALUE = 13;
export const VALUE_END = 14;
export const VALUES_END = 15;

// How the kind of a value is written: by its place here. A file has it too.
export const VALUE_KINDS: readonly ValueKind[] = ["bytes", "text", "json"];

// Where the number of uses stands in a BODY.
export const USES: number = HEADER;
