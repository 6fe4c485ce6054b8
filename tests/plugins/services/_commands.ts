/** Clients that give commands, and brokers that take them from the user `admin`. */

import { assert, assertEquals } from "@std/assert";
import type { TopicFilteringEvent } from "../../../mod.ts";
import type { TestClient } from "../../_client.ts";
import { type ProbeOptions, startProbes } from "./_probe.ts";

/** The command of the plugin that tests are about. */
export const GO = "$CONTROL/probe/v1/go";

/** Only the user `admin` may give commands. */
export const ADMINS = {
  topicFiltering: ({ session, topic }: TopicFilteringEvent): boolean =>
    session.username === "admin" || !topic.startsWith("$CONTROL/"),
};

/** Starts a broker with such a plugin. */
export function start(
  options: ProbeOptions = {},
): ReturnType<typeof startProbes> {
  const plugins = [{ auth_anonymous: null }, ADMINS];
  return startProbes({}, { plugins, ...options });
}

/** How a command is given. */
export interface Sent {
  topic?: string;
  qos?: 0 | 1 | 2;
  responseTopic?: string;
  correlationData?: string;
}

/** Gives a command, and reads the answer. */
export async function command(
  client: TestClient,
  payload: unknown,
  { topic = GO, qos = 1, responseTopic, correlationData }: Sent = {},
): Promise<{ topic: string; answer: unknown; correlation?: string }> {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const messageId = ++client.lastId;
  await client.send({
    cmd: "publish",
    topic,
    payload: text,
    qos,
    messageId: qos === 0 ? undefined : messageId,
    retain: false,
    dup: false,
    ...(responseTopic !== undefined && {
      properties: {
        responseTopic,
        ...(correlationData !== undefined && {
          correlationData: new TextEncoder().encode(correlationData) as never,
        }),
      },
    }),
  });
  let answer;
  for (let acks = qos; answer === undefined || acks > 0;) {
    const packet = await client.next();
    if (packet.cmd === "publish") {
      answer = packet;
      const { messageId } = packet;
      assertEquals(packet.qos, qos);
      if (qos === 1) await client.send({ cmd: "puback", messageId });
      if (qos === 2) await client.send({ cmd: "pubrec", messageId });
    } else if (packet.cmd === "pubrel") {
      await client.send({ cmd: "pubcomp", messageId: packet.messageId });
    } else {
      assert(["puback", "pubrec", "pubcomp"].includes(packet.cmd), packet.cmd);
      if (client.version === 5 && packet.cmd !== "pubcomp") {
        assertEquals((packet as { reasonCode?: number }).reasonCode ?? 0, 0);
      }
      acks--;
      if (packet.cmd === "pubrec") {
        await client.send({ cmd: "pubrel", messageId });
      }
    }
  }
  if (qos === 2) {
    const { messageId } = await client.expect("pubrel");
    await client.send({ cmd: "pubcomp", messageId });
  }
  const correlation = answer.properties?.correlationData;
  return {
    topic: answer.topic,
    answer: JSON.parse(String(answer.payload)),
    ...(correlation !== undefined && { correlation: String(correlation) }),
  };
}
