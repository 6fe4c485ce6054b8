/**
 * The command `certs`: certificates for TLS.
 *
 * @module
 */

import { type Command, commandGroup } from "../mod.ts";

const certs: Command = commandGroup(
  `Makes certificates for TLS: first an authority, then what it signs.

The broker's listener names server.crt and server.key, and ca.crt as cafile if it
is to ask clients for a certificate. Clients trust ca.crt. ca.key signs for
everybody: keep it away from both.`,
  {
    ca: ["Make an authority", () => import("./ca.ts")],
    server: ["Make the certificate of a broker", () => import("./server.ts")],
    device: ["Make the certificate of a client", () => import("./device.ts")],
  },
);

export default certs;
