/** Messages that plugins are told of many at a time are those of one at a time, in the same order: any traffic. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { encode } from "../../../codec/mod.ts";
import type {
  ApplicationMessage,
  MessageBatch,
  MessagesEvent,
  Packet,
} from "../../../plugins/mod.ts";
import { eventually, TestClient } from "../../_client.ts";
import { checkAsyncProperty } from "../../_property.ts";
import { publish } from "../../protocol/_helpers.ts";
import { brokerWith, forVersions, type Methods } from "./_helpers.ts";

/** What a client sends: messages in a row that differ in their payload, or another packet. */
type Step =
  | { kind: "row"; topic: string; sizes: number[] }
  | {
    kind: "message";
    topic: string;
    size: number;
    qos: 0 | 1 | 2;
    retain: boolean;
    alias: number;
    expires: boolean;
    contentType: string | undefined;
  }
  | { kind: "repetition" | "release" | "ping" };

const topic = fc.constantFrom("a", "b/c", "x".repeat(150), "ä/ö");
const size = fc.oneof(
  { arbitrary: fc.nat(200), weight: 8 },
  { arbitrary: fc.nat(20_000), weight: 1 },
);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("row" as const),
      topic,
      sizes: fc.array(size, { minLength: 1, maxLength: 40 }),
    }),
    fc.record({
      kind: fc.constant("message" as const),
      topic,
      size,
      qos: fc.constantFrom(0, 1, 2),
      retain: fc.boolean(),
      alias: fc.nat(2),
      expires: fc.boolean(),
      contentType: fc.constantFrom(undefined, "text/plain"),
    }),
    fc.record({
      kind: fc.constantFrom("repetition" as const, "release", "ping"),
    }),
  ),
  { minLength: 1, maxLength: 30 },
);

/** A message in a form that is compared; nobody waits so long that it loses half of its time. */
function tell(
  clientId: string | undefined,
  { topic, payload, qos, retain, properties }: ApplicationMessage,
): string {
  const { messageExpiryInterval = 0, contentType } = properties ?? {};
  const expires = messageExpiryInterval > 5000;
  return [
    `${clientId} ${topic} ${qos} ${retain} ${expires} ${contentType}`,
    `${payload.length} ${Buffer.from(payload).toString("base64")}`,
  ].join(" ");
}

/** Turns steps into bytes, and says what plugins should be told. */
class Script {
  readonly frames: Uint8Array[] = [];
  /** The messages. */
  readonly expected: string[] = [];
  /** Size of their payloads. */
  bytes = 0;
  /** How many answers show that all was handled. */
  pings = 0;
  readonly #version: 4 | 5;
  readonly #clientId: string;
  readonly #aliases = new Map<number, string>();
  readonly #unreleased: ReturnType<typeof publish>[] = [];
  #lastId = 0;
  #count = 0;

  constructor(version: 4 | 5, clientId: string, steps: readonly Step[]) {
    this.#version = version;
    this.#clientId = clientId;
    for (const step of steps) this.#take(step);
    this.#send({ cmd: "pingreq" });
  }

