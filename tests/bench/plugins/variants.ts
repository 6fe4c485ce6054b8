/**
 * Sets of plugins that DinoMQ is measured with.
 *
 * @module
 */

import { type BrokerKind, BROKERS } from "../brokers.ts";

const MODULE = new URL("plugins.ts", import.meta.url).href;
const [dinomq] = BROKERS;

function variant(
  name: string,
  title: string,
  plugin: string,
  count: number,
  more: object = {},
): BrokerKind {
  const plugins: object[] = [
    { plugin: "auth_anonymous", options: { allowAnonymous: true } },
  ];
  for (let i = 0; i < count; i++) {
    plugins.push({
      plugin: `${MODULE}#${plugin}`,
      name: `${name}-${i}`,
      ...more,
    });
  }
  return {
    ...dinomq,
    name,
    title,
    command(port, folder, example) {
      const { command, args } = dinomq.command(port, folder, example);
      const config = args[args.indexOf("--config") + 1];
      const listeners = { default: { bind: `127.0.0.1:${port}` } };
      Deno.writeTextFileSync(config, JSON.stringify({ listeners, plugins }));
      return { command, args };
    },
  };
}

/** The sets; the first is what the others are compared with. */
export const VARIANTS: readonly BrokerKind[] = [
  variant("none", "No plugin but auth_anonymous", "", 0),
  variant("clients", "Ten observers of clients", "ClientObserver", 10),
  variant(
    "batches",
    "Ten observers of many messages at a time",
    "BatchCounter",
    10,
  ),
  variant(
    "counters",
    "Ten observers that count messages",
    "MessageCounter",
    10,
  ),
  variant(
    "messages",
    "Ten observers that read payloads",
    "MessageObserver",
    10,
  ),
  variant("interceptor", "One publish interceptor", "TopicInterceptor", 1),
  variant("authoriser", "One topic plugin", "Authoriser", 1),
  variant("sandbox", "The same in a sandbox, cached", "Authoriser", 1, {
    sandbox: { cache: 60 },
  }),
];
