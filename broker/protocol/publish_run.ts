/**
 * Many PUBLISH packets in a row to one topic: a publisher that sends faster than
 * the broker reads is passed on a run at a time, one copy for each receiver.
 *
 * Only packets whose bytes go out as they came in can form a run. Plugins see each
 * of its messages, and the first that one of them changes, stops or delays ends it.
 *
 * @module
 */

import { nextOfRun, type PublishView } from "../../codec/publish.ts";
import type { Connection } from "../connection.ts";
import { isJudged, judgeDelivery } from "../interception/deliver.ts";
import { KeptMessages } from "../kept_messages.ts";
import { Message } from "../message.ts";
import type { ReceivedMessages } from "../received_messages.ts";
import type { Intercepts } from "../../plugins/intercepts.ts";
import type { PublishEvent } from "../../plugins/mod.ts";
import type { Target } from "../topics/subscription_tree.ts";
import type { Topic } from "../topics/topic.ts";
import { OpenRun } from "./open_run.ts";
import { intercept, intercepted, judged } from "./publish_steps.ts";

/**
 * Passes on the packet in `view` together with those behind it that differ from it
 * in their payload only.
 *
 * @param connection Where they came from; the packet in `view` was accepted.
 * @param view The first packet, of QoS 0.
 * @param topic Its topic.
 * @returns `false` if nothing was done: the packet is to be handled alone; a promise if
 *   a plugin has not answered yet.
 */
export function forwardRun(
  connection: Connection,
  view: PublishView<Topic>,
  topic: Topic,
): Promise<void> | undefined | false {
  const { core, input, version } = connection;
  const { plugins } = core;
  const { bytes, start, end } = view;
  // Most often there is no second packet, or it is another one.
  if (input.end - end < 2 || bytes[end] !== bytes[start]) return false;
  // Its messages are counted one by one.
  if (connection.throttle !== undefined) return false;
  if (plugins.hooks.onMqttPacketReceived.length > 0) return false;
  const { targets, groups } = core.tree.match(topic);
  if (groups.length > 0) return false;
  // Somebody wants to hear of each message that nobody gets.
  if (
    targets.length === 0 && plugins.hooks.onBrokerMessageDropped.length > 0
  ) return false;
  const most = input.end - start;
  for (let i = 0; i < targets.length; i++) {
    if (!takesRuns(targets[i], version === 5, most)) return false;
  }
  const { maxPacketSize } = connection.limits;
  const next = nextOfRun(view, end, input.end, version, maxPacketSize);
  if (next === undefined) return false;
  const run = core.openRun = new OpenRun(core, targets, bytes, start);
  try {
    return walk(connection, view, topic, targets, run);
  } finally {
    run.pass();
  }
}

/** Whether a receiver gets the bytes as they are. */
function takesRuns(target: Target, v5: boolean, size: number): boolean {
  const { session, identifiers } = target;
  return session.connection !== null && session.pending === undefined &&
    !target.noLocal && identifiers.length === 0 &&
    session.connection.publishes.takesRun(v5, size);
}

/** Shows the plugins one packet after the other, and has those pass that stay as they are. */
function walk(
  connection: Connection,
  view: PublishView<Topic>,
  topic: Topic,
  targets: readonly Target[],
  run: OpenRun,
): Promise<void> | undefined {
  const { core, input, version, limits: { maxPacketSize } } = connection;
  const { plugins, stats } = core;
  const { hooks, intercepts: { publish: chain, deliver } } = plugins;
  const received = hooks.onBrokerMessageReceived.length > 0;
  const broadcast = hooks.onBrokerMessageBroadcast.length > 0;
  let filters = plugins.filtersTopics;
  let delivers = isJudged(core);
  const session = connection.session!;
  const { clientId } = session;
  const { bytes } = view;
  // Answers about topics that hold for a while hold for the rest of the run.
  const alike = plugins.topicAnswersHold && deliver === undefined;
  const shows = received || broadcast || chain !== undefined;
  let messages = received || broadcast
    ? new KeptMessages(bytes, input.end, clientId)
    : shows || delivers
    ? new PassingMessages(topic, bytes, clientId)
    : undefined;
  let { start, payloadStart, end } = view;
  const batch = hooks.onBrokerMessagesReceived.length > 0
    ? core.received
    : undefined;
  batch?.begin(connection, topic);
  if (chain !== undefined && !received && !broadcast && !filters && !delivers) {
    return askEach(connection, view, topic, run, batch, chain);
  }
  for (;;) {
    if (messages === undefined) {
      passRest(connection, run, batch, payloadStart, end);
      return;
    }
    batch?.extend(1, end - payloadStart, end);
    const message = messages.next(topic, start, payloadStart, end);
    if (received) {
      plugins.emit("onBrokerMessageReceived", { clientId, message });
      if (run.passed) {
        if (connection.phase !== "open") return;
        reread(connection, start, end);
        return intercept(connection, view, message);
      }
    }
    if (chain !== undefined) {
      const event = { session, message };
      const answer = chain.ask(event, core.appliers.publish);
      if (answer !== event || run.passed) {
        run.pass();
        reread(connection, start, end);
        return intercepted(connection, view, event, answer);
      }
    }
    if (filters) {
      const verdict = core.may(session, topic.name, "publish", 0, false);
      if (verdict !== true || run.passed) {
        run.pass();
        reread(connection, start, end);
        return judged(connection, view, message, view, verdict);
      }
    }
    if (broadcast) {
      plugins.emit("onBrokerMessageBroadcast", { clientId, message });
      if (run.passed) {
        reread(connection, start, end);
        core.delivery.publish(message, view, version);
        return;
      }
    }
    if (delivers) {
      for (let i = 0; i < targets.length; i++) {
        const { session } = targets[i];
        run.addFor(i, end);
        const gets = judgeDelivery(core, session, message, 0, false);
        if (gets === message && !run.passed) continue;
        run.pass();
        reread(connection, start, end);
        core.delivery.finish(targets, i, gets, message, view, version);
        return;
      }
    }
    if (alike) {
      filters = delivers = false;
      if (!shows) messages = undefined;
    }
    run.add(1, end);
    const next = nextOfRun(view, end, input.end, version, maxPacketSize);
    if (next === undefined) return;
    start = end;
    payloadStart = next.payloadStart;
    end = next.end;
    input.start = end;
    stats.packetsReceived++;
    stats.publishReceived++;
  }
}

