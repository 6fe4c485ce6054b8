import type { Broker, BrokerConfig } from "../../../mod.ts";
import type {
  AuthenticateEvent,
  BrokerInterceptors,
  BrokerObservers,
  Decision,
  TopicFilteringEvent,
} from "../../../plugins/mod.ts";
import { startBroker } from "../../_client.ts";

/** The versions that every hook is tested with. */
export const VERSIONS = [4, 5] as const;

/** The methods of a plugin, as an object. */
export type Methods = BrokerInterceptors & BrokerObservers & {
  authenticate?(event: AuthenticateEvent): Decision | Promise<Decision>;
  topicFiltering?(event: TopicFilteringEvent): Decision | Promise<Decision>;
};

/** Starts a broker that lets everybody in and has these plugins: `plugin`, `plugin_2` and so on. */
export function brokerWith(
  plugins: readonly Methods[],
  config: BrokerConfig = {},
): Promise<Broker> {
  return startBroker({
    plugins: ["auth_anonymous", ...plugins] as BrokerConfig["plugins"],
    ...config,
  });
}

/** How often the plugins failed together. */
export function failures(broker: Broker): number {
  return broker.describePlugins().reduce((sum, one) => sum + one.failures, 0);
}

/** Runs a test for each version of {@linkcode VERSIONS}. */
export function forVersions(
  name: string,
  test: (version: 4 | 5) => Promise<void>,
): void {
  for (const version of VERSIONS) {
    const title = version === 5 ? "5.0" : "3.1.1";
    Deno.test(`${name} (${title})`, () => test(version));
  }
}

/** A text as bytes. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes as a text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
