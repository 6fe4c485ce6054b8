/** The clients and the broker of mosquitto are what `pub` and `sub` are measured by. */

import { assertEquals } from "@std/assert";
import pub from "../../../broker/cli/mqtt/pub.ts";
import sub from "../../../broker/cli/mqtt/sub.ts";
import { eventually, startBroker } from "../../_client.ts";
import { run, RunningCommand } from "../_context.ts";
import { withFolder } from "../_folder.ts";

/** Starts a program of mosquitto; its output is read to the end. */
function start(name: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(name, { args, stdout: "piped", stderr: "piped" })
    .spawn();
}

async function output(child: Deno.ChildProcess): Promise<string> {
  const { stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return text.decode(stdout) + text.decode(stderr);
}

const FORMATS = [
  "%t|%p|%q|%r|%l|%m|%%",
  "%x %X",
  "[%10t][%-10t][%.3t][%10.3t]",
  "[%010l][%-5l][%05m]",
  "[%A][%C][%D][%E][%F][%P][%R][%S]",
  "[%5C][%-12C][%.4C][%08E][%5F][%03S]",
  "a\\tb\\nc\\\\d\\0e@@g",
  "@Y @B",
];

Deno.test("sub -F prints what mosquitto_sub prints", async () => {
  await using broker = await startBroker();
  const port = `${broker.listeners[0].port}`;
  const args = (format: string) => [
    ...["-h", "127.0.0.1", "-p", port, "-V", "5", "-t", "t/#", "-q", "1"],
    ...["-C", "2", "-F", format],
  ];
  const all = [...FORMATS, "%j", "%J"];
  const theirs = all.map((format) => start("mosquitto_sub", ...args(format)));
  const ours = all.map((format) => new RunningCommand(sub, args(format)));
  const expected = 2 * all.length;
  await eventually(
    () => [...broker.context.subscriptions()].length === expected,
    "subscriptions",
  );
  const property = (...words: string[]) => ["-D", "publish", ...words];
  await output(start(
    ...["mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-V", "5"] as const,
    ...["-q", "1", "-t", "t/x", "-m", '{"a":[1,2],"b":"é"}'],
    ...property("content-type", "text/plain"),
    ...property("correlation-data", "xyz"),
    ...property("message-expiry-interval", "60"),
    ...property("payload-format-indicator", "1"),
    ...property("response-topic", "answers"),
    ...property("user-property", "k", "v"),
    ...property("user-property", "l", "w"),
  ));
  await output(
    start("mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-t", "t", "-n"),
  );
  for (const [index, format] of all.entries()) {
    const [code, stdout] = await ours[index].result();
    assertEquals(code, 0);
    const reference = await output(theirs[index]);
    if (index < FORMATS.length) assertEquals(stdout, reference, format);
    else assertEquals(withoutTime(stdout), withoutTime(reference), format);
  }
});

/** mosquitto 2.0 writes the time with a Z before the offset. */
function withoutTime(lines: string): unknown {
  return lines.trim().split("\n").map((line) => {
    const { tst, ...rest } = JSON.parse(line);
    assertEquals(typeof tst, "string");
    return rest;
  });
}

Deno.test("mosquitto_sub gets what pub sends", async () => {
  await using broker = await startBroker();
  const port = `${broker.listeners[0].port}`;
  const theirs = start(
    ...["mosquitto_sub", "-h", "127.0.0.1", "-p", port, "-V", "5"] as const,
    ...["-t", "#", "-q", "2", "-C", "2", "-F", "%t %p %q %C %P %R %D %F"],
  );
  await eventually(() => [...broker.context.subscriptions()].length === 1);
  const property = (...words: string[]) => ["-D", "publish", ...words];
  await run(pub, ["-h", "127.0.0.1", "-p", port, "-t", "a", "-m", "old"]);
  await run(pub, [
    ...["-h", "127.0.0.1", "-p", port, "-t", "b", "-m", "new", "-q", "2"],
    ...property("content-type", "text/plain"),
    ...property("user-property", "k", "v"),
    ...property("response-topic", "answers"),
    ...property("correlation-data", "xyz"),
    ...property("payload-format-indicator", "1"),
  ]);
  assertEquals(
    await output(theirs),
    "a old 0     \nb new 2 text/plain k:v answers xyz 1\n",
  );
});

Deno.test("pub and sub speak every version with mosquitto", async () => {
  await withFolder(async (folder) => {
    const socket = `${folder}/socket`;
    await Deno.writeTextFile(
      `${folder}/mosquitto.conf`,
      `listener 0 ${socket}\nallow_anonymous true\nuser root\n`,
    );
    const broker = start("mosquitto", "-c", `${folder}/mosquitto.conf`);
    try {
      for (const version of ["31", "311", "5"]) {
        const to = ["--unix", socket, "-V", version, "-q", "2", "-t", "t"];
        const command = await subscribedTo(to);
        const sent = await run(pub, [...to, "-l"], { stdin: "one\ntwo\n" });
        assertEquals(sent, { code: 0, stdout: "", stderr: "" });
        const [code, stdout] = await command.result();
        assertEquals([code, stdout], [0, "t one\nt two\n"]);
      }
    } finally {
      broker.kill();
      await broker.output();
    }
  });
});

/** Subscribes as soon as the broker is there. */
async function subscribedTo(to: string[]): Promise<RunningCommand> {
  const end = Date.now() + 20_000;
  while (Date.now() < end) {
    const command = new RunningCommand(sub, [...to, "-v", "-C", "2", "-d"]);
    const isThere = await Promise.race([
      command.context.stderr.until("received SUBACK").then(() => true),
      command.code.then(() => false),
    ]);
    if (isThere) return command;
  }
  throw new Error("Cannot wait any longer: mosquitto does not answer");
}
