/**
 * Whole sessions, made up: several clients of all versions send packets that are
 * right and wrong, in any state. Every answer is judged, and at the end nothing of
 * them may be left.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { setImmediate } from "node:timers/promises";
import {
  type Batch,
  Broker,
  type BrokerConfig,
  MemoryStore,
} from "../../mod.ts";
import { Judge, type Rules } from "./judge.ts";
import { type Dial, type Link, MemoryLink, TcpLink } from "./link.ts";
import { CLIENT_IDS, connect, packet } from "./packets.ts";
import { type Cast, CASTS, filtersTopics, pluginsOf } from "./plugins.ts";
import { StrictLog } from "./strict_log.ts";
import { type PacketSpec, type Version, wire } from "./wire.ts";

/** One thing that happens; `client` is one of four. */
type Step =
  & { readonly client: number }
  & (
    | { readonly do: "connect"; readonly packet: PacketSpec }
    | { readonly do: "open" | "cut" | "end" }
    | { readonly do: "stall"; readonly on: boolean }
    | {
      readonly do: "send";
      readonly packets: readonly PacketSpec[];
      readonly pieces: number;
    }
    | { readonly do: "raw"; readonly bytes: Uint8Array }
    | { readonly do: "host"; readonly action: number }
  );

/** A made-up run. */
export interface Scenario {
  readonly cast: Cast;
  readonly versions: readonly Version[];
  readonly overlapping: "merge" | "each";
  readonly queueQos0: boolean;
  /** What keeps sessions: nothing, memory, or memory that takes its time. */
  readonly store: "none" | "memory" | "slow";
  readonly clientIdConflict: "refuse" | "fresh";
  readonly steps: readonly Step[];
}

const LIMITS = {
  maxPacketSize: 512,
  maxConnectPacketSize: 400,
  maxTopicLevels: 8,
  maxInflight: 3,
  receiveMaximum: 3,
  topicAliasMaximum: 2,
  maxQueuedMessages: 6,
  maxQueuedBytes: 2000,
  maxOutputBytes: 4096,
  maxSubscriptionsPerClient: 6,
  maxRetainedMessages: 4,
} as const;

// Nothing in a run takes this long; what does, hangs.
const PATIENCE = 8_000;

const client = fc.nat(3);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("connect" as const),
      client,
      packet: connect,
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      client,
      packets: fc.array(packet, { minLength: 1, maxLength: 4 }),
      pieces: fc.constantFrom(0, 0, 0, 1, 5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("raw" as const),
      client,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("open" as const, "cut" as const, "end" as const),
      client,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("stall" as const),
      client,
      on: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("host" as const),
      client,
      action: fc.nat(6),
    }),
  },
);

/** A run with any plugins. */
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  cast: fc.constantFrom(...CASTS),
  versions: fc.array(fc.constantFrom<Version>(3, 4, 5, 5), {
    minLength: 4,
    maxLength: 4,
  }),
  overlapping: fc.constantFrom("merge" as const, "each" as const),
  queueQos0: fc.boolean(),
  store: fc.constantFrom("none" as const, "memory" as const, "slow" as const),
  clientIdConflict: fc.constantFrom("refuse" as const, "fresh" as const),
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
});

/** Runs a scenario in memory. */
export function runInMemory(scenario: Scenario): Promise<void> {
  return new Run(scenario, MemoryLink.dial, "external").perform();
}

/** Runs a scenario over TCP. */
export function runOverTcp(scenario: Scenario): Promise<void> {
  return new Run(scenario, TcpLink.dial, "tcp").perform();
}

interface Seat {
  link: Link | undefined;
  judge: Judge | undefined;
  version: Version;
  /** Whether the client does not read. */
  stalled: boolean;
}

class Run {
  readonly #scenario: Scenario;
  readonly #dial: Dial;
  readonly #broker: Broker;
  readonly #log = new StrictLog();
  readonly #seats: Seat[];
  readonly #rules: Rules;
  readonly #links: Link[] = [];
  readonly #store: MemoryStore | undefined;

