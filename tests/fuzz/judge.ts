/**
 * Says which answers a client must get, and whether it got them.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { IConnectPacket, IPublishPacket } from "mqtt-packet";
import {
  decode,
  frameSize,
  type Packet,
  PacketError,
} from "../../codec/mod.ts";
import { Receiver } from "./receiver.ts";
import type { Version } from "./wire.ts";

/** What the judge must know of the broker. */
export interface Rules {
  readonly maxPacketSize: number;
  readonly maxConnectPacketSize: number;
  readonly maxTopicLevels: number;
  readonly maxInflight: number;
  readonly topicAliasMaximum: number;
  readonly maxSubscriptions: number;
  /** Whether a plugin decides about topics. */
  readonly filtersTopics: boolean;
  /** Whether acknowledgements wait for a store, while other answers do not. */
  readonly stored: boolean;
  /** Whether plugins do things that nobody can foresee from outside. */
  readonly unforeseeable: boolean;
}

/** An answer that must come, in this order. */
interface Expected {
  readonly cmd: string;
  readonly id?: number;
  /** Checks the rest of the packet. */
  readonly check?: (packet: Packet) => void;
  /** The connection may be closed with this code instead. */
  readonly orClose?: number;
}

/** How a connection must end: with which codes of DISCONNECT or CONNACK, if any. */
interface Ending {
  readonly codes: readonly number[];
  readonly packet?: "disconnect" | "connack";
  readonly why: string;
}

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;

/** The judge of one connection. */
export class Judge {
  readonly #rules: Rules;
  readonly #receiver: Receiver;
  #version: Version = 4;
  #phase: "new" | "asked" | "open" | "over" = "new";
  #unread = new Uint8Array(0);
  readonly #expected: Expected[] = [];
  #ending: Ending | undefined;
  #ended = false;
  #connect: IConnectPacket | undefined;
  readonly #aliases = new Set<number>();
  /** Whether the connection may end at any time, and is not to be blamed for it. */
  excused = false;
  /** Whether answers cannot be foreseen: only their form is judged. */
  loose = false;

  constructor(rules: Rules) {
    this.#rules = rules;
    this.#receiver = new Receiver(rules.maxInflight);
    this.excused = this.loose = rules.unforeseeable;
  }

  /** Client identifier of the CONNECT that was sent. */
  get clientId(): string | undefined {
    return this.#connect?.clientId;
  }

  /** Whether the connection serves a client that was accepted. */
  get open(): boolean {
    return this.#phase === "open" && this.#ending === undefined &&
      !this.#ended && !this.loose;
  }

  /** Whether what was sent ends with a whole packet. */
  get whole(): boolean {
    return this.#unread.length === 0;
  }

