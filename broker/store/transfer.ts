/**
 * The contents of a store as JSON lines, and back: one object for each session,
 * message, retained message and value of a plugin.
 *
 * @module
 */

import type { QoS } from "../../plugins/mod.ts";
import { Batch } from "./batch.ts";
import { VALUE_KINDS } from "./batch_format.ts";
import type { Store } from "./store.ts";
import type {
  StoredFlight,
  StoredMessage,
  StoredSession,
  StoredSubscription,
  StoredValue,
  ValueKind,
} from "./stored_types.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
// How many lines are read from a store, or written to it, at a time.
const PAGE = 1000;

/** A message in a line. Bytes are in Base64. */
interface MessageLine {
  topic: string;
  payload: string;
  properties?: string;
  qos: QoS;
  retain: boolean;
  expiresAt?: number;
  publisher?: string;
}

/** A session in a line. */
interface SessionLine {
  type: "session";
  clientId: string;
  username?: string;
  claimed: boolean;
  protocolVersion: 3 | 4 | 5;
  /** Seconds; absent: for ever. */
  expiryInterval?: number;
  disconnectedAt: number;
  will?: { delay: number; expiry?: number; message: MessageLine };
  subscriptions: Array<
    Omit<StoredSubscription, "session" | "identifiers"> & {
      identifiers?: readonly number[];
    }
  >;
  /** Packet identifiers of QoS 2 messages that are not released. */
  incoming?: number[];
}

/** A message that waits for a session, in a line. */
interface DeliveryLine {
  type: "message";
  clientId: string;
  qos: QoS;
  retain: boolean;
  packetId?: number;
  released?: boolean;
  identifiers?: readonly number[];
  group?: string;
  message: MessageLine;
}

/** A retained message in a line. */
interface RetainedLine {
  type: "retained";
  message: MessageLine;
}

/** A value of a plugin in a line. */
interface ValueLine {
  type: "value";
  plugin: string;
  key: string;
  kind: ValueKind;
  /** Bytes are in Base64; texts and JSON as they are. */
  value: string;
}

/** One line of an export. */
export type StoreLine = SessionLine | DeliveryLine | RetainedLine | ValueLine;

/**
 * Reads everything that a store has.
 *
 * @param store The store; it is open.
 * @returns The lines: sessions first, then messages in their order, then retained ones, then values.
 */
export function* exportStore(store: Store): Generator<StoreLine> {
  const subscriptions = Map.groupBy(store.subscriptions(), (s) => s.session);
  const incoming = Map.groupBy(store.incoming(), (i) => i.session);
  const names = new Map<number, string>();
  for (const session of store.sessions()) {
    const { key, will, expiryInterval, username, ...rest } = session;
    names.set(key, session.clientId);
    const ids = incoming.get(key)?.map(({ packetId }) => packetId);
    yield {
      type: "session",
      ...rest,
      ...(username !== undefined && { username }),
      ...(expiryInterval !== Infinity && { expiryInterval }),
      ...(will !== undefined && {
        will: { ...will, message: toLine(will.message) },
      }),
      subscriptions: (subscriptions.get(key) ?? []).map(
        ({ session: _, identifiers, ...subscription }) => ({
          ...subscription,
          ...(identifiers.length > 0 && { identifiers }),
        }),
      ),
      ...(ids !== undefined && { incoming: ids }),
    };
  }
  const seqs = [...store.deliveries()].map(({ seq }) => seq);
  for (let i = 0; i < seqs.length; i += PAGE) {
    for (const flight of store.read(seqs.slice(i, i + PAGE))) {
      yield deliveryLine(flight, names.get(flight.session) ?? "");
    }
  }
  for (const message of store.retained()) {
    yield { type: "retained", message: toLine(message) };
  }
  for (const value of store.values()) yield valueLine(value);
}

function valueLine({ plugin, key, kind, bytes }: StoredValue): ValueLine {
  const value = kind === "bytes" ? bytes.toBase64() : decoder.decode(bytes);
  return { type: "value", plugin, key, kind, value };
}

function deliveryLine(flight: StoredFlight, clientId: string): DeliveryLine {
  const { qos, retain, packetId, released, identifiers, group } = flight;
  return {
    type: "message",
    clientId,
    qos,
    retain,
    ...(packetId !== 0 && { packetId }),
    ...(released && { released }),
    ...(identifiers.length > 0 && { identifiers }),
    ...(group !== undefined && { group }),
    message: toLine(flight.message),
  };
}

/**
 * Writes lines of an export to a store.
 *
 * @param store The store; it is open, and empty.
 * @param lines The lines.
 * @param progress Told now and then how many were written.
 * @returns How many were written.
 * @throws {SyntaxError} If a line is none of an export; names its number.
 */
