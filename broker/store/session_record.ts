/**
 * A session as the store has it, and back.
 *
 * @module
 */

import type { Core } from "../core.ts";
import { Message } from "../message.ts";
import { Session } from "../session/session.ts";
import type { StoredSession } from "./stored_types.ts";

/** What the store keeps of a session. */
export function toStored(session: Session): StoredSession {
  const { will } = session;
  return {
    key: session.key,
    clientId: session.clientId,
    username: session.username,
    claimed: session.claimed,
    protocolVersion: session.protocolVersion,
    expiryInterval: session.expiryInterval,
    disconnectedAt: session.connected ? 0 : session.disconnectedAt,
    will: will && {
      delay: session.willDelay,
      expiry: session.willExpiry,
      message: {
        topic: will.topic,
        payload: will.payload,
        properties: will.forward.subarray(will.forwardStart, will.forwardEnd),
        qos: will.qos,
        retain: will.retain,
        expiresAt: 0,
        publisher: undefined,
      },
    },
  };
}

/** The session that a store has kept; its client is not connected. */
export function fromStored(core: Core, stored: StoredSession): Session {
  const session = new Session(core, stored.clientId);
  session.key = stored.key;
  session.durable = stored.expiryInterval > 0;
  session.username = stored.username;
  session.claimed = stored.claimed;
  session.protocolVersion = stored.protocolVersion;
  session.cleanStart = false;
  session.expiryInterval = stored.expiryInterval;
  // Connections that were open ended with the broker, which nobody noted.
  session.disconnectedAt = stored.disconnectedAt || Date.now();
  const { will } = stored;
  if (will !== undefined) {
    session.will = Message.from({
      ...will.message,
      publisher: stored.clientId,
    }, core.topics);
    session.willDelay = will.delay;
    session.willExpiry = will.expiry;
  }
  return session;
}
