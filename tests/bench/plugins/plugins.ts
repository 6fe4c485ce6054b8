/** The plugins that are measured: they do as little as such plugins can. @module */

import {
  BasePlugin,
  BaseTopicPlugin,
  type Decision,
  type MessageEvent,
  type MessagesEvent,
  type PublishAnswer,
  type PublishEvent,
} from "../../../plugins/mod.ts";

/** Observes every message. */
export class MessageObserver extends BasePlugin {
  #bytes = 0;

  override onBrokerMessageReceived({ message }: MessageEvent): void {
    this.#bytes += message.payload.length;
  }
}

/** Observes what clients do beside sending messages. */
export class ClientObserver extends BasePlugin {
  #count = 0;

  override onBrokerClientConnected(): void {
    this.#count++;
  }

  override onBrokerClientSubscribed(): void {
    this.#count++;
  }

  override onBrokerClientDisconnected(): void {
    this.#count--;
  }
}

/** Counts messages and their bytes, many at a time. */
export class BatchCounter extends BasePlugin {
  #count = 0;
  #bytes = 0;

  override onBrokerMessagesReceived({ messages }: MessagesEvent): void {
    this.#count += messages.length;
    this.#bytes += messages.bytes;
  }
}

/** Counts messages, and looks no closer. */
export class MessageCounter extends BasePlugin {
  #count = 0;

  override onBrokerMessageReceived(): void {
    this.#count++;
  }
}

/** Stops messages to one topic. */
export class TopicInterceptor extends BasePlugin {
  override interceptPublish({ message }: PublishEvent): PublishAnswer {
    return message.topic === "forbidden" ? { drop: true } : undefined;
  }
}

/** Decides about topics. */
export class Authoriser extends BaseTopicPlugin {
  override topicFiltering({ topic }: { topic: string }): Decision {
    return topic !== "forbidden";
  }
}
