/**
 * What a client asks of a shadow, and how it is refused.
 *
 * @module
 */

import {
  depthOf,
  isObject,
  type JsonObject,
  parseJson,
  SECTIONS,
  type StateUpdate,
} from "./document.ts";

/** A shadow of a device. */
export interface ShadowName {
  /** The device, which is a user name. */
  readonly device: string;
  /** Name of the shadow. */
  readonly name: string;
}

/** What can be asked. */
export type ShadowOperation = "get" | "update";

/** A topic on which something is asked. */
export interface ShadowTopic extends ShadowName {
  /** What is asked. */
  readonly operation: ShadowOperation;
}

/** What all topics of shadows begin with. */
export const SHADOW_PREFIX = "$shadow/";

// The columns of the table are as long.
const NAME = /^[A-Za-z0-9_-]{1,128}$/;
// Enough for anything that a device has; a stack is deeper.
const MAX_DEPTH = 32;

/**
 * Whether a text can be the name of a device or of a shadow.
 *
 * @param text The text.
 * @returns Whether it can.
 */
export function isShadowName(text: string): boolean {
  return NAME.test(text);
}

/**
 * Reads the topic of a request.
 *
 * @param topic Topic name.
 * @returns What is asked of which shadow; nothing if it is no such topic.
 */
export function parseShadowTopic(topic: string): ShadowTopic | undefined {
  const [root, device, name, operation, ...rest] = topic.split("/");
  if (
    `${root}/` !== SHADOW_PREFIX || rest.length > 0 ||
    !NAME.test(device) || !NAME.test(name) ||
    (operation !== "get" && operation !== "update")
  ) return undefined;
  return { device, name, operation };
}

/** A refusal that the client is told. */
export class Rejection extends Error {
  /** The code, as HTTP has them. */
  readonly code: number;

  /**
   * Creates a refusal.
   *
   * @param code The code, as HTTP has them.
   * @param message Why.
   */
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A request, read. */
export interface ShadowRequest {
  /** What comes back with the answer, so that the client recognises it. */
  readonly clientToken: string | undefined;
  /** The version that the client has seen; another one is refused. */
  readonly version: number | undefined;
  /** What changes. */
  readonly state: StateUpdate | undefined;
}

/**
 * Reads the payload of a request.
 *
 * @param operation What is asked.
 * @param payload The payload; of a `get` it may be empty.
 * @param maxBytes How long it may be.
 * @returns The request.
 * @throws {Rejection} If it cannot be understood.
 */
export function readRequest(
  operation: ShadowOperation,
  payload: Uint8Array,
  maxBytes: number,
): ShadowRequest {
  if (payload.length > maxBytes) {
    throw new Rejection(413, `the payload has more than ${maxBytes} bytes`);
  }
  if (payload.length === 0 && operation === "get") {
    return { clientToken: undefined, version: undefined, state: undefined };
  }
  const body = readBody(payload);
  const allowed = operation === "get"
    ? ["clientToken"]
    : ["state", "version", "clientToken"];
  const unknown = Object.keys(body).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new Rejection(400, `the key "${unknown}" is not known`);
  }
  const { clientToken, version } = body;
  if (clientToken !== undefined && typeof clientToken !== "string") {
    throw new Rejection(400, '"clientToken" is not a text');
  }
  if (version !== undefined && !Number.isInteger(version)) {
    throw new Rejection(400, '"version" is not an integer');
  }
  return {
    clientToken,
    version: version as number | undefined,
    state: operation === "update" ? readState(body) : undefined,
  };
}

/**
 * Finds the token of a request that may be wrong in everything else.
 *
 * @param payload The payload.
 * @returns The token, if there is one.
 */
export function tokenOf(payload: Uint8Array): string | undefined {
  try {
    const { clientToken } = readBody(payload);
    return typeof clientToken === "string" ? clientToken : undefined;
  } catch {
    return undefined;
  }
}

function readBody(payload: Uint8Array): JsonObject {
  let body;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    body = parseJson(text);
  } catch {
    throw new Rejection(400, "the payload is not JSON");
  }
  if (!isObject(body)) throw new Rejection(400, "the payload is not an object");
  if (depthOf(body, MAX_DEPTH + 1) > MAX_DEPTH) {
    throw new Rejection(400, `the payload has more than ${MAX_DEPTH} levels`);
  }
  return body;
}

function readState(body: JsonObject): StateUpdate {
  const { state } = body;
  if (state === undefined) throw new Rejection(400, '"state" is missing');
  if (!isObject(state)) throw new Rejection(400, '"state" is not an object');
  for (const [key, value] of Object.entries(state)) {
    if (!(SECTIONS as readonly string[]).includes(key)) {
      throw new Rejection(400, `the key "state.${key}" is not known`);
    }
    if (value !== null && !isObject(value)) {
      throw new Rejection(400, `"state.${key}" is not an object`);
    }
  }
  return state as StateUpdate;
}
