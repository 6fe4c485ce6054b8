/** Listens on a Unix domain socket. @module */

import type { Logger } from "../../plugins/mod.ts";
import type { ListenerConfig } from "../config/mod.ts";
import type { ConnectionGate } from "../limits/gate.ts";
import { AcceptLoop, type Incoming } from "./accept_loop.ts";
import { ConnTransport } from "./conn_transport.ts";
import { toListenError } from "./listen_error.ts";
import type { AcceptHandler, RunningListener } from "./transport.ts";

/**
 * Opens a listener on a Unix domain socket. Its file has the mode 0660: the user
 * and the group of the broker may connect. The file goes when the listener is
 * closed; one that a crashed broker left is replaced, if nobody answers on it.
 *
 * @param config The listener; `path` is the path of the socket.
 * @param accept Takes over each connection.
 * @param logger Where failures are reported.
 * @param gate Lets connections in.
 * @returns The running listener.
 * @throws {ListenError} If the path cannot be listened on.
 */
export async function listenUnix(
  config: ListenerConfig,
  accept: AcceptHandler,
  logger: Logger,
  gate: ConnectionGate,
): Promise<RunningListener> {
  const { path } = config;
  const listener = await open(config, logger);
  const inode = Deno.lstatSync(path).ino;
  const handle = (conn: Deno.UnixConn, incoming: Incoming) =>
    accept(new ConnTransport(conn, "unix", incoming), incoming.place);
  const loop = new AcceptLoop({ listener, config, gate, handle, logger });
  return {
    name: config.name,
    address: `unix:${path}`,
    port: 0,
    close: async () => {
      await loop.close();
      removeOwn(path, inode);
    },
    update: (config) => loop.update(config),
  };
}

async function open(
  config: ListenerConfig,
  logger: Logger,
): Promise<Deno.UnixListener> {
  try {
    await removeStale(config.path, logger);
    const listener = Deno.listen({ transport: "unix", path: config.path });
    // Until here the umask rules, which lets nobody but the user write, and
    // connecting needs the right to write.
    Deno.chmodSync(config.path, 0o660);
    return listener;
  } catch (error) {
    throw toListenError(config, error);
  }
}

async function removeStale(path: string, logger: Logger): Promise<void> {
  try {
    // Anything but a socket is left alone: listening then fails, as it must.
    if (!Deno.lstatSync(path).isSocket) return;
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) return;
    logger.info(`Removing the socket "${path}": nobody answers on it`);
    Deno.removeSync(path);
  }
}

// Another broker may have put its own socket there in the meantime.
function removeOwn(path: string, inode: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === inode) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
