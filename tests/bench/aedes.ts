/**
 * aedes as a program: `deno run -A tests/bench/aedes.ts PORT`.
 *
 * It runs under Deno, like DinoMQ, so that the brokers are compared and not the
 * runtimes, and so that nothing but Deno is needed.
 *
 * @module
 */

import { Aedes } from "aedes";
import { createServer } from "node:net";

const broker = await Aedes.createBroker();
createServer((socket) => {
  socket.setNoDelay(true);
  broker.handle(socket);
}).listen(Number(Deno.args[0]), "127.0.0.1");
