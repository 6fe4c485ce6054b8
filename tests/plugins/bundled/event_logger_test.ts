import { assertEquals, assertRejects } from "@std/assert";
import EventLogger from "../../../plugins/event_logger.ts";
import type { BrokerObservers, LogLevel } from "../../../plugins/mod.ts";
import { checkedOptions, fakeContext } from "./_context.ts";

function run(level: LogLevel): { handlers: string[]; lines: string[] } {
  const { context, logger } = fakeContext({}, { level });
  const plugin = new EventLogger(context);
  const handlers = Object.keys(plugin).filter((name) => name.startsWith("on"));
  for (const name of handlers as Array<keyof BrokerObservers>) {
    const handler = plugin[name] as unknown as (event: unknown) => void;
    handler(undefined);
  }
  return { handlers, lines: logger.lines };
}

Deno.test("event_logger writes aMQTT's line for every event", () => {
  assertEquals(run("debug").lines, [
    "debug: ### 'on_broker_pre_start' EVENT FIRED ###",
    "debug: ### 'on_broker_post_start' EVENT FIRED ###",
    "debug: ### 'on_broker_pre_shutdown' EVENT FIRED ###",
    "debug: ### 'on_broker_post_shutdown' EVENT FIRED ###",
    "info: ### 'on_broker_client_connected' EVENT FIRED ###",
    "info: ### 'on_broker_client_disconnected' EVENT FIRED ###",
    "debug: ### 'on_broker_client_subscribed' EVENT FIRED ###",
    "debug: ### 'on_broker_client_unsubscribed' EVENT FIRED ###",
    "debug: ### 'on_broker_message_received' EVENT FIRED ###",
    "debug: ### 'on_broker_messages_received' EVENT FIRED ###",
    "debug: ### 'on_broker_message_broadcast' EVENT FIRED ###",
    "debug: ### 'on_broker_retained_message' EVENT FIRED ###",
    "debug: ### 'on_mqtt_packet_received' EVENT FIRED ###",
    "debug: ### 'on_mqtt_packet_sent' EVENT FIRED ###",
    "info: ### 'on_broker_config_reloaded' EVENT FIRED ###",
    "info: ### 'on_broker_alarm_raised' EVENT FIRED ###",
    "info: ### 'on_broker_alarm_cleared' EVENT FIRED ###",
    "info: ### 'on_broker_client_authentication_failed' EVENT FIRED ###",
    "debug: ### 'on_broker_session_created' EVENT FIRED ###",
    "debug: ### 'on_broker_session_resumed' EVENT FIRED ###",
    "debug: ### 'on_broker_session_taken_over' EVENT FIRED ###",
    "debug: ### 'on_broker_session_expired' EVENT FIRED ###",
    "debug: ### 'on_broker_message_delivered' EVENT FIRED ###",
    "debug: ### 'on_broker_message_acknowledged' EVENT FIRED ###",
    "debug: ### 'on_broker_message_dropped' EVENT FIRED ###",
    "debug: ### 'on_broker_message_expired' EVENT FIRED ###",
    "debug: ### 'on_broker_will_sent' EVENT FIRED ###",
    "info: ### 'on_broker_plugin_failed' EVENT FIRED ###",
  ]);
});

Deno.test("event_logger has no handlers for events that the log does not show", () => {
  assertEquals(run("info").handlers, [
    "onBrokerClientConnected",
    "onBrokerClientDisconnected",
    "onBrokerConfigReloaded",
    "onBrokerAlarmRaised",
    "onBrokerAlarmCleared",
    "onBrokerClientAuthenticationFailed",
    "onBrokerPluginFailed",
  ]);
  assertEquals(run("warn").handlers, []);
});

Deno.test("event_logger refuses options", async () => {
  assertEquals(await checkedOptions(EventLogger, {}), {});
  await assertRejects(() => checkedOptions(EventLogger, { a: 1 }), TypeError);
});
