/**
 * PUBLISH from a client (MQTT 5, section 3.3).
 *
 * @module
 */

import { ReasonCode } from "../../codec/reason_codes.ts";
import { acknowledge } from "../ack_queue.ts";
import type { Connection } from "../connection.ts";
import { dropped } from "../drops.ts";
import { LimitError } from "../limits/limit_error.ts";
import { storeReason } from "../store/failure.ts";
import { checkLimits, topicOf } from "./publish_checks.ts";
import { forwardRun } from "./publish_run.ts";
import { intercept, messageOf, passing, refuse } from "./publish_steps.ts";

/** Handles a PUBLISH; a promise says that a plugin has not answered yet. */
export function handlePublish(
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): Promise<void> | undefined {
  const { core, version } = connection;
  const session = connection.session!;
  const { config, plugins, stats } = core;
  const view = connection.view;
  view.read(bytes, start, end, version, core.topics);
  stats.publishReceived++;
  const topic = topicOf(connection, view);
  checkLimits(connection, view);
  const { qos } = view;
  if (
    qos === 0 && view.verbatim && !view.retain && !topic.internal &&
    core.listeners.size === 0
  ) {
    const forwarded = forwardRun(connection, view, topic);
    if (forwarded !== false) return forwarded;
  }
  if (qos === 2) {
    if (session.hasIncoming(view.packetId)) {
      // Delivered already [MQTT-4.3.3-10], unless a plugin has not decided yet.
      const { packetId } = view;
      const undecided = session.undecidedIncoming(packetId);
      acknowledge(connection, 0x50, packetId, 0, core.journal?.ops, undecided);
      return;
    }
    const unreleased = session.incomingCount;
    // [MQTT-3.3.4-7]; clients of MQTT 3 know of no such limit.
    if (unreleased >= config.receiveMaximum && version === 5) {
      throw new LimitError(
        "receiveMaximum",
        ReasonCode.ReceiveMaximumExceeded,
        `Cannot take PUBLISH: ${unreleased} messages are not released, at most ${config.receiveMaximum} are allowed`,
      );
    }
  }
  const { journal } = core;
  if (qos > 0 && journal !== undefined) {
    if (journal.failure !== undefined && version === 5) {
      const reasonCode = storeReason(journal.failure);
      const message = messageOf(connection, view, passing);
      dropped(core, "topic_refused", message, null);
      refuse(connection, view, { allow: false, reasonCode });
      return;
    }
    if (journal.backlogged) {
      // The connection reads nothing meanwhile, so that the packet stays.
      return journal.relieved().then(() => {
        if (connection.phase !== "open") return;
        stats.publishReceived--;
        try {
          return handlePublish(connection, bytes, start, end);
        } finally {
          core.received.tell(connection);
        }
      });
    }
  }
  if (plugins.hooks.onBrokerMessagesReceived.length > 0) {
    core.received.add(connection, topic);
  }
  let message = messageOf(connection, view, passing);
  if (plugins.hooks.onBrokerMessageReceived.length > 0) {
    message = message.keep();
    plugins.emit("onBrokerMessageReceived", {
      clientId: session.clientId,
      message,
    });
    // A plugin may have disconnected the client for it.
    if (connection.phase !== "open") return;
  }
  return intercept(connection, view, message);
}
