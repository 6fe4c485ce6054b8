/**
 * The broker's own metrics, and what it knows of its plugins and its process.
 *
 * @module
 */

import process from "node:process";
import denoJson from "../../deno.json" with { type: "json" };
import type { PluginDescription } from "../../plugins/manager.ts";
import type { Core } from "../core.ts";
import { inConfiguration, LIMIT_NAMES } from "../limits/limit_reports.ts";
import type { Stats } from "../stats.ts";
import type { Metric, Sample } from "./exposition.ts";

type NumberOf<Of> = {
  [Key in keyof Of]: Of[Key] extends number ? Key : never;
}[keyof Of];

/** What counts up, in the order in which it is shown. */
const COUNTERS: ReadonlyArray<
  readonly [key: NumberOf<Stats>, name: string, help: string]
> = [
  ["bytesReceived", "received_bytes", "Bytes that clients sent."],
  ["bytesSent", "sent_bytes", "Bytes that were sent to clients."],
  ["packetsReceived", "packets_received", "Packets that clients sent."],
  ["packetsSent", "packets_sent", "Packets that were sent to clients."],
  ["publishReceived", "publish_received", "PUBLISH packets that clients sent."],
  ["publishSent", "publish_sent", "PUBLISH packets that were sent to clients."],
];

/** What goes up and down. */
const GAUGES: ReadonlyArray<
  readonly [key: NumberOf<Stats>, name: string, help: string]
> = [
  ["clientsConnected", "clients_connected", "Clients that are connected."],
  [
    "clientsDisconnected",
    "clients_disconnected",
    "Sessions without a connection.",
  ],
  [
    "clientsMaximum",
    "clients_connected_maximum",
    "The most clients that were connected at one time.",
  ],
  [
    "inflightIn",
    "messages_inflight_in",
    "QoS 2 messages from clients that are not released.",
  ],
  [
    "inflightOut",
    "messages_inflight_out",
    "Messages to clients that are not acknowledged.",
  ],
  ["queued", "messages_queued", "Messages that wait in queues of sessions."],
  [
    "queuedBytes",
    "messages_queued_bytes",
    "Bytes of the messages that wait in queues of sessions.",
  ],
  ["retained", "messages_retained", "Retained messages."],
  ["subscriptions", "subscriptions", "Subscriptions."],
];

/** What the metrics of a broker are made of. */
export interface BrokerMetricsSource {
  /** The broker. */
  readonly core: Core;
  /** Its plugins. */
  readonly plugins: readonly PluginDescription[];
  /** Whether it is ready. */
  readonly ready: boolean;
}

/**
 * Reads the broker's metrics.
 *
 * @param source Where from.
 * @returns The metrics as they are now.
 */
export function* brokerMetrics(
  source: BrokerMetricsSource,
): Generator<Metric> {
  const { core, plugins, ready } = source;
  const { stats } = core;
  yield {
    name: "dinomq_build",
    help: "The version that runs.",
    type: "info",
    samples: [{
      suffix: "_info",
      labels: [["version", denoJson.version]],
      value: 1,
    }],
  };
  yield gauge("ready", "Whether the broker and its plugins are ready.", +ready);
  yield gauge(
    "store_failed",
    "Whether the store cannot be written.",
    core.journal?.failure === undefined ? 0 : 1,
  );
  for (const [key, name, help] of COUNTERS) {
    yield counter(name, help, [total([], stats[key])]);
  }
  for (const [key, name, help] of GAUGES) yield gauge(name, help, stats[key]);
  yield gauge(
    "messages_retained_bytes",
    "Bytes of the retained messages.",
    core.retained.bytes,
  );
  yield counter(
    "messages_dropped",
    "Messages that were not delivered, by reason.",
    Object.entries(stats.dropped).map(([reason, count]) =>
      total([["reason", reason]], count)
    ),
  );
  yield counter(
    "limit_reached",
    "How often a limit was reached, by its key in the configuration.",
    LIMIT_NAMES.map((limit) =>
      total([["limit", inConfiguration(limit)]], stats.limits[limit] ?? 0)
    ),
  );
  yield* pluginMetrics(core, plugins);
  yield* processMetrics();
}

function* pluginMetrics(
  core: Core,
  plugins: readonly PluginDescription[],
): Generator<Metric> {
  yield counter(
    "plugins_failures",
    "How often a plugin failed.",
    plugins.map(({ name, failures }) => total([["plugin", name]], failures)),
  );
  yield counter(
    "plugins_events_dropped",
    "Events that a plugin did not get, because it was too slow.",
    plugins.map(({ name, dropped }) => total([["plugin", name]], dropped)),
  );
  yield counter(
    "plugins_counter",
    "What plugins count themselves.",
    plugins.flatMap(({ name, counters }) =>
      Object.entries(counters).map(([counter, count]) =>
        total([["plugin", name], ["counter", counter]], count)
      )
    ),
  );
  yield {
    name: "dinomq_plugins_storage_bytes",
    help: "Bytes that a plugin has stored.",
    type: "gauge",
    samples: [...core.values.plugins].map(([name, { bytes }]) => ({
      suffix: "",
      labels: [["plugin", name]],
      value: bytes,
    })),
  };
}

/** Under the names that the libraries of Prometheus use. */
function* processMetrics(): Generator<Metric> {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = Deno.memoryUsage();
  yield {
    name: "process_cpu_seconds",
    help: "Time of processors that the process has used.",
    type: "counter",
    samples: [total([], (user + system) / 1e6)],
  };
  yield {
    name: "process_resident_memory_bytes",
    help: "Memory that the process has.",
    type: "gauge",
    samples: [{ suffix: "", labels: [], value: rss }],
  };
  yield {
    name: "process_heap_bytes",
    help: "Memory that JavaScript uses.",
    type: "gauge",
    samples: [{ suffix: "", labels: [], value: heapUsed }],
  };
  yield {
    name: "process_start_time_seconds",
    help: "When the process started, in seconds since 1970.",
    type: "gauge",
    samples: [{
      suffix: "",
      labels: [],
      value: performance.timeOrigin / 1000,
    }],
  };
}

function counter(name: string, help: string, samples: Sample[]): Metric {
  return { name: `dinomq_${name}`, help, type: "counter", samples };
}

function total(labels: Sample["labels"], value: number): Sample {
  return { suffix: "_total", labels, value };
}

function gauge(name: string, help: string, value: number): Metric {
  const samples = [{ suffix: "", labels: [], value }];
  return { name: `dinomq_${name}`, help, type: "gauge", samples };
}