  /** Whether every answer has come. */
  get satisfied(): boolean {
    if (this.#ended) return true;
    if (this.loose) return true;
    return this.#expected.length === 0 && this.#ending === undefined;
  }

  /** The client has sent bytes. */
  sent(bytes: Uint8Array): void {
    if (this.#phase === "over") return;
    const joined = new Uint8Array(this.#unread.length + bytes.length);
    joined.set(this.#unread);
    joined.set(bytes, this.#unread.length);
    this.#unread = joined;
    this.#advance();
  }

  /** The client has got bytes. */
  got(bytes: Uint8Array): void {
    for (const packet of this.#receiver.push(bytes)) {
      this.#judge(packet);
      // What was sent behind a CONNECT is answered if that was accepted.
      this.#advance();
    }
  }

  /** The broker has ended the connection. */
  finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.excused) return;
    assert(
      this.#ending !== undefined,
      `The broker closed the connection for no reason; expected: ${this}`,
    );
    // Who breaks a rule does not get what waits for the store.
    const missing = this.#expected.filter(({ cmd }) =>
      !this.#rules.stored || !isAck(cmd)
    );
    assertEquals(missing, [], `Answers are missing: ${this}`);
    assert(
      this.#ending.packet === undefined,
      `The broker closed the connection and did not say why: ${this}`,
    );
  }

  toString(): string {
    return JSON.stringify({
      phase: this.#phase,
      version: this.#version,
      expected: this.#expected,
      ending: this.#ending,
      client: this.clientId,
    });
  }

  /** Foresees the answers to what was sent. */
  #advance(): void {
    while (this.#phase === "new" || this.#phase === "open") {
      const { maxConnectPacketSize, maxPacketSize } = this.#rules;
      const limit = this.#phase === "new"
        ? maxConnectPacketSize
        : maxPacketSize;
      const bytes = this.#unread;
      let frame: Uint8Array;
      try {
        const size = frameSize(bytes, 0, bytes.length, limit);
        if (size === 0) return;
        // Nobody waits for the rest of what is no CONNECT.
        if (this.#phase === "new" && bytes[0] >> 4 !== 1) {
          return this.#end("the first is not CONNECT");
        }
        if (size > bytes.length) return;
        frame = bytes.subarray(0, size);
      } catch (error) {
        return this.#endWith(error);
      }
      this.#unread = bytes.slice(frame.length);
      try {
        if (this.#phase === "new") this.#foreseeConnack(frame);
        else this.#foresee(frame);
      } catch (error) {
        this.#endWith(error, frame);
      }
    }
  }

  #endWith(error: unknown, frame?: Uint8Array): void {
    if (!(error instanceof PacketError)) throw error;
    const { reasonCode, message } = error;
    const isPublish = frame !== undefined && frame[0] >> 4 === 3;
    // Of several mistakes in a PUBLISH, any may be found first.
    const codes = isPublish && reasonCode !== 0x90 && reasonCode !== 0x94
      ? [reasonCode, MALFORMED, PROTOCOL_ERROR, 0x90, 0x94]
      : isPublish
      ? [reasonCode, MALFORMED, PROTOCOL_ERROR]
      : [reasonCode];
    this.#end(message, ...codes);
  }

  /** The connection must end; `codes` may be said to a client of MQTT 5. */
  #end(why: string, ...codes: number[]): void {
    // A CONNECT that is too large may be told so, if its version could be read.
    if (this.#phase === "new") this.#receiver.version = 5;
    const says = this.#phase === "open" && this.#version === 5 &&
      codes.length > 0;
    this.#phase = "over";
    this.#ending = { codes, why, ...says && { packet: "disconnect" } };
  }

  #foreseeConnack(frame: Uint8Array): void {
    let packet: IConnectPacket;
    try {
      packet = decode(frame, 5) as IConnectPacket;
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
      // Whether the client can be told depends on what can be read.
      this.#receiver.version = 5;
      this.#phase = "over";
      this.#ending = {
        codes: [error.reasonCode, 1],
        why: error.message,
        ...levelOf(frame) === 5 && { packet: "connack" },
      };
      return;
    }
    this.#connect = packet;
    this.#version = this.#receiver.version = packet.protocolVersion as Version;
    const { properties = {}, will, clientId, clean } = packet;
    this.#receiver.window = properties.receiveMaximum ?? 65535;
    this.#receiver.aliasMaximum = properties.topicAliasMaximum ?? 0;
    this.#receiver.maxPacketSize = properties.maximumPacketSize ?? Infinity;
    if (this.#receiver.maxPacketSize < 64) this.loose = this.excused = true;
    const refusable = properties.authenticationMethod !== undefined ||
      clientId === "" && !clean ||
      clientId === "" && this.#version === 3 ||
      will !== undefined && (this.#rules.filtersTopics ||
          will.topic.startsWith("$") ||
          levels(will.topic) > this.#rules.maxTopicLevels);
    this.#phase = this.loose ? "open" : "asked";
    if (this.loose) return;
    this.#expected.push({
      cmd: "connack",
      check: (connack) => {
        assert(connack.cmd === "connack");
        const code = connack.reasonCode ?? connack.returnCode;
        // Another user may have the client identifier.
        assert(
          code === 0 || refusable || code === (this.#version === 5 ? 0x85 : 2),
          `CONNACK ${code} for no reason`,
        );
        assert(!connack.sessionPresent || !clean, "A clean session is old");
        // MQTT 3.1 does not say whether there was a session.
        this.#receiver.resumed = connack.sessionPresent ||
          this.#version === 3 && clean === false;
        this.#phase = "open";
        if (code !== 0) this.#end("refused");
      },
    });
  }

