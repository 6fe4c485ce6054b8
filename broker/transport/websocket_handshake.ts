/**
 * The opening handshake of a WebSocket (RFC 6455, section 4): one request over
 * HTTP, and its answer.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ListenerConfig } from "../config/mod.ts";
import type { Transport } from "./transport.ts";

// `mqttv3.1` is what clients asked for before the name was registered.
const SUBPROTOCOLS = ["mqtt", "mqttv3.1"];
/** Names the protocol in the proof that the server understood (section 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const FIRST_SIZE = 2048;
const LARGEST_REQUEST = 16 * 1024;

const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** What a request to upgrade says. */
interface UpgradeRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** By their names in lower case; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
}

/** A request that is refused. */
interface Refusal {
  readonly status: string;
  readonly text: string;
  readonly headers?: string;
}

/**
 * Does the opening handshake.
 *
 * @param transport The connection; nothing was read from it.
 * @param options Which requests are taken.
 * @returns What the client sent behind its request; `undefined` if it was refused or
 *   has gone.
 * @throws {Error} If the connection broke.
 */
export async function shakeHands(
  transport: Transport,
  options: ListenerConfig["websocket"],
): Promise<Uint8Array | undefined> {
  const request = await readRequest(transport);
  if (request === undefined) return undefined;
  const { head, rest } = request;
  const parsed = head === undefined ? undefined : parseRequest(head);
  const refusal = parsed === undefined
    ? { status: "400 Bad Request", text: "This is not a WebSocket request." }
    : refuse(parsed, options);
  if (parsed === undefined || refusal !== undefined) {
    await writeAll(transport, encoder.encode(refusalText(refusal!)));
    return undefined;
  }
  const key = parsed.headers.get("sec-websocket-key")!;
  const proof = createHash("sha1").update(key + GUID).digest("base64");
  const answer = [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: Upgrade",
    `sec-websocket-accept: ${proof}`,
    `sec-websocket-protocol: ${chooseSubprotocol(parsed)}`,
  ];
  await writeAll(transport, encoder.encode(`${answer.join("\r\n")}\r\n\r\n`));
  return rest;
}

/**
 * Writes all of `bytes`.
 *
 * @param transport Where to.
 * @param bytes What.
 */
export async function writeAll(
  transport: Transport,
  bytes: Uint8Array,
): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) {
    rest = rest.subarray(await transport.write(rest));
  }
}

/** The request up to its empty line (absent if it is too long), and what follows. */
async function readRequest(
  transport: Transport,
): Promise<{ head: string | undefined; rest: Uint8Array } | undefined> {
  let bytes = new Uint8Array(FIRST_SIZE);
  let length = 0;
  for (;;) {
    const count = await transport.read(bytes.subarray(length));
    if (count === null) return undefined;
    const end = endOfHead(bytes, Math.max(0, length - 3), length + count);
    length += count;
    if (end !== -1) {
      return {
        head: decoder.decode(bytes.subarray(0, end)),
        rest: bytes.subarray(end, length),
      };
    }
    if (length < bytes.length) continue;
    if (length >= LARGEST_REQUEST) return { head: undefined, rest: bytes };
    const larger = new Uint8Array(length * 2);
    larger.set(bytes);
    bytes = larger;
  }
}

/** Where the body begins; -1 if the head goes on. */
function endOfHead(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i + 3 < end; i++) {
    if (
      bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 &&
      bytes[i + 3] === 10
    ) return i + 4;
  }
  return -1;
}

function parseRequest(head: string): UpgradeRequest | undefined {
  const [first, ...lines] = head.split("\r\n");
  const start = /^([A-Z]+) (\S+) HTTP\/1\.1$/.exec(first);
  if (start === null) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    if (line === "") continue;
    const header = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (header === null) return undefined;
    const name = header[1].toLowerCase();
    const known = headers.get(name);
    headers.set(name, known ? `${known}, ${header[2]}` : header[2]);
  }
  return { method: start[1], target: start[2], headers };
}

function refuse(
  request: UpgradeRequest,
  options: ListenerConfig["websocket"],
): Refusal | undefined {
  const { method, target, headers } = request;
  if (options.path !== "*" && target.split("?")[0] !== options.path) {
    return { status: "404 Not Found", text: "Not found." };
  }
  const isUpgrade = headers.get("upgrade")?.toLowerCase() === "websocket" &&
    listOf(headers.get("connection")).includes("upgrade");
  if (!isUpgrade || method !== "GET") {
    return {
      status: "426 Upgrade Required",
      text: "This is an MQTT broker: connect with a WebSocket.",
      headers: "upgrade: websocket\r\n",
    };
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return {
      status: "426 Upgrade Required",
      text: "This broker speaks version 13 of the WebSocket protocol.",
      headers: "sec-websocket-version: 13\r\n",
    };
  }
  // Only browsers send an origin, and they cannot leave it out.
  const origin = headers.get("origin");
  if (origin && options.origins.length && !options.origins.includes(origin)) {
    return { status: "403 Forbidden", text: "This origin is not allowed." };
  }
  if (chooseSubprotocol(request) === undefined) {
    return {
      status: "400 Bad Request",
      text:
        'Ask for the WebSocket subprotocol "mqtt" (Sec-WebSocket-Protocol).',
    };
  }
  // 16 bytes in base64.
  if (!/^[\w+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    return {
      status: "400 Bad Request",
      text: "The header Sec-WebSocket-Key is missing or wrong.",
    };
  }
  return undefined;
}

// [MQTT-6.0.0-3] The client offers "mqtt". [MQTT-6.0.0-4] The server selects it.
function chooseSubprotocol({ headers }: UpgradeRequest): string | undefined {
  const offered = listOf(headers.get("sec-websocket-protocol"));
  return SUBPROTOCOLS.find((name) => offered.includes(name));
}

function listOf(header: string | undefined): string[] {
  return (header ?? "").split(",").map((item) => item.trim().toLowerCase());
}

function refusalText({ status, text, headers = "" }: Refusal): string {
  return `HTTP/1.1 ${status}\r\n${headers}connection: close\r\n` +
    "content-type: text/plain; charset=utf-8\r\n" +
    `content-length: ${text.length + 1}\r\n\r\n${text}\n`;
}
