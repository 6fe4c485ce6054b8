/**
 * What `auth_jwt` knows of a client's token, and where it leaves it for `topic_jwt`.
 *
 * @module
 */

import type { Session } from "../mod.ts";

/** A token whose signature, times, issuer and audience are right. */
export interface VerifiedToken {
  /** The claims. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** When it ends, in milliseconds since 1970; `Infinity`: never. */
  readonly expiresAt: number;
}

const ATTRIBUTE = "auth_jwt.token";

/** The token that a session was authenticated with. */
export function tokenOf(session: Session): VerifiedToken | undefined {
  return session.attributes.get(ATTRIBUTE) as VerifiedToken | undefined;
}

/** Leaves a token in a session, or takes it away. */
export function setToken(
  session: Session,
  token: VerifiedToken | undefined,
): void {
  if (token === undefined) session.attributes.delete(ATTRIBUTE);
  else session.attributes.set(ATTRIBUTE, token);
}
