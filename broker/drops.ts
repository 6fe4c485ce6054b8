/**
 * Messages that somebody does not get: they are counted, and the plugins are told.
 *
 * @module
 */

import type { Core } from "./core.ts";
import type { Message } from "./message.ts";
import type { Flight } from "./session/flight.ts";
import type { DropReason } from "./stats.ts";

/**
 * Notes that a message was dropped.
 *
 * @param core The broker.
 * @param reason Why.
 * @param message The message.
 * @param clientId Who does not get it; `null`: nobody does.
 */
export function dropped(
  core: Core,
  reason: DropReason,
  message: Message,
  clientId: string | null,
): void {
  const { plugins, stats } = core;
  stats.dropped[reason]++;
  if (reason === "expired") expired(core, message, clientId);
  else if (plugins.hooks.onBrokerMessageDropped.length > 0) {
    plugins.emit("onBrokerMessageDropped", {
      clientId,
      message: message.keep(),
      reason,
    });
  }
}

/**
 * Tells the plugins that a message was too old.
 *
 * @param core The broker.
 * @param message The message.
 * @param clientId In whose queue it was; `null`: it was retained.
 */
export function expired(
  { plugins }: Core,
  message: Message,
  clientId: string | null,
): void {
  if (plugins.hooks.onBrokerMessageExpired.length === 0) return;
  plugins.emit("onBrokerMessageExpired", { clientId, message: message.keep() });
}

/**
 * Tells the plugins that nobody subscribes to a message.
 *
 * @param core The broker.
 * @param message The message.
 */
export function unheard({ plugins }: Core, message: Message): void {
  if (plugins.hooks.onBrokerMessageDropped.length === 0) return;
  plugins.emit("onBrokerMessageDropped", {
    clientId: null,
    message: message.keep(),
    reason: "no_subscribers",
  });
}

/**
 * Tells the plugins how a client has answered a message.
 *
 * @param core The broker.
 * @param flight The message.
 * @param clientId The client.
 * @param refused Whether the client does not want it.
 */
export function answered(
  core: Core,
  { message, qos }: Flight,
  clientId: string,
  refused: boolean,
): void {
  const { plugins } = core;
  if (refused) dropped(core, "client_refused", message, clientId);
  else if (plugins.hooks.onBrokerMessageAcknowledged.length > 0) {
    plugins.emit("onBrokerMessageAcknowledged", { clientId, message, qos });
  }
}
