/**
 * A connection before a byte of MQTT is read from it. What TLS, WebSocket and the
 * PROXY protocol say of it is known by then.
 *
 * @module
 */

import { Stop } from "../../plugins/interceptor_chain.ts";
import type { AcceptEvent } from "../../plugins/mod.ts";
import type { Connection } from "../connection.ts";

/**
 * Reads from a connection if the plugins let it stay.
 *
 * @param connection The connection.
 */
export function begin(connection: Connection): void {
  const { core, transport, listener, input } = connection;
  const chain = core.plugins.intercepts.accept;
  if (chain === undefined) return input.read();
  const { remoteAddress, remotePort, peerCertificate } = transport;
  const answer = chain.ask(
    { remoteAddress, remotePort, listener, peerCertificate },
    (event) => event,
  );
  const settle = (outcome: AcceptEvent | Stop): void => {
    if (outcome instanceof Stop) connection.drop("a plugin does not want it");
  };
  if (answer instanceof Promise) return input.readAfter(answer.then(settle));
  settle(answer);
  // One that is closed ends by that.
  input.read();
}
