/**
 * The command `pub`: publishes messages.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IClientPublishOptions } from "mqtt";
import { topicNameProblem } from "../../topics/filter.ts";
import {
  type Command,
  type CommandContext,
  type CommandOutput,
  defineCommand,
  EXIT_FAILED,
  EXIT_OK,
  type FlagValues,
  print,
  SILENCE,
  type StopRequest,
  UsageError,
  withProgress,
} from "../mod.ts";
import { BrokerClient, RefusedError } from "./client.ts";
import { Cancellation } from "./cancellation.ts";
import { CONNECTION_FLAGS } from "./connection_flags.ts";
import {
  filePayload,
  linePayloads,
  MAX_PAYLOAD,
  openFile,
  wholePayload,
} from "./payloads.ts";
import { quietly } from "./quietly.ts";
import { type ClientSettings, readQos, readSettings } from "./settings.ts";

const FLAGS = {
  topic: { short: "t", value: "TOPIC", help: "Where to publish" },
  message: { short: "m", value: "TEXT", help: "The payload is this text" },
  file: { short: "f", value: "FILE", help: "The payload is a whole file" },
  "stdin-file": {
    short: "s",
    also: ["stdin"],
    help: "The payload is all of standard input",
  },
  "stdin-line": {
    short: "l",
    also: ["lines"],
    help: `Each line of standard input is a message, or with -f each line of the
      file. Empty lines are left out`,
  },
  "null-message": {
    short: "n",
    also: ["no-message"],
    help: "The payload is empty; with -r this clears a retained message",
  },
  qos: { short: "q", value: "QOS", help: "0, 1 or 2. Default: 0" },
  retain: { short: "r", help: "The broker keeps the message for later" },
  ...CONNECTION_FLAGS,
} as const;

const NOTES = `
The exit code is 0 when the broker has every message, 1 when it refused one or
the connection was lost. With -l a lost connection is made again.

Examples:
  pub -t greetings/world -m hello
  pub -t state -q 1 -r -m on -u alice          with DINOMQ_PASSWORD set
  tail -f log | pub -t log/lines -l
  pub -t data -f data.bin --cafile ca.crt -p 8883
  pub -t request -m hi -D publish response-topic answers`;

type PubFlags = FlagValues<typeof FLAGS>;

const pub: Command = defineCommand({
  summary: "Publishes messages to an MQTT broker.",
  usage: ["[OPTIONS] -t TOPIC (-m TEXT | -f FILE | -s | -l | -n)"],
  flags: FLAGS,
  notes: NOTES,
  run: async ({ flags, operands }, context) => {
    if (operands.length > 0) {
      throw new UsageError(
        `Cannot use "${operands[0]}": a payload is given with -m`,
      );
    }
    requirePayload(flags);
    const settings = await readSettings(flags, "pub", ["publish"], context);
    const message = messageOf(flags, settings);
    return await quietly(
      flags.quiet,
      () => publish(flags, settings, message, context),
    );
  },
});

export default pub;

/** Topic and options of what is published. */
interface MessageSettings {
  topic: string;
  options: IClientPublishOptions;
}

function requirePayload(flags: PubFlags): void {
  const given = [
    flags.message !== undefined,
    flags.file !== undefined && !flags["stdin-line"],
    flags["stdin-file"],
    flags["stdin-line"],
    flags["null-message"],
  ].filter(Boolean);
  if (given.length === 1) return;
  throw new UsageError(
    "Cannot publish: you must provide exactly one of -m TEXT, -f FILE, -s, " +
      "-l or -n",
  );
}

function messageOf(
  flags: PubFlags,
  { topic: urlTopic, config, properties }: ClientSettings,
): MessageSettings {
  const topic = flags.topic ?? urlTopic;
  if (topic === undefined) {
    throw new UsageError("Cannot publish: a topic is missing, add -t TOPIC");
  }
  const problem = topicNameProblem(topic);
  if (problem !== undefined) {
    throw new UsageError(`Cannot publish to "${topic}": ${problem}`);
  }
  const own = config.topics?.[topic];
  return {
    topic,
    options: {
      qos: flags.qos === undefined
        ? own?.qos ?? config.defaultQos ?? 0
        : readQos("--qos", flags.qos),
      retain: flags.retain || (own?.retain ?? config.defaultRetain ?? false),
      ...(properties.publish && { properties: properties.publish }),
    },
  };
}

async function publish(
  flags: PubFlags,
  settings: ClientSettings,
  message: MessageSettings,
  context: CommandContext,
): Promise<number> {
  const hasLines = flags["stdin-line"];
  const log = flags.quiet ? SILENCE : context.stderr;
  const client = new BrokerClient(
    hasLines ? settings : { ...settings, retries: 0 },
    log,
  );
  await client.connect();
  using stop = context.stopRequest();
  try {
    checkLimits(client, message);
    if (hasLines) {
      return await publishLines(flags.file, client, message, {
        stdin: context.stdin,
        log,
        stop,
      });
    }
    stop.received.then(() =>
      client.fail(new Error("Cannot publish the message: interrupted"))
    );
    const payload = await client.during(
      singlePayload(flags, client, message, context),
    );
    const label = `Publishing ${payload.length} bytes`;
    await withProgress(log, label, async () => {
      try {
        await client.publish(message.topic, payload, message.options);
        await client.flush();
      } catch (error) {
        throw withSizeHint(error, payload.length);
      }
    });
    return EXIT_OK;
  } finally {
    await client.end();
  }
}

