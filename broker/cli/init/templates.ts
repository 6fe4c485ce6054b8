/**
 * The files that `init` writes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import denoJson from "../../../deno.json" with { type: "json" };

/** What differs from project to project. */
export interface Project {
  /** The namespace of its plugins: `my.plugins`. */
  readonly namespace: string;
  /** What is typed to run the broker in its folder: `deno run -A jsr:@dinomq/broker`. */
  readonly program: string;
  /** The address of the broker's `mod.ts`. */
  readonly entry: URL;
}

/** `broker.yaml`. */
export function brokerYaml({ namespace, program }: Project): string {
  return `# The configuration of the broker. In this folder:
#
#   ${program} --config broker.yaml
#
# "--check-config" at the end of it says whether all is well, and shows the plugins.

listeners:
  # What a listener does not say for itself it takes from "default".
  default:
    type: tcp
    # This machine only. 0.0.0.0:1883 lets other machines in: first see to it that
    # not everybody may connect, see auth_anonymous below.
    bind: 127.0.0.1:1883
  # websocket:
  #   type: ws
  #   bind: 127.0.0.1:8083

# Sessions, their messages and retained messages outlive the broker. Without this
# they are kept in memory.
store:
  type: sqlite
  path: dinomq.db

# Where plugins of your own have their names: the keys "${namespace}/..." in the
# "imports" of this file.
import-map: deno.json
plugin-namespace: ${namespace}

# They are asked in this order. The bundled plugins can be used in every namespace.
plugins:
  # Writes who comes and goes to the log.
  event_logger:
  # Lets everybody in. For users and passwords put auth_file in its place:
  #
  #   auth_file:
  #     password-file: passwords
  #
  # and make the file: ${program} passwd -c passwords alice
  auth_anonymous:
    allow-anonymous: true
  # Your own, from plugin.ts, with its options.
  greeter:
    greeting: Hello
`;
}

/** `plugin.ts`. */
export const PLUGIN_TS = `/**
 * Greets every client that connects. This is yours: change it, and start the broker
 * again.
 */

import { BasePlugin, type ClientEvent } from "@dinomq/broker/plugins";

/** The options that broker.yaml has for this plugin. */
interface GreeterOptions {
  /** What a greeting begins with. Default: "Hello". */
  greeting?: string;
}

export default class Greeter extends BasePlugin<GreeterOptions> {
  // A plugin implements the events that it wants. Some others are
  // onBrokerMessageReceived, onBrokerClientSubscribed and onBrokerClientDisconnected;
  // your editor knows all of them. To decide who may connect extend BaseAuthPlugin,
  // who may use which topic BaseTopicPlugin.
  override onBrokerClientConnected({ clientId }: ClientEvent): void {
    const { greeting = "Hello" } = this.config;
    // The context has the broker's services: publish, retained, sessions, timers...
    this.context.publish("greetings", \`\${greeting}, \${clientId}!\`);
    this.context.logger.info(\`Greeted \${clientId}\`);
  }
}
`;

/** `plugin_test.ts`. */
export const PLUGIN_TEST_TS = `/** Tests the greeter without opening a port. */

import { strictEqual } from "node:assert/strict";
import { TestBroker } from "@dinomq/broker/testing";
import Greeter from "./plugin.ts";

Deno.test("Greeter greets who connects", async () => {
  await using broker = await TestBroker.start({
    plugins: [{ plugin: Greeter, options: { greeting: "Welcome" } }],
  });
  const watcher = await broker.connect();
  await watcher.subscribe("greetings");
  await broker.connect({ clientId: "alice" });
  strictEqual((await watcher.receive()).text, "Welcome, alice!");
});
`;

/** The file of another plugin. */
export function pluginTs(className: string): string {
  return `/** Writes to the log who publishes what. */

import { BasePlugin, type MessageEvent } from "@dinomq/broker/plugins";

export default class ${className} extends BasePlugin {
  override onBrokerMessageReceived({ clientId, message }: MessageEvent): void {
    this.context.logger.info(\`\${clientId} published to \${message.topic}\`);
  }
}
`;
}

/** The test of another plugin. */
export function pluginTestTs(className: string, fileName: string): string {
  return `/** Tests ${className} without opening a port. */

import { ok } from "node:assert/strict";
import { TestBroker } from "@dinomq/broker/testing";
import ${className} from "./${fileName}";

Deno.test("${className} logs who publishes what", async () => {
  const lines: string[] = [];
  await using broker = await TestBroker.start({
    plugins: [${className}],
    log: (line) => lines.push(line),
  });
  const client = await broker.connect({ clientId: "alice" });
  await client.publish("a/b", "hello");
  ok(lines.some((line) => line.includes("alice published to a/b")));
});
`;
}

/** What runs the tests of a project, with the packages that the broker needs. */
export function testCommand(entry: URL): string {
  if (entry.protocol !== "file:") return "deno test -A";
  const file = fileURLToPath(new URL("./deno.json", entry));
  // The folder is named: else it is that of the configuration.
  return `deno test -A --config ${quoted(file)} .`;
}

/** `deno.json`. */
export function denoJsonText(project: Project): string {
  const { namespace, program, entry } = project;
  const imports = brokerImports(entry);
  const fromJsr = JSON.stringify(jsrSpecifier());
  const comment = entry.protocol === "file:"
    ? `    // The broker: the copy that wrote this file. To take it from JSR, put
    // ${fromJsr} in its place, leave the line after it out, and run
    // "deno run -A jsr:${denoJson.name}" instead of the file. Until then the broker does
    // not see other packages that are named here: a plugin imports them in full, as
    // in "npm:zod@4".
`
    : "    // The broker, whose types plugins import.\n";
  const lines = Object.entries(imports)
    .map(([name, target]) =>
      `    ${JSON.stringify(name)}: ${JSON.stringify(target)},\n`
    ).join("");
  return `{
  "imports": {
${comment}${lines}    // Your plugins: broker.yaml knows each by what comes after the slash.
    ${JSON.stringify(`${namespace}/greeter`)}: "./plugin.ts"
  },
  "tasks": {
    "start": ${JSON.stringify(`${program} --config broker.yaml`)},
    "test": ${JSON.stringify(testCommand(entry))}
  }
}
`;
}

/** What an import map needs so that a plugin finds the broker's types. */
export function brokerImports(entry: URL): Record<string, string> {
  const { name } = denoJson;
  // As a package of JSR it has its subpaths with it.
  if (entry.protocol !== "file:" && entry.pathname.includes(`/${name}/`)) {
    return { [name]: jsrSpecifier() };
  }
  return {
    [name]: entry.href,
    [`${name}/plugins`]: new URL("./plugins/mod.ts", entry).href,
    [`${name}/testing`]: new URL("./broker/testing/mod.ts", entry).href,
  };
}

function jsrSpecifier(): string {
  return `jsr:${denoJson.name}@^${denoJson.version}`;
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /[^\w./-]/.test(path) ? `'${path}'` : path;
}
