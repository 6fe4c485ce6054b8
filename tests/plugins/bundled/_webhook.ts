/**
 * A webhook under test, and the server that it tells.
 *
 * @module
 */

import Webhook, { type WebhookOptions } from "../../../plugins/webhook.ts";
import { checkedOptions, type FakeContext, fakeContext } from "./_context.ts";
import type { Handler, HttpServer, SeenRequest } from "./_http_server.ts";

export const OK: Handler = () => ({ status: 204 });
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** What is sent. */
export interface Body {
  dropped: number;
  events: Array<Record<string, unknown>>;
}

/** The body of a request. */
export function bodyOf({ body }: SeenRequest): Body {
  return JSON.parse(body);
}

/** The events of all requests. */
export function eventsOf({ requests }: HttpServer): Body["events"] {
  return requests.flatMap((request) => bodyOf(request).events);
}

/** A plugin without a broker; `emit` has it see a subscription. */
export async function makeWebhook(url: string, options: object = {}): Promise<{
  plugin: Webhook;
  fake: FakeContext<WebhookOptions>;
  emit: (count?: number) => void;
}> {
  const config = await checkedOptions<WebhookOptions>(Webhook, {
    url,
    secret: SECRET,
    batchDelay: 60,
    retryDelay: 0.001,
    ...options,
  });
  const fake = fakeContext(config);
  const plugin = new Webhook(fake.context);
  const emit = (count = 1) => {
    for (let i = 0; i < count; i++) {
      plugin.onBrokerClientSubscribed!({ clientId: "c", topic: "t", qos: 0 });
    }
  };
  return { plugin, fake, emit };
}

/** The address of a server. */
export function urlOf({ port }: HttpServer): string {
  return `http://127.0.0.1:${port}/events?token=hidden`;
}