  #take(step: Step): void {
    switch (step.kind) {
      case "row":
        for (const size of step.sizes) {
          const payload = this.#payload(size);
          this.#send(publish(step.topic, payload));
          this.#expect(step.topic, payload);
        }
        break;
      case "message":
        this.#message(step);
        break;
      case "repetition": {
        const packet = this.#unreleased.at(-1);
        if (packet !== undefined) this.#send({ ...packet, dup: true });
        break;
      }
      case "release": {
        const { messageId } = this.#unreleased.shift() ?? {};
        if (messageId !== undefined) this.#send({ cmd: "pubrel", messageId });
        break;
      }
      case "ping":
        this.#send({ cmd: "pingreq" });
    }
  }

  #message(step: Step & { kind: "message" }): void {
    const { topic, qos, retain, alias, expires, contentType } = step;
    const payload = this.#payload(step.size);
    let name = topic;
    const properties: Record<string, unknown> = {};
    if (this.#version === 5) {
      if (alias > 0) {
        properties.topicAlias = alias;
        if (this.#aliases.get(alias) === topic) name = "";
        this.#aliases.set(alias, topic);
      }
      if (expires) properties.messageExpiryInterval = 10_000;
      if (contentType !== undefined) properties.contentType = contentType;
    }
    const messageId = qos === 0 ? undefined : ++this.#lastId;
    const packet = publish(name, payload, {
      qos,
      retain,
      messageId,
      ...this.#version === 5 && { properties },
    });
    this.#send(packet);
    if (qos === 2) {
      this.#unreleased.push(publish(topic, payload, { qos, messageId }));
    }
    this.#expect(topic, payload, { qos, retain, properties });
  }

  /** Bytes that no other message has. */
  #payload(size: number): Buffer {
    return Buffer.from(`${++this.#count} ${"x".repeat(size)}`);
  }

  #send(packet: Packet): void {
    if (packet.cmd === "pingreq") this.pings++;
    this.frames.push(encode(packet, this.#version));
  }

  #expect(
    topic: string,
    payload: Uint8Array,
    rest: Partial<ApplicationMessage> = {},
  ): void {
    this.bytes += payload.length;
    const message = { topic, payload, qos: 0, retain: false, ...rest } as const;
    this.expected.push(tell(this.#clientId, message));
  }

  /** What is sent, in pieces that end where `cuts` say. */
  *pieces(cuts: readonly number[]): Generator<Uint8Array> {
    const bytes = Buffer.concat(this.frames);
    const ends = cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b);
    let start = 0;
    for (const end of [...ends, bytes.length]) {
      if (end > start) yield bytes.subarray(start, end);
      start = end;
    }
  }
}

/** Who observes, and what the observers have seen. */
const CASES = {
  "one at a time": ["single", "many", "later"],
  "many at a time": ["many"],
  "many at a time and takes its time": ["later"],
} as const;

for (const [title, who] of Object.entries(CASES)) {
  forVersions(
    `a plugin that observes ${title} sees what was sent`,
    async (version) => {
      const clientId = "one";
      const seen: Record<string, string[]> = {
        single: [],
        many: [],
        later: [],
      };
      const kept: MessageBatch[] = [];
      const totals = { length: 0, bytes: 0 };
      const take = (list: string[], { clientId, messages }: MessagesEvent) => {
        for (const message of messages) list.push(tell(clientId, message));
      };
      const observers: Record<string, Methods> = {
        single: {
          onBrokerMessageReceived({ clientId, message }) {
            seen.single.push(tell(clientId, message));
          },
        },
        many: {
          onBrokerMessagesReceived(event) {
            take(seen.many, event);
            kept.push(event.messages);
          },
        },
        later: {
          async onBrokerMessagesReceived(event) {
            await new Promise((resolve) => setTimeout(resolve));
            take(seen.later, event);
            kept.push(event.messages);
          },
        },
      };
      const plugins: Methods[] = who.map((name) => observers[name]);
      plugins.unshift({
        onBrokerMessagesReceived({ messages }) {
          totals.length += messages.length;
          totals.bytes += messages.bytes;
        },
      });
      await using broker = await brokerWith(plugins);
      await using reader = await TestClient.connect(broker, { version });
      await reader.subscribe("#");
      await checkAsyncProperty(
        fc.asyncProperty(steps, fc.array(fc.nat()), async (steps, cuts) => {
          const script = new Script(version, clientId, steps);
          const { expected, bytes, pings } = script;
          await using client = await TestClient.connect(broker, {
            version,
            clientId,
          });
          for (const piece of script.pieces(cuts)) {
            await client.raw(piece);
            // It may be read now.
            await new Promise((resolve) => setTimeout(resolve));
          }
          for (let i = 0; i < pings;) {
            if ((await client.next()).cmd === "pingresp") i++;
          }
          for (const name of who) {
            await eventually(() => seen[name].length >= expected.length, name);
            assertEquals(seen[name], expected);
            seen[name].length = 0;
          }
          assertEquals(totals, { length: expected.length, bytes });
          totals.length = totals.bytes = 0;
          // Others have used the buffers meanwhile.
          const messages = new Set(
            kept.splice(0).flatMap((batch) => [...batch]),
          );
          assertEquals(
            Array.from(messages, (message) => tell(clientId, message)),
            expected,
          );
        }),
        20,
      );
      assert(broker.describePlugins().every(({ failures }) => failures === 0));
    },
  );
}
