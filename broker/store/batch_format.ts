/**
 * How the operations of a batch stand in its bytes.
 *
 * @module
 */

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

// Where the number of uses stands in a BODY.
export const USES: number = HEADER;
