/** A broker with plugins that do what the test tells them to. */

import {
  Broker,
  type BrokerConfig,
  type BrokerContext,
  type BrokerOptions,
  silentLogger,
} from "../../../mod.ts";
import Probe from "./fixtures/probe.ts";

const PROBE = new URL("./fixtures/probe.ts", import.meta.url).href;

/** How {@linkcode startProbes} starts a broker. */
export interface ProbeOptions extends BrokerOptions {
  /** What the constructors of the plugins do. */
  onConstruct?: (context: BrokerContext) => void;
  /** What their `onBrokerPreStart()` does. */
  onPreStart?: (context: BrokerContext) => unknown;
  /** Names of the plugins. Default: `["probe"]`. */
  names?: readonly string[];
  /** Other plugins, asked before. Default: those that let everybody in. */
  plugins?: readonly unknown[];
}

/** A broker, and the plugins by their names. */
export interface Probes extends AsyncDisposable {
  readonly broker: Broker;
  readonly probes: Readonly<Record<string, Probe>>;
  /** The context of the only, or first, plugin. */
  readonly context: BrokerContext;
}

/**
 * Starts a broker on a free port whose plugins were loaded by their URL.
 *
 * @param config Replaces or adds keys of the configuration.
 * @param options How it is started.
 * @returns The broker and the plugins.
 */
export async function startProbes(
  config: BrokerConfig = {},
  options: ProbeOptions = {},
): Promise<Probes> {
  const {
    names = ["probe"],
    onConstruct,
    onPreStart,
    plugins = [{ auth_anonymous: null }],
    ...rest
  } = options;
  Probe.onConstruct = onConstruct;
  Probe.onPreStart = onPreStart;
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [...plugins, ...names.map((name) => ({ plugin: PROBE, name }))],
    ...config,
  }, { logger: silentLogger, ...rest });
  try {
    await broker.start();
  } finally {
    Probe.onConstruct = Probe.onPreStart = undefined;
  }
  const probes = Object.fromEntries(
    names.map((name) => [name, Probe.made.get(name)!]),
  );
  return {
    broker,
    probes,
    context: probes[names[0]].context,
    [Symbol.asyncDispose]: () => broker.shutdown(),
  };
}
