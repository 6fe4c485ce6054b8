import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { dateField, formatDate } from "../../../broker/cli/mqtt/date_format.ts";
import {
  compileFormat,
  plainFormat,
} from "../../../broker/cli/mqtt/output_format.ts";
import type { ReceivedMessage } from "../../../broker/cli/mqtt/received.ts";
import { UsageError } from "../../../broker/cli/usage_error.ts";

const MESSAGE: ReceivedMessage = {
  topic: "a/bö",
  payload: Buffer.from("hé\n"),
  qos: 1,
  retain: true,
  messageId: 7,
  properties: {},
  time: Temporal.Instant.from("2026-03-04T05:06:07.089010011Z")
    .toZonedDateTimeISO("+05:30"),
};

const NEWER: ReceivedMessage = {
  ...MESSAGE,
  properties: {
    topicAlias: 3,
    contentType: "text/plain",
    correlationData: Buffer.from("xyz"),
    messageExpiryInterval: 60,
    payloadFormatIndicator: true,
    responseTopic: "answers",
    subscriptionIdentifier: 42,
    userProperties: { k: ["1", "2"], l: "3" },
  },
};

function show(format: string, message = MESSAGE, pretty = false): string {
  return new TextDecoder().decode(compileFormat(format, { pretty })(message));
}

const FORMATS: [format: string, output: string][] = [
  ["", ""],
  ["plain", "plain"],
  ["%t|%p|%q|%r|%l|%m", "a/bö|hé\n|1|1|4|7"],
  ["%x %X %%", "68c3a90a 68C3A90A %"],
  ["[%8t][%-8t][%.2t][%6.2t]", "[    a/bö][a/bö    ][a/][    a/]"],
  [
    "[%05l][%5l][%-5l][%-05l][%010x]",
    "[00004][    4][4    ][4    ][0068c3a90a]",
  ],
  ["[%0.3l][%08t]", "[4][    a/bö]"],
  ["%I %U", "2026-03-04T10:36:07+0530 1772600767.089010011"],
  ["@Y-@m-@d @H:@M:@S.@N @z @@", "2026-03-04 10:36:07.089010011 +0530 @"],
  ["a\\tb\\nc\\\\d\\0e\\r\\a\\e\\v", "a\tb\nc\\d\0e\r\x07\x1b\v"],
  ["[%A%C%D%E%F%P%R%S]", "[]"],
  ["[%03S][%4C]", "[000][    ]"],
];

for (const [format, output] of FORMATS) {
  Deno.test(`compileFormat() writes ${format}`, () => {
    assertEquals(show(format), output);
  });
}

Deno.test("compileFormat() writes the properties of MQTT 5", () => {
  assertEquals(
    show("%A|%C|%D|%E|%F|%P|%R|%S", NEWER),
    "3|text/plain|xyz|60|1|k:1 k:2 l:3|answers|42",
  );
  assertEquals(
    show("[%.4C][%9R][%08E][%-3F]", NEWER),
    "[text][  answers][00000060][1  ]",
  );
});

Deno.test("compileFormat() writes a payload that is no text as it is", () => {
  const payload = new Uint8Array([0xff, 0, 0x0a]);
  const bytes = compileFormat("<%p>", { pretty: false })({
    ...MESSAGE,
    payload,
  });
  assertEquals([...bytes], [0x3c, 0xff, 0, 0x0a, 0x3e]);
  assertEquals(plainFormat(false)({ ...MESSAGE, payload }), payload);
});

Deno.test("plainFormat() writes payload, or topic and payload", () => {
  const text = (verbose: boolean, payload: string) =>
    new TextDecoder().decode(
      plainFormat(verbose)({ ...MESSAGE, payload: Buffer.from(payload) }),
    );
  assertEquals(text(false, "x"), "x");
  assertEquals(text(true, "x"), "a/bö x");
  assertEquals(text(true, ""), "a/bö (null)");
});

Deno.test("compileFormat() writes JSON", () => {
  assertEquals(
    show("%j"),
    '{"tst":"2026-03-04T10:36:07.089010+0530","topic":"a/bö","qos":1,"retain":1,"payloadlen":4,"mid":7,"payload":"hé\\n"}',
  );
  const old = { ...MESSAGE, qos: 0, payload: Buffer.from("") } as const;
  assertEquals(
    show("%j", old),
    '{"tst":"2026-03-04T10:36:07.089010+0530","topic":"a/bö","qos":0,"retain":1,"payloadlen":0,"payload":null}',
  );
  assertEquals(JSON.parse(show("%j", NEWER)).properties, {
    "topic-alias": 3,
    "content-type": "text/plain",
    "correlation-data": "xyz",
    "message-expiry-interval": 60,
    "payload-format-indicator": 1,
    "response-topic": "answers",
    "subscription-identifier": 42,
    "user-properties": { k: ["1", "2"], l: "3" },
  });
});

Deno.test("compileFormat() embeds a payload that is JSON, digit by digit", () => {
  const payload = Buffer.from(
    '{\n "a": 1.50, "b c": "d  e\\"  ", "n": 12345678901234567890 }',
  );
  const line = show("%J", { ...MESSAGE, payload });
  assertStringIncludes(
    line,
    ',"payload":{"a":1.50,"b c":"d  e\\"  ","n":12345678901234567890}}',
  );
  const pretty = show("%J", { ...MESSAGE, payload: Buffer.from("[1]") }, true);
  assertStringIncludes(pretty, '\n  "qos": 1,\n');
  assertStringIncludes(pretty, '\n  "payload": [\n    1\n  ]\n}');
  assertThrows(() => show("%J"), SyntaxError);
});

for (
  const format of ["%", "%q%", "%5", "%-", "%y", "%5k", "@", "@q", "\\", "\\q"]
) {
  Deno.test(`compileFormat() refuses ${format}`, () => {
    const error = assertThrows(() => show(format), UsageError);
    assertStringIncludes(error.message, `Cannot use the format "${format}"`);
  });
}

const LETTERS = "aAbBcCdDeFgGhHIjklmMnNpPrRsStTuUVwWxXyYz";

Deno.test({
  name: "dateField() writes what date(1) writes",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    for (
      const time of [
        "2026-11-24T20:28:42.663487105Z",
        "2027-01-01T00:00:00Z",
        "2027-01-03T12:00:00Z",
        "2024-12-30T23:59:59Z",
        "2024-02-29T01:02:03Z",
        "1999-12-31T13:00:00.5Z",
      ]
    ) {
      const format = [...LETTERS].map((letter) => `%${letter}`).join("|");
      const { stdout } = await new Deno.Command("date", {
        args: ["-d", time, `+${format}`],
        env: { LC_ALL: "C", TZ: "IST-5:30" },
      }).output();
      const zoned = Temporal.Instant.from(time).toZonedDateTimeISO("+05:30");
      assertEquals(
        formatDate([...LETTERS].join("|"), zoned),
        new TextDecoder().decode(stdout).replace(/\n$/, ""),
        time,
      );
    }
    const utc = Temporal.Instant.from("2026-11-24T20:28:42Z")
      .toZonedDateTimeISO("UTC");
    assertEquals(dateField("Z")!(utc), "UTC");
    assertEquals(dateField("constructor"), undefined);
  },
});