/** As `walk()` where interceptors alone see each packet: there its other questions count. */
function askEach(
  connection: Connection,
  view: PublishView<Topic>,
  topic: Topic,
  run: OpenRun,
  batch: ReceivedMessages | undefined,
  chain: NonNullable<Intercepts["publish"]>,
): Promise<void> | undefined {
  const { core, input } = connection;
  const session = connection.session!;
  const message = new Message(topic);
  message.bytes = view.bytes;
  message.publisher = session.clientId;
  const event = { session, message };
  const change = chain.askInLoop(
    event,
    core.appliers.publish,
    (ask) => addWhile(ask, event, connection, run, batch),
  );
  // One by one they would cost a tenth of the whole.
  const { end: start, count } = run;
  const { end } = message;
  const isOver = start === end;
  input.start = end;
  core.stats.packetsReceived += isOver ? count - 1 : count;
  core.stats.publishReceived += isOver ? count - 1 : count;
  if (isOver) return;
  run.pass();
  reread(connection, start, end);
  return intercepted(connection, view, event, change ?? event);
}

/** Adds packets to a run until there is an answer about one, which is not added. */
function addWhile(
  ask: (event: PublishEvent) => unknown,
  event: PublishEvent & { message: Message },
  { view, input, version, limits: { maxPacketSize } }: Connection,
  run: OpenRun,
  batch: ReceivedMessages | undefined,
): unknown {
  const { message } = event;
  let { payloadStart, end } = view;
  for (;;) {
    batch?.extend(1, end - payloadStart, end);
    message.move(payloadStart, end);
    const answer = ask(event);
    if (answer !== undefined && answer !== null || run.passed) return answer;
    run.add(1, end);
    const next = nextOfRun(view, end, input.end, version, maxPacketSize);
    if (next === undefined) return undefined;
    payloadStart = next.payloadStart;
    end = next.end;
  }
}

/** Passes on what no plugin looks at: this packet and the others of the run. */
function passRest(
  { view, input, version, limits: { maxPacketSize }, core }: Connection,
  run: OpenRun,
  batch: ReceivedMessages | undefined,
  payloadStart: number,
  end: number,
): void {
  let count = 0;
  let bytes = 0;
  for (;;) {
    count++;
    bytes += end - payloadStart;
    const next = nextOfRun(view, end, input.end, version, maxPacketSize);
    if (next === undefined) break;
    payloadStart = next.payloadStart;
    end = next.end;
  }
  run.add(count, end);
  batch?.extend(count, bytes, end);
  input.start = end;
  core.stats.packetsReceived += count - 1;
  core.stats.publishReceived += count - 1;
}

/** A packet of a run goes its way alone. */
function reread(
  { view, version, core }: Connection,
  start: number,
  end: number,
): void {
  view.read(view.bytes, start, end, version, core.topics);
}

/** The messages of a run, for those who look at one and have done with it. */
class PassingMessages {
  readonly #message: Message;

  constructor(topic: Topic, bytes: Uint8Array, publisher: string) {
    this.#message = new Message(topic);
    this.#message.bytes = bytes;
    this.#message.publisher = publisher;
  }

  next(
    _topic: Topic,
    _start: number,
    payloadStart: number,
    end: number,
  ): Message {
    this.#message.move(payloadStart, end);
    return this.#message;
  }
}
