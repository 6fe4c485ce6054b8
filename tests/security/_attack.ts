/** What the tests of attacks have in common. */

import { assert, assertEquals } from "@std/assert";
import {
  BaseTopicPlugin,
  type Broker,
  type Decision,
  type TopicFilteringEvent,
} from "../../mod.ts";
import { type ConnectOptions, TestClient } from "../_client.ts";

/** A folder for the time of a test. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder. */
export async function makeFolder(): Promise<Folder> {
  const path = await Deno.makeTempDir();
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** All versions that a client may speak. */
export const VERSIONS = [3, 4, 5] as const;

/** Opens a connection, sends bytes and waits until the broker has ended it. */
export async function sendAndBeClosed(
  broker: Broker,
  bytes: readonly number[] | Uint8Array,
): Promise<void> {
  await using client = await TestClient.open(broker);
  await client.raw(bytes).catch(() => {});
  await client.closed();
}

/** Whether a broker still does what it is for: a new client gets what it publishes. */
export async function assertServes(broker: Broker): Promise<void> {
  for (const version of VERSIONS) {
    await using client = await TestClient.connect(broker, { version });
    assertEquals(client.code, 0);
    await client.subscribe("still/there", 1);
    broker.context.publish("still/there", "yes", { qos: 1 });
    assertEquals(await client.message(), "still/there: yes");
  }
}

/** Whether a client still has its connection, and got nothing before. */
export async function assertUntouched(client: TestClient): Promise<void> {
  await client.ping();
}

/** Connects and says with which code. */
export async function codeOf(
  broker: Broker,
  options: ConnectOptions,
): Promise<number | undefined> {
  await using client = await TestClient.connect(broker, options);
  return client.code;
}

/** A session that outlives its connection, of any version. */
export function lasting(
  version: 3 | 4 | 5,
  options: ConnectOptions = {},
): ConnectOptions {
  return {
    version,
    clean: false,
    ...options,
    ...version === 5 &&
      { properties: { sessionExpiryInterval: 1000, ...options.properties } },
  };
}

/** A plugin whose rights a test takes away: it denies what is in `denied`, such as `subscribe secret/#`. */
export class Rights extends BaseTopicPlugin {
  static readonly denied: Set<string> = new Set();

  topicFiltering({ action, topic }: TopicFilteringEvent): Decision {
    return !Rights.denied.has(`${action} ${topic}`);
  }
}

/** Takes rights away for the time of a test. */
export function deny(...rights: string[]): Disposable {
  for (const right of rights) Rights.denied.add(right);
  return {
    [Symbol.dispose]() {
      for (const right of rights) Rights.denied.delete(right);
    },
  };
}

/** The rest of what a client got until its connection ended, as kinds of packets. */
export async function leftOver(client: TestClient): Promise<string[]> {
  await client.closed();
  const kinds: string[] = [];
  for (;;) {
    try {
      kinds.push((await client.next()).cmd);
    } catch {
      return kinds;
    }
  }
}

/** A text that is longer than anything sensible. */
export function long(character: string, length: number): string {
  assert(character.length === 1);
  return character.repeat(length);
}
