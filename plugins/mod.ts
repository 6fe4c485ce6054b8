/**
 * What a plugin author imports: the base classes, the context with the broker's
 * services, and the types of every event.
 *
 * A method that begins with `on` observes and cannot change anything; one that
 * begins with `intercept` may change or refuse; `authenticate` and `topicFiltering`
 * decide. A plugin implements only what it
 * needs: a hook that nobody implements costs the broker nothing.
 *
 * ```ts
 * import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";
 *
 * export default class Greeter extends BasePlugin {
 *   override onBrokerClientConnected({ clientId }: ClientEvent): void {
 *     this.context.logger.info(`Hello, ${clientId}`);
 *   }
 * }
 * ```
 *
 * @module
 */

export * from "./api/answers.ts";
export * from "./api/base.ts";
export * from "./api/broker_events.ts";
export * from "./api/client_events.ts";
export * from "./api/clients.ts";
export * from "./api/context.ts";
export * from "./api/control.ts";
export * from "./api/decisions.ts";
export * from "./api/events.ts";
export * from "./api/http.ts";
export * from "./api/intercepted_connections.ts";
export * from "./api/intercepted_connects.ts";
export * from "./api/intercepted_messages.ts";
export * from "./api/intercepted_subscriptions.ts";
export * from "./api/interceptors.ts";
export * from "./api/logging.ts";
export * from "./api/manifest.ts";
export * from "./api/message_events.ts";
export * from "./api/messages.ts";
export * from "./api/metrics.ts";
export * from "./api/packet_events.ts";
export * from "./api/publishing.ts";
export * from "./api/schema.ts";
export * from "./api/stats.ts";
export * from "./api/storage.ts";
export * from "./api/subscribing.ts";
