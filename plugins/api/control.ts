/**
 * Commands that clients give by publishing.
 *
 * @module
 */

import type { Session } from "./messages.ts";

/** A command that a client has given. */
export interface ControlRequest<Parameters = unknown> {
  /** Who gives it. */
  readonly session: Session;
  /** The payload of the message, read as JSON; `{}` if it was empty. */
  readonly parameters: Parameters;
}

/** Does what a command asks for. What it returns is the result, as JSON. */
export type ControlHandler<Parameters = unknown> = (
  request: ControlRequest<Parameters>,
) => unknown;

/**
 * Why a command was not done, for the client that gave it. Of other errors the client
 * hears only that the plugin failed.
 */
export class ControlError extends Error {
  /** Name of the error class. */
  override readonly name: string = "ControlError";
}