  #foresee(frame: Uint8Array): void {
    // [MQTT-3.1.0-2], whatever it says.
    if (frame[0] === 0x10) return this.#end("a second CONNECT", PROTOCOL_ERROR);
    const packet = decode(frame, this.#version);
    switch (packet.cmd) {
      case "publish":
        return this.#foreseePublish(packet);
      case "pubrec":
        if ((packet.reasonCode ?? 0) >= 0x80) {
          this.#receiver.acknowledged(packet.messageId!);
          return;
        }
        return this.#expect("pubrel", packet.messageId);
      case "pubrel":
        return this.#expect("pubcomp", packet.messageId);
      case "puback":
      case "pubcomp":
        return this.#receiver.acknowledged(packet.messageId!);
      case "subscribe":
        this.#expected.push({
          cmd: "suback",
          id: packet.messageId,
          orClose: 0x95,
          check: (suback) => {
            assert(suback.cmd === "suback");
            const granted = suback.granted as number[];
            const filters = packet.subscriptions;
            assertEquals(granted.length, filters.length);
            filters.forEach(({ topic, qos }, i) =>
              this.#checkGrant(topic, qos, granted[i])
            );
          },
        });
        return;
      case "unsubscribe":
        this.#expected.push({
          cmd: "unsuback",
          id: packet.messageId,
          orClose: 0x95,
          check: (unsuback) => {
            assert(unsuback.cmd === "unsuback");
            if (this.#version < 5) return;
            const { length } = packet.unsubscriptions;
            assertEquals((unsuback.granted as number[]).length, length);
          },
        });
        return;
      case "pingreq":
        return this.#expect("pingresp");
      case "disconnect": {
        const asked = packet.properties?.sessionExpiryInterval ?? 0;
        const had = this.#connect?.properties?.sessionExpiryInterval ?? 0;
        if (asked > 0 && had === 0) this.#end("an expiry", PROTOCOL_ERROR);
        else this.#end("the client disconnected");
        return;
      }
      default:
        this.#end(`a ${packet.cmd} out of place`, PROTOCOL_ERROR);
    }
  }

  #foreseePublish(packet: IPublishPacket): void {
    const { topic, qos, messageId, properties } = packet;
    const alias = properties?.topicAlias;
    if (alias !== undefined && alias > this.#rules.topicAliasMaximum) {
      return this.#end("an alias too large", 0x94);
    }
    if (levels(topic) > this.#rules.maxTopicLevels) {
      return this.#end("too many levels", 0x90);
    }
    if (alias !== undefined && topic !== "") this.#aliases.add(alias);
    if (topic === "" && !this.#aliases.has(alias!)) {
      return this.#end("an alias of nothing", PROTOCOL_ERROR);
    }
    if (qos === 1) this.#expect("puback", messageId);
    // There may be more unreleased ones from earlier connections.
    if (qos === 2) {
      this.#expected.push({ cmd: "pubrec", id: messageId, orClose: 0x93 });
    }
  }

  #expect(cmd: string, id?: number): void {
    this.#expected.push({ cmd, id });
  }

  #checkGrant(filter: string, qos: number, code: number): void {
    if (!isFilter(filter, this.#rules.maxTopicLevels)) {
      assert(code >= 0x80, `"${filter}" was granted`);
    } else if (!this.#rules.filtersTopics && code !== qos) {
      const why = this.#version === 5 ? 0x97 : 0x80;
      assert(this.#rules.maxSubscriptions > 0);
      assertEquals(code, why, `"${filter}" was refused`);
    }
  }

  /** Compares a packet of the broker with what was foreseen. */
  #judge(packet: Packet): void {
    if (packet.cmd === "publish") return;
    if (packet.cmd === "disconnect") return this.#judgeDisconnect(packet);
    if (this.loose) return;
    if (packet.cmd === "connack" && this.#ending !== undefined) {
      const code = packet.reasonCode ?? packet.returnCode!;
      assert(
        this.#ending.codes.includes(code),
        `CONNACK with ${code}: ${this}`,
      );
      this.#ending = { codes: [], why: this.#ending.why };
      return;
    }
    const at = this.#rules.stored
      ? this.#expected.findIndex(({ cmd }) => isAck(cmd) === isAck(packet.cmd))
      : 0;
    const next = this.#expected[at];
    if (
      next?.cmd === packet.cmd &&
      (next.id === undefined || next.id === packet.messageId)
    ) {
      this.#expected.splice(at, 1);
      next.check?.(packet);
      return;
    }
    // What was released before the client came back is released again.
    if (packet.cmd === "pubrel" && this.#receiver.resumed) return;
    assert(false, `${JSON.stringify(packet)} came; ${this}`);
  }

  #judgeDisconnect({ reasonCode }: { reasonCode?: number }): void {
    assertEquals(this.#version, 5, "DISCONNECT to a client of MQTT 3");
    if (this.excused) return;
    const next = this.#expected.find(({ orClose }) => orClose === reasonCode);
    if (next !== undefined) {
      this.#expected.length = 0;
      this.#phase = "over";
      this.#ending = { codes: [], why: "the broker disconnected" };
      return;
    }
    assert(
      this.#ending?.packet === "disconnect" &&
        this.#ending.codes.includes(reasonCode ?? 0),
      `DISCONNECT with ${reasonCode}: ${this}`,
    );
    this.#ending = { codes: [], why: this.#ending.why };
  }
}

/** Whether a packet acknowledges a message, or a step of its handshake. */
function isAck(cmd: string): boolean {
  return ["puback", "pubrec", "pubrel", "pubcomp"].includes(cmd);
}

/** Protocol level of a CONNECT that cannot be decoded. */
function levelOf(frame: Uint8Array): number {
  let at = 1;
  while (frame[at++] & 0x80);
  return frame[at + 2 + ((frame[at] << 8) | frame[at + 1])] ?? 0;
}

function levels(topic: string): number {
  return topic.split("/").length;
}

/** Whether a topic filter is valid, said in another way than the broker does. */
function isFilter(text: string, maxLevels: number): boolean {
  if (text === "$share") return false;
  let parts = text.split("/");
  if (parts[0] === "$share") {
    if (parts.length < 3 || !/^[^+#]+$/su.test(parts[1])) return false;
    parts = parts.slice(2);
  }
  return parts.join("/") !== "" && parts.length <= maxLevels &&
    parts.every((part, i) =>
      part === "+" || !/[+#\0]/.test(part) ||
      part === "#" && i === parts.length - 1
    );
}
