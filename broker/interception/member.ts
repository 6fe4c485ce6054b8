/**
 * Who of a shared subscription gets a message.
 *
 * @module
 */

import type { Core } from "../core.ts";
import type { Message } from "../message.ts";
import type { Session } from "../session/session.ts";
import type { SharedGroup, Subscription } from "../topics/subscription_tree.ts";

/**
 * Chooses a member of a group: a plugin does, or it is the next one's turn.
 *
 * @param core The broker.
 * @param group The group.
 * @param message The message.
 * @param except A session that must not get it.
 * @returns The member, or `undefined` if there is none.
 */
export function chooseMember(
  { plugins }: Core,
  group: SharedGroup,
  message: Message,
  except?: Session,
): Subscription | undefined {
  const selector = plugins.intercepts.member;
  if (selector === undefined) return group.choose(except);
  const candidates = group.members.filter(({ session }) => session !== except);
  if (candidates.length === 0) return undefined;
  const at = selector.ask({
    filter: group.text,
    message: message.keep(),
    members: candidates.map(({ session }) => session),
  });
  // What the plugins did meanwhile may have ended the session.
  const chosen = candidates[at];
  return chosen === undefined || chosen.session.ended
    ? group.choose(except)
    : chosen;
}
