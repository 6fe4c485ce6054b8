// What the plugin framework itself adds to one event, without a broker around it.
//
//   deno bench -A tests/bench/plugin_dispatch_bench.ts
//
// The broker looks at the length of a hook's list before it builds the argument. That look,
// about a nanosecond, is all that "a hook that nobody implements" may cost more than "no
// plugin manager at all".
// `hook_cost_bench.ts` measures the same through a whole broker.
import {
  BasePlugin,
  BaseTopicPlugin,
  type MessageEvent,
} from "../../plugins/mod.ts";
import type { PluginClass } from "../../plugins/plugin_class.ts";
import type { PluginManager } from "../../plugins/manager.ts";
import { Message } from "../../broker/message.ts";
import { Topic } from "../../broker/topics/topic.ts";
import { loadManager, topicEvent } from "../plugins/manager_support.ts";

const EVENTS = 10_000;
const message = new Message(new Topic("bench/topic"));
let sum = 0;

/** Observes what has nothing to do with messages. */
class Elsewhere extends BasePlugin {
  override onBrokerClientSubscribed(): void {}
}

/** Observes every message. */
class Observer extends BasePlugin {
  override onBrokerMessageReceived({ message }: MessageEvent): void {
    sum += message.qos;
  }
}

/** Decides about every topic. */
class Yes extends BaseTopicPlugin {
  topicFiltering(): boolean {
    return true;
  }
}

/** Handles so many messages as the broker does, which looks whether anybody listens. */
function handle(plugins: PluginManager | undefined): void {
  for (let i = 0; i < EVENTS; i++) {
    sum += message.size;
    if (
      plugins !== undefined && plugins.hooks.onBrokerMessageReceived.length > 0
    ) plugins.emit("onBrokerMessageReceived", { clientId: "c", message });
  }
}

/** Asks so often whether a client may publish. */
function ask(plugins: PluginManager): void {
  for (let i = 0; i < EVENTS; i++) {
    if (plugins.topicFiltering(question) !== true) {
      throw new Error("Cannot measure: the plugin says no");
    }
  }
}

function load(...classes: PluginClass[]): Promise<PluginManager> {
  return loadManager(
    classes.map((plugin, i) => ({ plugin, path: `plugins[${i}]` })),
  );
}

const question = topicEvent("bench/topic");
const nobody = await load(Elsewhere);
const observed = await load(Observer);
const observedThrice = await load(Observer, Observer, Observer);
const decided = await load(Yes);

const events = `${EVENTS} messages through a hook`;
Deno.bench(
  "no plugin manager at all",
  { group: events, baseline: true },
  () => {
    handle(undefined);
  },
);
Deno.bench("a hook that nobody implements", { group: events }, () => {
  handle(nobody);
});
Deno.bench("one synchronous observer", { group: events }, () => {
  handle(observed);
});
Deno.bench("three synchronous observers", { group: events }, () => {
  handle(observedThrice);
});

const decisions = `${EVENTS} questions about a topic`;
Deno.bench("no topic plugin", { group: decisions, baseline: true }, () => {
  ask(nobody);
});
Deno.bench("one synchronous topic plugin", { group: decisions }, () => {
  ask(decided);
});

// What is never read might never be computed.
globalThis.addEventListener("unload", () => {
  if (Number.isNaN(sum)) {
    throw new Error("Cannot measure: the sum is no number");
  }
});
