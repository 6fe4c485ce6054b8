/** A process that takes another one's place, while the broker ends. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { silentLogger } from "../../../mod.ts";
import { FailureLog } from "../../../plugins/failure_log.ts";
import type { BrokerContext } from "../../../plugins/mod.ts";
import { sandboxCommand } from "../../../plugins/sandbox/command.ts";
import { Sandbox } from "../../../plugins/sandbox/sandbox.ts";
import { eventually } from "../../_client.ts";
import { MemoryLogger } from "../manager_support.ts";

/** A sandbox without a broker, whose module is checked as the test likes. */
async function startSandbox(
  source: string,
  logger: MemoryLogger,
  check: () => Promise<void>,
): Promise<Sandbox> {
  const plugin = {
    name: "subject",
    specifier: `data:text/javascript,${encodeURIComponent(source)}`,
    bundled: false,
    isAlias: false,
  };
  const sandbox = new Sandbox({
    plugin,
    command: sandboxCommand(plugin, undefined, {}),
    options: { deadline: 60 },
    logger: silentLogger,
    check,
  });
  await sandbox.load();
  await sandbox.check({});
  const context = { name: "subject", logger, count: () => {} };
  await sandbox.start({
    context: context as unknown as BrokerContext<unknown>,
    log: new FailureLog(silentLogger, "subject"),
  });
  return sandbox;
}

const SOURCE = `export default class Subject {
  constructor({ logger }) { this.logger = logger; }
  onBrokerPreStart() { this.logger.info("got onBrokerPreStart"); }
  onBrokerPreShutdown() { this.logger.info("got onBrokerPreShutdown"); }
  interceptPublish() { Deno.exit(3); }
}`;

Deno.test("a sandbox that is closed while its module is checked starts no process", async () => {
  const checking = Promise.withResolvers<void>();
  const checked = Promise.withResolvers<void>();
  const sandbox = await startSandbox(SOURCE, new MemoryLogger(), () => {
    checking.resolve();
    return checked.promise;
  });
  await Promise.resolve(sandbox.call("interceptPublish")).catch(() => {});
  await checking.promise;
  const closed = sandbox.close();
  checked.resolve();
  await closed;
  // The sanitizer of resources sees a process that still runs.
});

Deno.test("a new process gets the events of the start, and none of a shutdown", async () => {
  const logger = new MemoryLogger();
  const sandbox = await startSandbox(SOURCE, logger, () => Promise.resolve());
  try {
    await sandbox.call("onBrokerPreStart");
    await sandbox.call("onBrokerPreShutdown");
    await Promise.resolve(sandbox.call("interceptPublish")).catch(() => {});
    await eventually(() => logger.text.includes("runs again"), "return");
    const got = logger.text.match(/got \w+/g);
    assertEquals(got, [
      "got onBrokerPreStart",
      "got onBrokerPreShutdown",
      "got onBrokerPreStart",
    ]);
    assertStringIncludes(logger.text, "has ended");
  } finally {
    await sandbox.close();
  }
});
