/**
 * Many PUBLISH packets in a row to one topic: a publisher that sends faster than
 * the broker reads is passed on a run at a time, one copy for each receiver.
 *
 * Only packets whose bytes go out as they came in can form a run, and only while no
 * plugin wants to see or judge them one by one.
 *
 * @module
 */

import { type PublishView, readPublishRun } from "../../codec/publish.ts";
import type { Connection } from "../connection.ts";
import { isJudged } from "../interception/deliver.ts";
import type { Target } from "../topics/subscription_tree.ts";
import type { Topic } from "../topics/topic.ts";

/**
 * Passes on the packet in `view` together with those behind it that differ from it
 * in their payload only.
 *
 * @param connection Where they came from; the packet in `view` was accepted.
 * @param view The first packet, of QoS 0.
 * @param topic Its topic.
 * @returns Whether it was done; else the packet is to be handled alone.
 */
export function forwardRun(
  connection: Connection,
  view: PublishView<Topic>,
  topic: Topic,
): boolean {
  const { core, input, version } = connection;
  const { plugins, stats } = core;
  const { bytes, start, end } = view;
  // Most often there is no second packet, or it is another one.
  if (input.end - end < 2 || bytes[end] !== bytes[start]) return false;
  // Its messages are counted one by one.
  if (connection.throttle !== undefined) return false;
  if (isJudged(core) || plugins.hooks.onMqttPacketReceived.length > 0) {
    return false;
  }
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
  const run = readPublishRun(view, input.end, version, maxPacketSize);
  const count = run.count;
  if (count === 1) return false;
  for (let i = 0; i < targets.length; i++) {
    targets[i].session.connection!.sendRun(bytes, start, run.end, count);
  }
  input.start = run.end;
  stats.packetsReceived += count - 1;
  stats.publishReceived += count - 1;
  return true;
}

/** Whether a receiver gets the bytes as they are. */
function takesRuns(target: Target, v5: boolean, size: number): boolean {
  const { session, identifiers } = target;
  return session.connection !== null && session.pending === undefined &&
    !target.noLocal && identifiers.length === 0 &&
    session.connection.publishes.takesRun(v5, size);
}
