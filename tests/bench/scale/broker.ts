/** A broker of which only the state is measured. @module */

import { Broker, silentLogger } from "../../../mod.ts";

/** Starts a broker without listeners. */
export async function startQuietBroker(): Promise<Broker> {
  const broker = new Broker({
    listeners: { default: { type: "external" } },
    plugins: { auth_anonymous: null },
  }, { logger: silentLogger });
  await broker.start();
  return broker;
}
