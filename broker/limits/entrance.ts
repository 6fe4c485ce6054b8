/**
 * Which clients get a session. Before they are authenticated: those who failed or
 * came too often are not. Afterwards: whose the session is, and how many there are.
 *
 * @module
 */

import { ReasonCode } from "../../codec/reason_codes.ts";
import type { Verdict } from "../../plugins/manager.ts";
import type { Connection } from "../connection.ts";
import type { Session } from "../session/session.ts";

/**
 * Why a client is refused before the plugins are asked.
 *
 * @param connection Its connection.
 * @param session What it asks for.
 * @returns A reason code, or `undefined`.
 */
export function refusedAtOnce(
  { core, transport }: Connection,
  { clientId, username }: Session,
): number | undefined {
  if (core.logins.refuses(transport.remoteAddress, username)) {
    return ReasonCode.Banned;
  }
  return core.flapping.refuses(clientId, username)
    ? ReasonCode.ConnectionRateExceeded
    : undefined;
}

/**
 * Why a client that is authenticated gets no session.
 *
 * @param connection Its connection.
 * @param session What it asks for.
 * @returns A reason code, or `undefined`.
 */
export function refusedSession(
  { core }: Connection,
  { clientId, username }: Session,
): number | undefined {
  const { config, reports, sessions } = core;
  // By now a plugin may have given it another name.
  if (core.flapping.refuses(clientId, username)) {
    return ReasonCode.ConnectionRateExceeded;
  }
  const earlier = sessions.get(clientId);
  if (earlier !== undefined) {
    // A session belongs to the user who made it; what a plugin made, to the first.
    if (
      !earlier.claimed || earlier.username === username ||
      config.clientIdConflict === "fresh"
    ) return undefined;
    reports.reached(
      "clientIdConflict",
      clientId,
      `Client refused: its client identifier has a session of another user`,
    );
    return ReasonCode.ClientIdentifierNotValid;
  }
  if (!core.memory.hasRoom()) {
    reports.reached("maxMemory", clientId, "Client refused", config.maxMemory);
    return ReasonCode.ServerBusy;
  }
  const { maxSessions, maxSessionsPerUser } = config;
  if (maxSessions > 0 && sessions.size >= maxSessions) {
    reports.reached("maxSessions", clientId, "Client refused", maxSessions);
    return ReasonCode.QuotaExceeded;
  }
  if (
    maxSessionsPerUser > 0 && username !== undefined &&
    sessions.countOf(username) >= maxSessionsPerUser
  ) {
    reports.reached(
      "maxSessionsPerUser",
      username,
      "Client refused",
      maxSessionsPerUser,
    );
    return ReasonCode.QuotaExceeded;
  }
  return undefined;
}

/**
 * A client was not authenticated: waits as long as the answer has to.
 *
 * @param connection Its connection.
 * @param session What it asked for.
 * @param verdict What the plugins decided.
 * @returns A promise if there is anything to wait for.
 */
export function loginFailed(
  connection: Connection,
  { username, password }: Session,
  verdict: Exclude<Verdict, true>,
): Promise<void> | undefined {
  const { core, transport, authMethod } = connection;
  // Only a wrong answer counts: a plugin that is busy or broken is not the client's fault.
  const isWrong = verdict.failed !== true &&
    (verdict.reasonCode === ReasonCode.NotAuthorized ||
      verdict.reasonCode === ReasonCode.BadUserNameOrPassword);
  // Who shows nothing guesses nothing.
  const isGuess = username !== undefined || password !== undefined ||
    authMethod !== undefined;
  if (!isWrong || !isGuess) return undefined;
  const delay = core.logins.failed(transport.remoteAddress, username);
  return delay > 0 ? connection.wait(delay) : undefined;
}

/**
 * A client was accepted.
 *
 * @param connection Its connection.
 * @param session Its session.
 */
export function entered(
  { core, transport }: Connection,
  { clientId, username }: Session,
): void {
  core.logins.succeeded(transport.remoteAddress, username);
  core.flapping.connected(clientId, username);
}
