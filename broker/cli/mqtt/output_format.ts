/**
 * The output formats of `sub`: those of `mosquitto_sub`.
 *
 * @module
 */

import { UsageError } from "../usage_error.ts";
import {
  dateField,
  formatDate,
  type LocalTime,
  nanoseconds,
} from "./date_format.ts";
import { messageJson } from "./json_output.ts";
import type { ReceivedMessage } from "./received.ts";

/** Writes a message. */
export type MessageFormat = (message: ReceivedMessage) => Uint8Array;

/** A piece of the output. */
type Piece = string | Uint8Array | ((message: ReceivedMessage) => Value);
type Value = string | number | Uint8Array | undefined;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "0": "\0",
  a: "\x07",
  e: "\x1b",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The length of `%l` and so on, padded with zeros if the format asks for it. */
const NUMBERS: Readonly<Record<string, (message: ReceivedMessage) => Value>> = {
  A: ({ properties }) => properties.topicAlias,
  E: ({ properties }) => properties.messageExpiryInterval,
  F: ({ properties: { payloadFormatIndicator: indicator } }) =>
    indicator === undefined ? undefined : Number(indicator),
  l: ({ payload }) => payload.length,
  m: ({ messageId }) => messageId,
  S: ({ properties: { subscriptionIdentifier } }) =>
    subscriptionIdentifier?.toString(),
  x: ({ payload }) => payload.toHex(),
  X: ({ payload }) => payload.toHex().toUpperCase(),
};

/** Texts, which a format may cut to a length. */
const TEXTS: Readonly<Record<string, (message: ReceivedMessage) => Value>> = {
  C: ({ properties }) => properties.contentType,
  I: ({ time }) => isoDate(time),
  R: ({ properties }) => properties.responseTopic,
  t: ({ topic }) => topic,
};

/** What is written as it is. */
const OTHERS: Readonly<Record<string, (message: ReceivedMessage) => Value>> = {
  "%": () => "%",
  D: ({ properties }) => properties.correlationData,
  p: ({ payload }) => payload,
  P: ({ properties }) => userProperties(properties.userProperties),
  q: ({ qos }) => qos,
  r: ({ retain }) => retain ? 1 : 0,
  U: ({ time }) => `${formatDate("s", time)}.${nanoseconds(time)}`,
};

const PERCENT = /%(-?)(0?)(\d*)(?:\.(\d+))?([A-Za-z%])/y;

/** Options of {@linkcode compileFormat}. */
export interface FormatOptions {
  /** Whether JSON has lines and indentation. */
  pretty: boolean;
}

/**
 * Reads a format.
 *
 * @param format Text with `%`, `@` and `\` sequences.
 * @param options How JSON is written.
 * @returns Writes a message in this format.
 * @throws {UsageError} If a sequence is not known or not complete.
 */
export function compileFormat(
  format: string,
  { pretty }: FormatOptions,
): MessageFormat {
  const pieces: Piece[] = [];
  for (let at = 0; at < format.length;) {
    const [piece, length] = readPiece(format, at, pretty);
    pieces.push(piece);
    at += length;
  }
  return (message) =>
    concat(
      pieces.map((piece) =>
        bytesOf(typeof piece === "function" ? piece(message) : piece)
      ),
    );
}

/**
 * The formats without a format text: the payload, or topic and payload.
 *
 * @param verbose Whether the topic comes first.
 * @returns Writes a message so.
 */
export function plainFormat(verbose: boolean): MessageFormat {
  if (!verbose) return ({ payload }) => payload;
  return ({ topic, payload }) =>
    concat([
      bytesOf(`${topic} `),
      payload.length === 0 ? bytesOf("(null)") : payload,
    ]);
}

function readPiece(
  format: string,
  at: number,
  pretty: boolean,
): [piece: Piece, length: number] {
  const character = format[at];
  const next = format[at + 1] ?? "";
  switch (character) {
    case "%":
      return readPercent(format, at, pretty);
    case "@": {
      if (next === "@") return ["@", 2];
      const field = dateField(next);
      if (field === undefined) throw unknown(format, `@${next}`);
      return [({ time }) => field(time), 2];
    }
    case "\\":
      if (!Object.hasOwn(ESCAPES, next)) throw unknown(format, `\\${next}`);
      return [ESCAPES[next], 2];
  }
  const end = format.slice(at + 1).search(/[%@\\]/);
  const text = end < 0 ? format.slice(at) : format.slice(at, at + 1 + end);
  return [text, text.length];
}

function readPercent(
  format: string,
  at: number,
  pretty: boolean,
): [piece: Piece, length: number] {
  PERCENT.lastIndex = at;
  const match = PERCENT.exec(format);
  if (match === null) throw unknown(format, format.slice(at, at + 2));
  const [all, left, zero, width, maximum, letter] = match;
  const fit = (value: Value): string => {
    const fill = zero && !left && letter in NUMBERS ? "0" : " ";
    const text = `${value ?? ""}`.slice(
      0,
      maximum && letter in TEXTS ? Number(maximum) : undefined,
    );
    return left
      ? text.padEnd(Number(width))
      : text.padStart(Number(width), fill);
  };
  if (letter === "j" || letter === "J") {
    const embed = letter === "J";
    return [(message) => messageJson(message, { embed, pretty }), all.length];
  }
  const read = NUMBERS[letter] ?? TEXTS[letter];
  if (read !== undefined) return [(message) => fit(read(message)), all.length];
  if (!(letter in OTHERS)) throw unknown(format, all);
  return [OTHERS[letter], all.length];
}

function unknown(format: string, sequence: string): UsageError {
  return new UsageError(
    `Cannot use the format "${format}": "${sequence}" means nothing; ` +
      `"${
        sequence[0]
      }" itself is written twice, and --help lists the sequences`,
  );
}

function isoDate(time: LocalTime): string {
  return `${formatDate("Y-m-d", time)}T${formatDate("H:M:Sz", time)}`;
}

function userProperties(
  properties: ReceivedMessage["properties"]["userProperties"],
): string {
  return Object.entries(properties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}:${value}`)
  ).join(" ");
}

const encoder = new TextEncoder();

function bytesOf(value: Value): Uint8Array {
  return value instanceof Uint8Array ? value : encoder.encode(`${value ?? ""}`);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
