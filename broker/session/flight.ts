/**
 * One message for one client.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import type { Core } from "../core.ts";
import { Message } from "../message.ts";
import type { Recorded } from "../store/journal_types.ts";
import type { StoredFlight } from "../store/stored_types.ts";
import type { SharedGroup } from "../topics/subscription_tree.ts";
import type { Session } from "./session.ts";

/** One message for one client. */
export interface Flight extends Recorded {
  /** The message, kept. */
  readonly message: Message;
  /** QoS of the delivery. */
  readonly qos: QoS;
  /** RETAIN flag of the delivery. */
  readonly retain: boolean;
  /** Subscription identifiers. */
  readonly identifiers: readonly number[];
  /** The group that chose this client. */
  readonly group: SharedGroup | undefined;
  /** Packet identifier; 0 before it is sent first. */
  packetId: number;
  /** Whether PUBREC came, so that only PUBREL is to be repeated. */
  released: boolean;
}

/**
 * Reads deliveries of a session from the store.
 *
 * @param core The broker; it has a journal.
 * @param session The session.
 * @param seqs Which; those that are missing are left out.
 * @returns The deliveries.
 * @throws {StoreError} If the store cannot be read.
 */
export function readFlights(
  core: Core,
  session: Session,
  seqs: readonly number[],
): Flight[] {
  if (seqs.length === 0) return [];
  return core.journal!.read(seqs).map((stored) =>
    flightOf(core, session, stored)
  );
}

function flightOf(core: Core, session: Session, stored: StoredFlight): Flight {
  const { seq, qos, retain, identifiers, packetId, released, group } = stored;
  const subscription = group && session.subscriptions.get(group);
  return {
    message: Message.from(stored.message, core.topics),
    qos,
    retain,
    identifiers,
    group: subscription ? core.tree.groupOf(subscription) : undefined,
    packetId,
    released,
    seq,
    batch: 0,
    place: 0,
  };
}
