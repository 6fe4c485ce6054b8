// What a hook costs: 1,000 PUBLISH packets go through a broker to one subscriber,
// over connections in memory, so that nothing but the broker is measured.
//
//   deno bench -A tests/bench/hook_cost_bench.ts
//
// A hook that no plugin implements is an empty array: the second line must not be
// slower than the first.
import { Broker, silentLogger, type Transport } from "../../mod.ts";
import { encode } from "../../codec/mod.ts";
import {
  BasePlugin,
  BaseTopicPlugin,
  type MessageEvent,
  type PublishAnswer,
  type PublishEvent,
} from "../../plugins/mod.ts";

const MESSAGES = 1000;

/** A connection in memory: the test gives what is read, and throws away what is written. */
class MemoryTransport implements Transport {
  readonly kind = "external";
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 1;
  #give: ((bytes: Uint8Array | null) => void) | undefined;
  #into: Uint8Array = new Uint8Array(0);
  #rest: Uint8Array = new Uint8Array(0);
  #written = 0;
  #awaited: { bytes: number; resolve: () => void } | undefined;

  read(into: Uint8Array): Promise<number | null> {
    this.#into = into;
    if (this.#rest.length > 0) {
      return Promise.resolve(this.#take());
    }
    return new Promise((resolve) => {
      this.#give = (bytes) => {
        this.#give = undefined;
        if (bytes === null) return resolve(null);
        this.#rest = bytes;
        resolve(this.#take());
      };
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    this.#written += bytes.length;
    if (this.#awaited !== undefined && this.#written >= this.#awaited.bytes) {
      this.#awaited.resolve();
      this.#awaited = undefined;
    }
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.#give?.(null);
  }

  /** Has the broker read `bytes`. */
  receive(bytes: Uint8Array): void {
    if (this.#give === undefined) this.#rest = bytes;
    else this.#give(bytes);
  }

  /** Resolves when so many bytes were written since the last call. */
  written(bytes: number): Promise<void> {
    this.#written = 0;
    return new Promise((resolve) => this.#awaited = { bytes, resolve });
  }

  #take(): number {
    const count = Math.min(this.#rest.length, this.#into.length);
    this.#into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }
}

/** Observes what has nothing to do with messages. */
class Elsewhere extends BasePlugin {
  override onBrokerClientSubscribed(): void {}
}

/** Observes every message. */
class Counter extends BasePlugin {
  #count = 0;
  override onBrokerMessageReceived(): void {
    this.#count++;
  }
}

/** Reads every message. */
class Reader extends BasePlugin {
  #bytes = 0;
  override onBrokerMessageReceived({ message }: MessageEvent): void {
    this.#bytes += message.payload.length;
  }
}

/** Intercepts every message. */
class Looker extends BasePlugin {
  override interceptPublish({ message }: PublishEvent): PublishAnswer {
    return message.topic === "forbidden" ? { drop: true } : undefined;
  }
}

/** Decides about every topic. */
class Yes extends BaseTopicPlugin {
  topicFiltering(): boolean {
    return true;
  }
}

async function bench(name: string, plugins: unknown[]): Promise<void> {
  const broker = new Broker({
    listeners: { default: { type: "external" } },
    plugins: ["auth_anonymous", ...plugins] as string[],
  }, { logger: silentLogger });
  await broker.start();
  const [subscriber, publisher] = [
    new MemoryTransport(),
    new MemoryTransport(),
  ];
  for (const [transport, clientId] of [[subscriber, "s"], [publisher, "p"]]) {
    const connected = (transport as MemoryTransport).written(4);
    void broker.handleTransport(transport as MemoryTransport);
    (transport as MemoryTransport).receive(
      encode({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clean: true,
        clientId: clientId as string,
        keepalive: 0,
      }, 4),
    );
    await connected;
  }
  const subscribed = subscriber.written(5);
  subscriber.receive(
    encode({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "bench/topic", qos: 0 }],
    }, 4),
  );
  await subscribed;
  const one = encode({
    cmd: "publish",
    topic: "bench/topic",
    payload: "x".repeat(64),
    qos: 0,
    dup: false,
    retain: false,
  }, 4);
  const all = new Uint8Array(one.length * MESSAGES);
  for (let i = 0; i < MESSAGES; i++) all.set(one, i * one.length);
  Deno.bench(name, {
    group: `${MESSAGES} messages of QoS 0`,
    baseline: plugins.length === 0,
  }, async () => {
    const done = subscriber.written(all.length);
    publisher.receive(all);
    await done;
  });
}

await bench("no plugin but auth_anonymous", []);
await bench("a plugin with other hooks", [Elsewhere]);
await bench("event_logger at level info", ["event_logger"]);
await bench("one observer of every message", [Counter]);
await bench("ten observers of every message", Array(10).fill(Counter));
await bench("ten observers that read it", Array(10).fill(Reader));
await bench("one publish interceptor", [Looker]);
await bench("one topic plugin", [Yes]);
