/** Plugins in files or behind a loopback server, and brokers that sandbox them. */

import {
  Broker,
  type BrokerConfig,
  type BrokerOptions,
  type Logger,
} from "../../../mod.ts";
import { MemoryLogger } from "../manager_support.ts";
import { withProject } from "../temporary_project.ts";

const API = new URL("../../../plugins/mod.ts", import.meta.url).href;

/** What a sandboxed plugin of a test is run with. */
export interface SandboxedTest {
  /** The source of the plugin's module; `BasePlugin` and the others are imported. */
  source: string;
  /** The rights. Default: none, and the patience that a busy machine asks for. */
  sandbox?: Record<string, unknown> | boolean;
  options?: unknown;
  integrity?: string;
  /** Files beside the plugin's. */
  files?: Record<string, string>;
  config?: BrokerConfig;
  /** Plugins that run in the broker. */
  others?: unknown[];
  /** Whether the plugin is loaded from an HTTP server. Default: from a file. */
  overHttp?: boolean;
}

/** A running broker with one sandboxed plugin, whose name is `subject`. */
export interface SandboxedBroker {
  broker: Broker;
  logger: MemoryLogger;
  /** Where the plugin and the other files are. */
  folder: URL;
}

/**
 * Starts a broker with a sandboxed plugin that may let nobody in or everybody: an
 * `authenticate()` that says yes is added unless the source has one.
 */
export async function withSandboxed(
  test: SandboxedTest,
  use: (running: SandboxedBroker) => Promise<void>,
): Promise<void> {
  const { source, files = {}, overHttp = false } = test;
  const imports = overHttp
    ? ""
    : `import { BasePlugin, BaseTopicPlugin } from ${JSON.stringify(API)};\n`;
  const project = {
    "deno.json": "{}",
    "subject.ts": imports + source,
    ...files,
  };
  await withProject(project, async (folder) => {
    await using server = overHttp ? serve(folder) : undefined;
    const base = server?.url ?? folder.href;
    const logger = new MemoryLogger();
    const { broker } = sandboxedBroker(test, `${base}subject.ts`, {
      logger,
      importMap: new URL("deno.json", folder),
    });
    try {
      await broker.start();
      await use({ broker, logger, folder });
    } finally {
      await broker.shutdown();
    }
  });
}

function sandboxedBroker(
  {
    sandbox = { deadline: 60 },
    options,
    integrity,
    config,
    source,
    others = [],
  }: SandboxedTest,
  plugin: string,
  brokerOptions: BrokerOptions & { logger: Logger },
): { broker: Broker } {
  const opener = /\bauthenticate\b/.test(source) ? [] : ["auth_anonymous"];
  const broker = new Broker({
    listeners: { default: { bind: "127.0.0.1:0" } },
    plugins: [...opener, ...others, {
      plugin,
      options,
      integrity,
      name: "subject",
      sandbox,
    }],
    ...config,
  }, brokerOptions);
  return { broker };
}

/** Serves the files of a folder as modules. */
function serve(folder: URL): { url: string } & AsyncDisposable {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const file = new URL(`.${pathname}`, folder);
      try {
        return new Response(await Deno.readTextFile(file), {
          headers: { "content-type": "application/typescript" },
        });
      } catch {
        return new Response(null, { status: 404 });
      }
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