/** Before MQTT 5 a broker can only close the connection. */
function withSizeHint(error: unknown, size: number): unknown {
  const isLarge = size > 65536 && !(error instanceof RefusedError);
  if (!isLarge || !(error instanceof Error)) return error;
  return new Error(
    `${error.message}; a message of ${size} bytes may be larger than it allows`,
    { cause: error },
  );
}

/** What the broker does not allow it need not be asked. */
function checkLimits(
  { limits }: BrokerClient,
  { topic, options }: MessageSettings,
): void {
  const { maximumQoS = 2, retainAvailable = true } = limits;
  if (options.qos! > maximumQoS) {
    throw new Error(
      `Cannot publish to "${topic}" with QoS ${options.qos}: the broker allows ${maximumQoS} at most`,
    );
  }
  if (options.retain && !retainAvailable) {
    throw new Error(
      `Cannot publish to "${topic}": the broker has no retained messages, leave -r out`,
    );
  }
}

/** How large a payload may be so that its packet is not too large. */
function payloadLimit(
  { limits }: BrokerClient,
  { topic, options }: MessageSettings,
): number {
  const { maximumPacketSize = Infinity } = limits;
  // Header, length, length of the topic, packet identifier.
  const around = 1 + 4 + 2 + Buffer.byteLength(topic) + (options.qos ? 2 : 0);
  return Math.min(MAX_PAYLOAD, maximumPacketSize) - around;
}

async function singlePayload(
  flags: PubFlags,
  client: BrokerClient,
  message: MessageSettings,
  { stdin }: CommandContext,
): Promise<Buffer> {
  const limit = payloadLimit(client, message);
  if (flags["null-message"]) return Buffer.alloc(0);
  if (flags.file !== undefined) return await filePayload(flags.file, limit);
  if (flags["stdin-file"]) {
    return await wholePayload(stdin, limit, "standard input");
  }
  return Buffer.from(flags.message!);
}

/** How many messages may be unacknowledged. */
const WINDOW = 100;

async function publishLines(
  path: string | undefined,
  client: BrokerClient,
  message: MessageSettings,
  { stdin, log, stop }: {
    stdin: CommandContext["stdin"];
    log: CommandOutput;
    stop: StopRequest;
  },
): Promise<number> {
  using file = path === undefined ? undefined : await openFile(path);
  const name = path === undefined ? "standard input" : `"${path}"`;
  const limit = payloadLimit(client, message);
  const lines = linePayloads(file ?? stdin, limit, name);
  const reading = new Cancellation();
  stop.received.then(() => reading.cancel(undefined));
  const publishing = new Publishing(client, message, log);
  const run = async (report: (detail: string) => void) => {
    for (;;) {
      const line = await client.during(nextLine(lines, reading));
      if (line === undefined) break;
      await publishing.add(line);
      report(`message ${publishing.count}`);
    }
    await publishing.end();
    await client.flush();
  };
  // Who types lines sees enough.
  const isTyped = file === undefined && stdin.isTerminal();
  if (isTyped) await run(() => {});
  else await withProgress(log, "Publishing", run);
  return publishing.refused === 0 ? EXIT_OK : EXIT_FAILED;
}

/** The next line; nothing at the end, or when nobody wants more. */
async function nextLine(
  lines: AsyncGenerator<Buffer>,
  reading: Cancellation,
): Promise<Buffer | undefined> {
  try {
    const next = await reading.during(lines.next());
    return next.done ? undefined : next.value;
  } catch (error) {
    if (reading.isCancelled) return undefined;
    throw error;
  }
}

/** Messages on their way, no more than the broker can take at a time. */
class Publishing {
  count = 0;
  refused = 0;
  readonly #client: BrokerClient;
  readonly #message: MessageSettings;
  readonly #log: CommandOutput;
  readonly #underway = new Set<Promise<void>>();

  constructor(
    client: BrokerClient,
    message: MessageSettings,
    log: CommandOutput,
  ) {
    this.#client = client;
    this.#message = message;
    this.#log = log;
  }

  /** Publishes as soon as there is room. */
  async add(payload: Buffer): Promise<void> {
    const { topic, options } = this.#message;
    const { receiveMaximum = WINDOW } = this.#client.limits;
    const window = options.qos ? Math.min(WINDOW, receiveMaximum) : 1;
    // The broker acknowledges them in this order.
    while (this.#underway.size >= window) {
      const [oldest] = this.#underway;
      await oldest;
    }
    this.count++;
    const sent = this.#client.publish(topic, payload, options).catch(
      (error) => {
        // Others may pass; a lost connection is the end.
        if (!(error instanceof RefusedError)) throw error;
        this.refused++;
        print(this.#log, `error: ${error.message}`);
      },
    ).finally(() => this.#underway.delete(sent));
    sent.catch(() => {});
    this.#underway.add(sent);
  }

  /** Waits for all of them. */
  async end(): Promise<void> {
    await Promise.all(this.#underway);
  }
}
