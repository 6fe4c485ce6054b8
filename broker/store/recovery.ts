/**
 * What a store has, back into a broker that starts.
 *
 * @module
 */

import type { Core } from "../core.ts";
import { Message } from "../message.ts";
import type { Session } from "../session/session.ts";
import { parseFilter } from "../topics/filter.ts";
import { Journal } from "./journal.ts";
import { fromStored } from "./session_record.ts";
import type { Store } from "./store.ts";
import type { StoredDelivery, StoredSubscription } from "./stored_types.ts";

/** The deliveries of one session. */
interface Deliveries {
  readonly waiting: StoredDelivery[];
  readonly sent: StoredDelivery[];
}

/**
 * Fills a broker with what a store has. Payloads that wait for clients stay where
 * they are until their client comes.
 *
 * @param core The broker; nothing is in it yet.
 * @param store The store; it is open.
 * @returns Goes on with what waits for a time: ends of sessions, delayed wills.
 *   To be called when the broker runs, since wills go to subscribers.
 */
export function recover(core: Core, store: Store): () => void {
  const journal = new Journal(store, core);
  core.journal = journal;
  const sessions = new Map<number, Session>();
  let key = 0;
  for (const stored of store.sessions()) {
    key = Math.max(key, stored.key);
    const session = fromStored(core, stored);
    sessions.set(stored.key, session);
    core.sessions.restore(session);
  }
  for (const stored of store.subscriptions()) {
    restoreSubscription(sessions.get(stored.session), stored);
  }
  for (const { session, packetId } of store.incoming()) {
    sessions.get(session)?.addIncoming(packetId);
  }
  const deliveries = new Map<number, Deliveries>();
  let seq = 0;
  for (const delivery of store.deliveries()) {
    seq = delivery.seq;
    const { session, packetId } = delivery;
    let list = deliveries.get(session);
    if (list === undefined) {
      deliveries.set(session, list = { waiting: [], sent: [] });
    }
    (packetId === 0 ? list.waiting : list.sent).push(delivery);
  }
  journal.continueFrom(key + 1, seq + 1);
  for (const [key, { waiting, sent }] of deliveries) {
    sessions.get(key)?.outbox.restore(waiting, sent);
  }
  const now = Date.now();
  for (const stored of store.retained()) {
    if (stored.expiresAt !== 0 && stored.expiresAt <= now) {
      journal.clearRetained(stored.topic);
    } else {
      core.delivery.restoreRetained(Message.from(stored, core.topics));
    }
  }
  for (const value of store.values()) core.values.restore(value);
  return () => {
    for (const session of sessions.values()) {
      if (session.connection !== null) continue;
      core.sessions.resumeTimes(session);
    }
  };
}

function restoreSubscription(
  session: Session | undefined,
  stored: StoredSubscription,
): void {
  const filter = parseFilter(stored.filter);
  if (session === undefined || typeof filter === "string") return;
  const { qos, noLocal, retainAsPublished, exempt, identifiers } = stored;
  session.restoreSubscription({
    session,
    filter,
    qos,
    noLocal,
    retainAsPublished,
    exempt,
    identifiers,
  });
}
