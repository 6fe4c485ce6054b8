/**
 * A temporary OpenLDAP server for tests.
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

/** A directory and how to get into it. */
export interface LdapServer extends AsyncDisposable {
  /** Host and port of `ldap://`. */
  readonly plain: string;
  /** Host and port of `ldaps://`. */
  readonly tls: string;
  /** Folder with `ca.pem` and `other_ca.pem`, which signed nothing. */
  readonly folder: string;
  /** Ends the server; its data stays. */
  stop(): Promise<void>;
  /** Starts it again, on the same ports. */
  start(): Promise<void>;
}

/** Name and password of the account that may read everything. */
export const READER = {
  bindDn: "cn=admin,dc=amqtt,dc=io",
  bindPassword: "adminpassword",
};

const SUFFIX = "dc=amqtt,dc=io";

/** Starts a directory with the given entries below `dc=amqtt,dc=io`, in LDIF. */
export async function startLdapServer(entries: string): Promise<LdapServer> {
  const slapd = findProgram({
    name: "slapd",
    places: ["/usr/sbin"],
    package: "slapd",
  });
  const folder = await temporaryFolder();
  const remove = () => Deno.remove(folder, { recursive: true });
  const [plainPort, tlsPort] = [freePort(), freePort()];
  // Some systems allow the program at its own place its own folders only.
  const program = `${folder}/slapd`;
  const run = () =>
    ServerProcess.start(
      program,
      [
        ...["-f", `${folder}/slapd.conf`, "-d", "0"],
        ...["-h", `ldap://127.0.0.1:${plainPort} ldaps://127.0.0.1:${tlsPort}`],
      ],
      {},
      async () => await isListening(plainPort) && await isListening(tlsPort),
    );
  let process: ServerProcess;
  try {
    await Deno.copyFile(slapd, program);
    await makeCertificates(folder);
    await Deno.mkdir(`${folder}/data`);
    await Deno.writeTextFile(`${folder}/slapd.conf`, configuration(folder));
    await runProgram(
      program,
      ["-T", "add", "-f", `${folder}/slapd.conf`],
      {},
      `dn: ${SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: amqtt\no: aMQTT\n\n${entries}`,
    );
    process = await run();
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    plain: `127.0.0.1:${plainPort}`,
    tls: `127.0.0.1:${tlsPort}`,
    folder,
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

function configuration(folder: string): string {
  return `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
${
    ["publish", "subscribe", "receive"].map((action, i) =>
      `attributetype ( 1.3.6.1.4.1.4203.666.1.${
        i + 1
      } NAME '${action}ACL' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )`
    ).join("\n")
  }
objectclass ( 1.3.6.1.4.1.4203.666.2.1 NAME 'mqttUser' SUP top AUXILIARY MAY ( publishACL $ subscribeACL $ receiveACL ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/slapd.pid
TLSCACertificateFile ${folder}/ca.pem
TLSCertificateFile ${folder}/server.pem
TLSCertificateKeyFile ${folder}/server.key
database mdb
suffix "${SUFFIX}"
rootdn "${READER.bindDn}"
rootpw ${READER.bindPassword}
directory ${folder}/data
maxsize 10485760
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by self read by * none
`;
}