  constructor(scenario: Scenario, dial: Dial, type: "external" | "tcp") {
    const { cast, overlapping, queueQos0, clientIdConflict, store, versions } =
      scenario;
    this.#scenario = scenario;
    this.#dial = dial;
    const config: BrokerConfig = {
      listeners: {
        default: type === "tcp" ? { bind: "127.0.0.1:0" } : { type },
      },
      plugins: pluginsOf(cast),
      overlapping,
      queueQos0,
      clientIdConflict,
      ...LIMITS,
    };
    this.#store = store === "none"
      ? undefined
      : store === "slow"
      ? new SlowStore()
      : new MemoryStore();
    this.#broker = new Broker(config, {
      logger: this.#log,
      store: this.#store,
    });
    this.#seats = versions.map((version) => ({
      link: undefined,
      judge: undefined,
      version,
      stalled: false,
    }));
    this.#rules = {
      ...LIMITS,
      maxSubscriptions: LIMITS.maxSubscriptionsPerClient,
      filtersTopics: filtersTopics(cast),
      stored: store !== "none",
      unforeseeable: cast === "meddlers" || cast === "enhanced",
    };
  }

  async perform(): Promise<void> {
    await this.#broker.start();
    try {
      for (const step of this.#scenario.steps) {
        await this.#take(step);
        await this.#settle();
      }
      await this.#checkAlive();
      await this.#leaveNothing();
    } finally {
      for (const link of this.#links) link.cut();
      await this.#broker.shutdown();
    }
    assertEquals(this.#log.errors, []);
  }

  async #take(step: Step): Promise<void> {
    const seat = this.#seats[step.client];
    switch (step.do) {
      case "open":
        return await this.#open(seat);
      case "connect":
        await this.#open(seat);
        return this.#send(seat, wire(step.packet, seat.version));
      case "send": {
        if (seat.link === undefined) await this.#connect(seat, step.client);
        const bytes = step.packets.flatMap((
          packet,
        ) => [...wire(packet, seat.version)]);
        return this.#send(seat, Uint8Array.from(bytes), step.pieces);
      }
      case "raw":
        return this.#send(seat, step.bytes);
      case "stall":
        if (seat.judge !== undefined && step.on) seat.judge.excused = true;
        seat.stalled = step.on;
        return seat.link?.stall(step.on);
      case "cut":
        seat.link?.cut();
        seat.link = seat.judge = undefined;
        return;
      case "end":
        if (seat.judge !== undefined) seat.judge.excused = true;
        return seat.link?.end();
      case "host":
        return this.#host(step.action, CLIENT_IDS[step.client % 3]);
    }
  }

  async #open(seat: Seat): Promise<void> {
    seat.link?.cut();
    seat.stalled = false;
    seat.link = await this.#dial(this.#broker);
    this.#links.push(seat.link);
    seat.judge = new Judge(this.#rules);
  }

  /** A client that stays what it is. */
  async #connect(seat: Seat, index: number): Promise<void> {
    await this.#open(seat);
    const packet: PacketSpec = {
      cmd: "connect",
      clientId: CLIENT_IDS[index % 3],
      clean: false,
      keepAlive: 0,
      properties: [[17, 60]],
    };
    this.#send(seat, wire(packet, seat.version));
    await this.#settle();
  }

  #send(seat: Seat, bytes: Uint8Array, pieces = 0): void {
    const { link, judge } = seat;
    if (link === undefined || judge === undefined || link.ended) return;
    judge.sent(bytes);
    // Whoever has the same identifier now may be disconnected.
    for (const other of this.#seats) {
      if (
        other !== seat && judge.clientId !== undefined &&
        other.judge?.clientId === judge.clientId
      ) other.judge.excused = judge.excused = true;
    }
    const size = pieces === 0 ? bytes.length : pieces;
    for (let at = 0; at < bytes.length; at += size) {
      link.send(bytes.subarray(at, at + size));
    }
  }

  #host(action: number, clientId: string): void {
    const { context } = this.#broker;
    switch (action) {
      case 0:
        context.publish("a/b", "host", { qos: 2, retain: true });
        break;
      case 1:
        context.publishTo(clientId, "b", "host", { qos: 1 });
        break;
      case 2:
        context.addSubscription(clientId, "a/+", 1);
        break;
      case 3:
        context.removeSubscription(clientId, "a");
        break;
      case 4:
        context.retained.clear("a");
        break;
      default:
        for (const { judge } of this.#seats) {
          if (judge?.clientId === clientId) judge.excused = true;
        }
        context.disconnect(clientId, { deleteSession: action === 5 });
    }
  }

  /** Waits until every client has its answers. */
  async #settle(): Promise<void> {
    const end = Date.now() + PATIENCE;
    let quiet = 0;
    for (let turn = 0; quiet < 3; turn++) {
      // Links in memory need turns of the loop, sockets and timers need time.
      if (turn < 50) await setImmediate();
      else await new Promise((resolve) => setTimeout(resolve, 1));
      quiet = this.#calm() ? quiet + 1 : 0;
      assert(
        Date.now() < end,
        `The broker hangs: ${this.#seats.map(({ judge }) => judge)}`,
      );
    }
  }

  #calm(): boolean {
    let calm = true;
    for (const { link, judge, stalled } of this.#seats) {
      if (link === undefined || judge === undefined) continue;
      for (const bytes of link.take()) judge.got(bytes);
      if (link.ended) judge.finish();
      calm &&= link.idle && (stalled || judge.satisfied);
    }
    for (const session of this.#broker.context.sessions) {
      // Deliveries wait for a plugin.
      calm &&= (session as { pending?: unknown }).pending === undefined;
    }
    return calm;
  }

  /** Whoever is connected still is served, and so is somebody new. */
  async #checkAlive(): Promise<void> {
    for (const seat of this.#seats) {
      seat.link?.stall(seat.stalled = false);
      if (seat.judge?.open && seat.judge.whole) {
        this.#send(seat, wire(PING, seat.version));
      }
    }
    await this.#settle();
    const seat: Seat = {
      link: undefined,
      judge: undefined,
      version: 4,
      stalled: false,
    };
    this.#seats.push(seat);
    await this.#open(seat);
    this.#send(seat, wire({ ...NEWCOMER, clientId: "newcomer" }, 4));
    this.#send(seat, wire(PING, 4));
    await this.#settle();
    assert(this.#rules.unforeseeable || seat.judge?.open);
  }

  /** All clients leave and their sessions end: the broker is as it was. */
  async #leaveNothing(): Promise<void> {
    const { context } = this.#broker;
    for (const { link } of this.#seats) link?.cut();
    await this.#until(() => context.stats().clientsConnected === 0);
    // A will may be sent, and a plugin may make sessions meanwhile.
    for (const { clientId } of [...context.sessions]) {
      context.disconnect(clientId, { deleteSession: true });
    }
    await this.#until(() => {
      for (const { clientId } of [...context.sessions]) {
        context.disconnect(clientId, { deleteSession: true });
      }
      for (const { topic } of [...context.retained.match("#")]) {
        context.retained.clear(topic);
      }
      const { dropped: _, startedAt: __, ...stats } = context.stats();
      return [...context.sessions].length === 0 &&
        contentOf(this.#store).length === 0 &&
        stats.subscriptions + stats.inflightIn + stats.inflightOut +
              stats.queued + stats.retained + stats.clientsConnected +
              stats.clientsDisconnected === 0;
    });
  }

  async #until(condition: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE;
    for (let turn = 0; !condition(); turn++) {
      if (turn < 20) await setImmediate();
      else await new Promise((resolve) => setTimeout(resolve, 1));
      assert(
        Date.now() < end,
        `Something is left: ${
          Deno.inspect([
            this.#broker.context.stats(),
            contentOf(this.#store),
          ], { depth: 6 })
        }`,
      );
    }
  }
}

/** A store whose commits take a turn of the event loop. */
class SlowStore extends MemoryStore {
  override async commit(batch: Batch): Promise<void> {
    await setImmediate();
    await super.commit(batch);
  }
}

/** What a store still has when everything is over. */
function contentOf(store: MemoryStore | undefined): unknown[] {
  if (store === undefined) return [];
  return [
    ...store.sessions(),
    ...store.subscriptions(),
    ...store.incoming(),
    ...store.deliveries(),
    ...store.retained(),
  ];
}

const NEWCOMER = {
  cmd: "connect",
  clean: true,
  keepAlive: 0,
  properties: [],
} as const;

const PING: PacketSpec = { cmd: "other", first: 0xc0, body: [] };
