/**
 * For the tests of plugins: a broker without sockets, clients that a test drives
 * step by step, and a clock that it moves.
 *
 * ```ts
 * import { TestBroker } from "@dinomq/broker/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using broker = await TestBroker.start();
 * const client = await broker.connect({ clientId: "alice" });
 * await client.subscribe("a/+");
 * await client.publish("a/b", "hello");
 * assertEquals((await client.receive()).text, "hello");
 * assertEquals(
 *   (await broker.events.next("onBrokerClientSubscribed")).topic,
 *   "a/+",
 * );
 * ```
 *
 * @module
 */

export { EventRecorder } from "./event_recorder.ts";
export { FakeTime } from "./fake_time.ts";
export { TestBroker, type TestBrokerOptions } from "./test_broker.ts";
export { TestClient } from "./test_client.ts";
export type {
  PacketOf,
  ReceivedMessage,
  TestClientOptions,
  TestPublishOptions,
  TestSubscribeOptions,
} from "./test_client_types.ts";
