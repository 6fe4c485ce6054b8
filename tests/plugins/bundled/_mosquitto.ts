/**
 * A temporary mosquitto broker for tests.
 *
 * @module
 */

import { makeCertificates } from "../../_certificates.ts";
import { freePort } from "../../_ports.ts";
import {
  findProgram,
  isListening,
  runProgram,
  ServerProcess,
  temporaryFolder,
} from "./_server_process.ts";

/** A broker and where it is. */
export interface Mosquitto extends AsyncDisposable {
  /** Port on 127.0.0.1 that lets everybody in. */
  readonly port: number;
  /** Port that speaks TLS, for the user `bridge` with the password `secret`. */
  readonly tlsPort: number;
  /** Folder with `ca.pem`, and `other_ca.pem`, which signed nothing. */
  readonly folder: string;
  /** Ends the broker as a power cut would. */
  kill(): Promise<void>;
  /** Ends the broker; it keeps its sessions and retained messages. */
  stop(): Promise<void>;
  /** Starts it again, on the same ports. */
  start(): Promise<void>;
}

/** Starts a broker; `lines` are added to its configuration. */
export async function startMosquitto(lines: string[] = []): Promise<Mosquitto> {
  const installed = findProgram({
    name: "mosquitto",
    places: ["/usr/sbin"],
    package: "mosquitto",
  });
  const passwd = findProgram({
    name: "mosquitto_passwd",
    places: ["/usr/bin"],
    package: "mosquitto",
  });
  const folder = await temporaryFolder();
  const remove = () => Deno.remove(folder, { recursive: true });
  const [port, tlsPort] = [freePort(), freePort()];
  // Some systems allow the program at its own place its own folders only.
  const program = `${folder}/mosquitto`;
  const run = () =>
    ServerProcess.start(
      program,
      ["-c", `${folder}/mosquitto.conf`],
      {},
      async () => await isListening(port) && await isListening(tlsPort),
    );
  let process: ServerProcess;
  try {
    await Deno.copyFile(installed, program);
    await makeCertificates(folder);
    await Deno.mkdir(`${folder}/data`);
    await runProgram(passwd, [
      ...["-c", "-b", `${folder}/passwords`, "bridge", "secret"],
    ]);
    await Deno.writeTextFile(
      `${folder}/mosquitto.conf`,
      [
        "per_listener_settings true",
        "persistence true",
        `persistence_location ${folder}/data/`,
        ...(Deno.uid() === 0 ? ["user root"] : []),
        ...lines,
        `listener ${port} 127.0.0.1`,
        "allow_anonymous true",
        `listener ${tlsPort} 127.0.0.1`,
        "allow_anonymous false",
        `password_file ${folder}/passwords`,
        `certfile ${folder}/server.pem`,
        `keyfile ${folder}/server.key`,
        "",
      ].join("\n"),
    );
    process = await run();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    port,
    tlsPort,
    folder,
    kill: () => process.stop("SIGKILL"),
    stop: () => process.stop(),
    start: async () => {
      process = await run();
    },
    [Symbol.asyncDispose]: async () => {
      await process.stop();
      await remove();
    },
  };
}
