/**
 * Sessions and messages as a sandbox gets them: what they are at the moment of the
 * event. The broker's own are objects that live and change. A batch of messages crosses
 * as an array.
 *
 * @module
 */

import type {
  ApplicationMessage,
  MessageBatch,
  PeerCertificate,
  Session,
} from "../mod.ts";

const SESSION_KEYS: ReadonlySet<string> = new Set(["session", "clientSession"]);
const MESSAGE_KEYS: ReadonlySet<string> = new Set([
  "message",
  "retainedMessage",
  "will",
]);
const BATCH_KEY = "messages";

/**
 * Copies the argument of a hook into plain data.
 *
 * @param event The argument.
 * @returns The copy; sessions lack `attributes` and `will`.
 */
export function copyEvent(event: unknown): unknown {
  if (typeof event !== "object" || event === null) return event;
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(event)) {
    copy[key] = value === undefined || value === null
      ? value
      : SESSION_KEYS.has(key)
      ? copySession(value as Session)
      : MESSAGE_KEYS.has(key)
      ? copyMessage(value as ApplicationMessage)
      : key === BATCH_KEY
      ? Array.from(value as MessageBatch, copyMessage)
      : value;
  }
  return copy;
}

/** Copies a session; `attributes` and `will` do not cross. */
export function copySession(session: Session): Record<string, unknown> {
  const { peerCertificate } = session;
  return {
    clientId: session.clientId,
    username: session.username,
    password: session.password,
    isAnonymous: session.isAnonymous,
    protocolVersion: session.protocolVersion,
    cleanStart: session.cleanStart,
    expiryInterval: session.expiryInterval,
    keepAlive: session.keepAlive,
    connected: session.connected,
    sessionPresent: session.sessionPresent,
    remoteAddress: session.remoteAddress,
    remotePort: session.remotePort,
    listener: session.listener,
    peerCertificate: peerCertificate && copyCertificate(peerCertificate),
    connectedAt: session.connectedAt,
    disconnectedAt: session.disconnectedAt,
    inflightCount: session.inflightCount,
    queuedCount: session.queuedCount,
  };
}

/** Copies a message; the bytes of its payload are copied when it is sent. */
export function copyMessage(message: ApplicationMessage): ApplicationMessage {
  const { topic, payload, qos, retain, properties, publisher } = message;
  return { topic, payload, qos, retain, properties, publisher };
}

function copyCertificate(certificate: PeerCertificate): PeerCertificate {
  const { commonName, subjectAltName, uris, fingerprint256 } = certificate;
  return { commonName, subjectAltName, uris: [...uris], fingerprint256 };
}

/**
 * Gives the sessions of an event, which is changed, and a batch of messages what they
 * lack.
 *
 * @param event The argument of a hook as it came.
 * @returns The event.
 */
export function reviveEvent(event: unknown): unknown {
  if (typeof event !== "object" || event === null) return event;
  const messages = (event as Record<string, unknown>)[BATCH_KEY];
  if (Array.isArray(messages)) {
    const bytes = messages.reduce(
      (sum, { payload }) => sum + payload.length,
      0,
    );
    Object.defineProperty(messages, "bytes", { value: bytes });
  }
  for (const key of SESSION_KEYS) {
    const session = (event as Record<string, unknown>)[key];
    if (typeof session === "object" && session !== null) reviveSession(session);
  }
  return event;
}

/** What does not cross says so, instead of being empty. */
export function reviveSession<Value extends object>(session: Value): Value {
  return Object.defineProperties(session, {
    attributes: {
      get: (): never => {
        throw new Error(
          "session.attributes does not cross a sandbox; keep what belongs to a client in a Map with its clientId",
        );
      },
    },
    will: {
      get: (): never => {
        throw new Error(
          "session.will does not cross a sandbox; interceptWill() gets the will",
        );
      },
    },
  });
}
