/**
 * The command `sub`: subscribes and prints what comes.
 *
 * @module
 */

import { parseFilter } from "../../topics/filter.ts";
import {
  type Command,
  defineCommand,
  type FlagValues,
  SILENCE,
  UsageError,
  wholeNumber,
} from "../mod.ts";
import { CONNECTION_FLAGS } from "./connection_flags.ts";
import {
  compileFormat,
  type MessageFormat,
  plainFormat,
} from "./output_format.ts";
import { quietly } from "./quietly.ts";
import { type ClientSettings, readQos, readSettings } from "./settings.ts";
import { subscribe, type SubscriptionSettings } from "./subscription.ts";

const FLAGS = {
  topic: {
    short: "t",
    value: "FILTER",
    many: true,
    help: "What to subscribe to. Repeatable",
  },
  "filter-out": {
    short: "T",
    value: "FILTER",
    many: true,
    help: "Do not print messages of these topics. Repeatable",
  },
  unsubscribe: {
    short: "U",
    value: "FILTER",
    many: true,
    help: "End a subscription of a session that was kept. Repeatable",
  },
  qos: { short: "q", value: "QOS", help: "0, 1 or 2. Default: 0" },
  count: {
    short: "Cn",
    value: "COUNT",
    help: "End after so many messages",
  },
  timeout: {
    short: "W",
    value: "SECONDS",
    help: "End after this time, with exit code 1",
  },
  "exit-after-subscribe": {
    short: "E",
    help: "End when the broker has acknowledged the subscriptions",
  },
  "no-retained": { short: "R", help: "Do not print retained messages" },
  "retained-only": {
    help: "Print retained messages only, and end at the first that is none",
  },
  "remove-retained": {
    help: "Clear the retained messages that come, but those of -T",
  },
  "retain-as-published": {
    help: "Show the retain flag as it was published (MQTT 5)",
  },
  verbose: {
    heading: "Output",
    short: "v",
    help: "Print the topic before the payload",
  },
  format: {
    short: "F",
    value: "FORMAT",
    help: "Print in this form, see below",
  },
  pretty: { help: "Print the JSON of %j and %J on several lines" },
  "no-newline": { short: "N", help: "Print no end of line after a message" },
  ...CONNECTION_FLAGS,
} as const;

const NOTES = `
The exit code is 0 at the end and after Ctrl-C; 1 if a subscription was refused,
the connection could not be made, or the time of -W is over. A lost connection is
made again.

Sequences of a format:
  %t topic    %p payload   %q QoS          %r retain flag, 0 or 1
  %l length   %m packet id %x %X payload as hexadecimal digits
  %j JSON     %J JSON with the payload as JSON in it
  %I date and time         %U seconds since 1970   @Y @m @d … as in strftime(3)
  %A topic alias           %C content type         %D correlation data
  %E message expiry        %F payload format       %P user properties
  %R response topic        %S subscription identifier
  %% %   @@ @   \\\\ \\   \\n \\r \\t \\0 \\a \\e \\v
A width may follow the %, as in %10t, %-10t, %05l and %.8t.

Examples:
  sub -t 'greetings/#' -v
  sub -t state -C 1 -W 5 --retained-only
  sub -t '#' -F '%I %t %p' -u alice            with DINOMQ_PASSWORD set
  sub -t jobs -q 1 -c -i worker-1 -V 5 -x 3600`;

type SubFlags = FlagValues<typeof FLAGS>;

const sub: Command = defineCommand({
  summary: "Subscribes to topics of an MQTT broker and prints the messages.",
  usage: ["[OPTIONS] -t FILTER..."],
  flags: FLAGS,
  notes: NOTES,
  run: async ({ flags, operands }, context) => {
    if (operands.length > 0) {
      throw new UsageError(
        `Cannot use "${operands[0]}": a topic filter is given with -t`,
      );
    }
    const settings = await readSettings(
      flags,
      "sub",
      ["subscribe", "unsubscribe"],
      context,
    );
    const subscription = subscriptionOf(flags, settings);
    return await quietly(
      flags.quiet,
      () =>
        subscribe(
          settings,
          subscription,
          context,
          flags.quiet ? SILENCE : context.stderr,
        ),
    );
  },
});

export default sub;

function subscriptionOf(
  flags: SubFlags,
  { topic, config, options, properties }: ClientSettings,
): SubscriptionSettings {
  const filters = [
    ...(topic === undefined ? [] : [topic]),
    ...flags.topic,
  ];
  if (filters.length === 0 && flags.unsubscribe.length === 0) {
    throw new UsageError(
      "Cannot subscribe: a topic filter is missing, add -t FILTER",
    );
  }
  for (
    const filter of [...filters, ...flags["filter-out"], ...flags.unsubscribe]
  ) {
    const parsed = parseFilter(filter);
    if (typeof parsed !== "string") continue;
    throw new UsageError(`Cannot use the filter "${filter}": ${parsed}`);
  }
  if (flags["no-retained"] && flags["retained-only"]) {
    throw new UsageError(
      "Cannot use -R and --retained-only together: choose one",
    );
  }
  if (flags["retain-as-published"] && options.protocolVersion !== 5) {
    throw new UsageError(
      "Cannot use --retain-as-published without MQTT 5: add -V mqttv5",
    );
  }
  const qos = flags.qos === undefined ? undefined : readQos("--qos", flags.qos);
  return {
    subscriptions: filters.map((filter) => ({
      filter,
      qos: qos ?? config.topics?.[filter]?.qos ?? config.defaultQos ?? 0,
    })),
    retainAsPublished: flags["retain-as-published"],
    unsubscriptions: flags.unsubscribe,
    properties,
    without: flags["filter-out"],
    count: numberOf("--count", flags.count),
    timeout: numberOf("--timeout", flags.timeout),
    endAfterSubscribe: flags["exit-after-subscribe"],
    fresh: flags["no-retained"],
    retained: flags["retained-only"],
    removeRetained: flags["remove-retained"],
    format: formatOf(flags),
    newline: !flags["no-newline"],
  };
}

function numberOf(flag: string, text: string | undefined): number {
  return text === undefined ? Infinity : wholeNumber(flag, text, 1, 2_147_483);
}

function formatOf({ format, pretty, verbose }: SubFlags): MessageFormat {
  if (format !== undefined) return compileFormat(format, { pretty });
  if (pretty) {
    throw new UsageError(
      "Cannot use --pretty without JSON: add -F %j or -F %J",
    );
  }
  return plainFormat(verbose);
}