export async function importStore(
  store: Store,
  lines: AsyncIterable<string>,
  progress: (count: number) => void = () => {},
): Promise<number> {
  const importer = new Importer();
  let count = 0;
  for await (const text of lines) {
    if (text.trim() === "") continue;
    count++;
    try {
      importer.add(JSON.parse(text) as StoreLine);
    } catch (error) {
      throw new SyntaxError(
        `Cannot import line ${count}: ${
          error instanceof Error ? error.message : error
        }`,
        { cause: error },
      );
    }
    if (count % PAGE !== 0) continue;
    await importer.commit(store);
    progress(count);
  }
  await importer.commit(store);
  return count;
}

/** Gives sessions and messages their numbers. */
class Importer {
  readonly #keys = new Map<string, number>();
  #batch = new Batch();
  #seq = 0;

  add(line: StoreLine): void {
    switch (line?.type) {
      case "session":
        return this.#addSession(line);
      case "message":
        return this.#addDelivery(line);
      case "retained":
        this.#batch.putRetained(batchMessage(line.message));
        return;
      case "value":
        return this.#addValue(line);
      default:
        throw new TypeError(
          'its type is none of "session", "message", "retained" and "value"',
        );
    }
  }

  async commit(store: Store): Promise<void> {
    await store.commit(this.#batch);
    this.#batch.clear();
  }

  #addSession(line: SessionLine): void {
    const { clientId, will } = line;
    if (this.#keys.has(clientId)) {
      throw new TypeError(`there are two sessions of "${clientId}"`);
    }
    const key = this.#keys.size + 1;
    this.#keys.set(clientId, key);
    const session: StoredSession = {
      key,
      clientId,
      username: line.username,
      claimed: line.claimed,
      protocolVersion: line.protocolVersion,
      expiryInterval: line.expiryInterval ?? Infinity,
      disconnectedAt: line.disconnectedAt,
      will: will && {
        delay: will.delay,
        expiry: will.expiry,
        message: fromLine(will.message),
      },
    };
    this.#batch.putSession(session);
    for (const subscription of line.subscriptions) {
      const { identifiers = [] } = subscription;
      this.#batch.putSubscription({
        ...subscription,
        session: key,
        identifiers,
      });
    }
    for (const packetId of line.incoming ?? []) {
      this.#batch.addIncoming(key, packetId);
    }
  }

  #addValue({ plugin, key, kind, value }: ValueLine): void {
    if (!VALUE_KINDS.includes(kind)) {
      throw new TypeError(`its kind is none of ${VALUE_KINDS.join(", ")}`);
    }
    const bytes = kind === "bytes"
      ? Uint8Array.fromBase64(value)
      : encoder.encode(value);
    this.#batch.putValue({ plugin, key, kind, bytes });
  }

  #addDelivery(line: DeliveryLine): void {
    const session = this.#keys.get(line.clientId);
    if (session === undefined) {
      throw new TypeError(
        `there is no session of "${line.clientId}" before it`,
      );
    }
    const message = batchMessage(line.message);
    const { bytes, forward, target } = message;
    const body = this.#batch.addBody(message);
    this.#batch.addFlight({
      seq: ++this.#seq,
      session,
      weight: bytes.length + forward.length + target.bytes.length,
      qos: line.qos,
      retain: line.retain,
      packetId: line.packetId ?? 0,
      released: line.released ?? false,
      identifiers: line.identifiers ?? [],
      group: line.group,
    }, body);
  }
}

function toLine(message: StoredMessage): MessageLine {
  const { topic, payload, properties, qos, retain, expiresAt, publisher } =
    message;
  return {
    topic,
    payload: payload.toBase64(),
    ...(properties.length > 0 && { properties: properties.toBase64() }),
    qos,
    retain,
    ...(expiresAt !== 0 && { expiresAt }),
    ...(publisher !== undefined && { publisher }),
  };
}

function fromLine(line: MessageLine): StoredMessage {
  return {
    topic: line.topic,
    payload: Uint8Array.fromBase64(line.payload),
    properties: Uint8Array.fromBase64(line.properties ?? ""),
    qos: line.qos,
    retain: line.retain,
    expiresAt: line.expiresAt ?? 0,
    publisher: line.publisher,
  };
}

function batchMessage(line: MessageLine) {
  const { topic, payload, properties, ...rest } = fromLine(line);
  return {
    ...rest,
    target: { bytes: encoder.encode(topic) },
    bytes: payload,
    start: 0,
    end: payload.length,
    forward: properties,
    forwardStart: 0,
    forwardEnd: properties.length,
  };
}
