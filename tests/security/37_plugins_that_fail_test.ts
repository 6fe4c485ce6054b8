/** Class 37: plugins that fail, or answer nonsense, and thereby let somebody in. */

import { assertEquals } from "@std/assert";
import {
  type AuthenticateEvent,
  BaseAuthPlugin,
  BaseTopicPlugin,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { startBroker, TestClient } from "../_client.ts";
import { publish } from "../protocol/_helpers.ts";
import { codeOf, VERSIONS } from "./_attack.ts";

const never = {
  get allow(): boolean {
    throw new Error("broken on purpose");
  },
};

/** What a plugin answers, none of which means yes. */
const ANSWERS: ReadonlyArray<readonly [what: string, answer: () => unknown]> = [
  ["nothing", () => undefined],
  ["null", () => null],
  ["a number", () => 1],
  ["a text", () => "true"],
  ["an object", () => ({})],
  ["an allowing object", () => ({ allow: true })],
  ["an array", () => [true]],
  ["a Boolean object", () => Object(true)],
  ["NaN", () => NaN],
  ["an object that throws", () => never],
  ["an error", () => {
    throw new Error("broken on purpose");
  }],
  ["nothing as an error", () => {
    throw undefined;
  }],
  ["an error later", () => Promise.reject(new Error("broken on purpose"))],
  ["a number later", () => Promise.resolve(1)],
  ["nothing later", () => Promise.resolve()],
  ["a promise of its own making", () => ({
    then(_resolve: unknown, reject: (error: unknown) => void) {
      reject(new Error("broken on purpose"));
    },
  })],
  ["a function", () => () => true],
  ["a symbol", () => Symbol("true")],
];

class Door extends BaseAuthPlugin {
  static answer: () => unknown = () => true;

  authenticate(): never {
    return Door.answer() as never;
  }
}

class Rule extends BaseTopicPlugin {
  static answer: () => unknown = () => true;

  topicFiltering({ topic }: TopicFilteringEvent): never {
    return (topic === "free" ? true : Rule.answer()) as never;
  }
}

for (const [what, answer] of ANSWERS) {
  Deno.test(`a plugin that answers with ${what} lets nobody in, and grants nothing`, async () => {
    await using broker = await startBroker({
      plugins: [Door, Rule],
      maxLoginFailuresPerAddress: 0,
    });
    Door.answer = answer;
    Rule.answer = () => true;
    for (const version of VERSIONS) {
      const code = await codeOf(broker, { version });
      assertEquals(code === 0, false);
    }
    Door.answer = () => true;
    await using reader = await TestClient.connect(broker, { version: 5 });
    assertEquals(await reader.subscribe(["t", "free"]), [0, 0]);
    Rule.answer = answer;
    await using client = await TestClient.connect(broker, { version: 5 });
    const [code] = await client.subscribe("t");
    assertEquals(code >= 0x80, true);
    await client.send(publish("t", "x", { qos: 1, messageId: 7 }));
    const { reasonCode } = await client.expect("puback");
    assertEquals(reasonCode! >= 0x80, true);
    // Nor is anything received that was subscribed to before.
    broker.context.publish("t", "x");
    broker.context.publish("free", "x");
    assertEquals(await reader.message(), "free: x");
    const will = {
      topic: "t",
      payload: "w" as never,
      qos: 0,
      retain: false,
    } as const;
    const refused = await codeOf(broker, { version: 5, will });
    assertEquals(refused! >= 0x80, true);
    await reader.ping();
  });
}

/** Writes down what it was shown. */
class Witness extends BaseAuthPlugin {
  static readonly seen: unknown[] = [];

  authenticate({ session }: AuthenticateEvent): boolean {
    const { username, password, isAnonymous } = session;
    const text = password && new TextDecoder().decode(password);
    Witness.seen.push([username, text, isAnonymous]);
    return true;
  }
}

for (const version of VERSIONS) {
  Deno.test(`MQTT ${version}: what a client did not send is absent, not empty and not null`, async () => {
    await using broker = await startBroker({ plugins: [Witness] });
    Witness.seen.length = 0;
    await codeOf(broker, { version });
    await codeOf(broker, { version, username: "" });
    await codeOf(broker, { version, username: "", password: "" as never });
    await codeOf(broker, { version, username: "u", password: "p" as never });
    if (version === 5) {
      await codeOf(broker, { version, password: "p" as never });
    }
    assertEquals(Witness.seen, [
      [undefined, undefined, true],
      ["", undefined, false],
      ["", "", false],
      ["u", "p", false],
      ...version === 5 ? [[undefined, "p", true]] : [],
    ]);
  });
}
