/**
 * A strict reader of metrics: it refuses whatever the specification of OpenMetrics 1.0
 * or of Prometheus' text format 0.0.4 does not allow, as far as the broker's kinds of
 * metrics go.
 */

/** A metric that was read. */
export interface ReadMetric {
  type: string;
  help: string;
  /** Values by the text of name and labels, as written. */
  samples: Map<string, number>;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/y;
const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]Inf|NaN)$/;
const SUFFIXES: Record<string, readonly string[]> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  info: ["_info"],
};

/** Reads an exposition. */
export function readExposition(
  text: string,
  open: boolean,
): Map<string, ReadMetric> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const lines = text.slice(0, -1).split("\n");
  if (open && lines.pop() !== "# EOF") throw new Error("no # EOF at the end");
  const metrics = new Map<string, ReadMetric>();
  let name = "";
  let current: ReadMetric | undefined;
  const seen = new Set<string>();
  for (const line of lines) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${JSON.stringify(line)}`);
    };
    const meta = /^# (TYPE|HELP) (\S+) (.*)$/.exec(line);
    if (meta !== null) {
      const [, kind, family, rest] = meta;
      if (!NAME.test(family)) fail("bad name");
      if (kind === "TYPE") {
        if (metrics.has(family)) fail("a metric comes twice");
        if (!(rest in SUFFIXES) || (!open && rest === "info")) fail("bad type");
        name = family;
        current = { type: rest, help: "", samples: new Map() };
        metrics.set(family, current);
      } else {
        if (family !== name || current === undefined) fail("stray help");
        if (current!.samples.size > 0) fail("help after samples");
        current!.help = unescape(rest, open, fail);
      }
      continue;
    }
    if (line.startsWith("#") || line === "") fail("neither metric nor sample");
    if (current === undefined) fail("a sample of no metric");
    const { key, sample, labels, value } = readSample(line, fail);
    if (seen.has(key)) fail("a series comes twice");
    seen.add(key);
    const { type, samples } = current!;
    const suffixes = open || type !== "counter" ? SUFFIXES[type] : [""];
    if (
      !suffixes.includes(sample.slice(name.length)) || !sample.startsWith(name)
    ) {
      fail(`no sample of ${name}`);
    }
    const isBucket = type === "histogram" && sample.endsWith("_bucket");
    if (labels.has("le") !== isBucket) fail("le where it does not belong");
    if (
      open && isBucket &&
      !/^([+]Inf|-?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(labels.get("le")!)
    ) {
      fail("bad bound");
    }
    if (open && isBucket && /^-?\d+$/.test(labels.get("le")!)) {
      fail("bad bound");
    }
    if (type !== "gauge" && !(value >= 0) && !sample.endsWith("_sum")) {
      fail("less than nothing");
    }
    samples.set(key, value);
  }
  for (const [family, metric] of metrics) checkHistogram(family, metric);
  return metrics;
}

function readSample(line: string, fail: (why: string) => never) {
  const [, sample, rest] = /^([^{ ]+)(.*)$/.exec(line) ?? fail("no name");
  if (!NAME.test(sample)) fail("bad name");
  const labels = new Map<string, string>();
  let at = 0;
  if (rest.startsWith("{")) {
    at = 1;
    while (rest[at] !== "}") {
      LABEL.lastIndex = at;
      const match = LABEL.exec(rest) ?? fail("bad labels");
      if (labels.has(match[1])) fail("a label comes twice");
      labels.set(match[1], unescape(match[2], true, fail));
      at = LABEL.lastIndex;
      if (rest[at] === ",") at++;
      else if (rest[at] !== "}") fail("bad labels");
    }
    at++;
  }
  if (rest[at] !== " ") fail("no value");
  const number = rest.slice(at + 1);
  if (!NUMBER.test(number)) fail("bad value");
  const value = Number(number.replace("Inf", "Infinity"));
  const key = `${sample}${
    labels.size === 0 ? "" : JSON.stringify(Object.fromEntries(labels))
  }`;
  return { key, sample, labels, value };
}

function unescape(
  text: string,
  quotes: boolean,
  fail: (why: string) => never,
): string {
  return text.replace(/\\(.?)/g, (_all, sign: string) => {
    if (sign === "n") return "\n";
    if (sign === "\\" || (quotes && sign === '"')) return sign;
    return fail("bad escape");
  });
}

/** Buckets grow, and the last one has everything. */
function checkHistogram(family: string, { type, samples }: ReadMetric): void {
  if (type !== "histogram") return;
  const series = new Map<string, [bound: number, count: number][]>();
  for (const [key, value] of samples) {
    if (!key.startsWith(`${family}_bucket`)) continue;
    const labels = JSON.parse(key.slice(`${family}_bucket`.length));
    const { le, ...rest } = labels;
    const name = Object.keys(rest).length === 0 ? "" : JSON.stringify(rest);
    const list = series.get(name) ?? [];
    list.push([Number(le.replace("Inf", "Infinity")), value]);
    series.set(name, list);
  }
  for (const [name, buckets] of series) {
    for (let i = 1; i < buckets.length; i++) {
      const [[bound, count], [next, more]] = [buckets[i - 1], buckets[i]];
      if (!(next > bound && more >= count)) {
        throw new Error(`the buckets of ${family}${name} do not ascend`);
      }
    }
    const [bound, count] = buckets.at(-1)!;
    if (bound !== Infinity || samples.get(`${family}_count${name}`) !== count) {
      throw new Error(`the last bucket of ${family}${name} is not everything`);
    }
    if (!samples.has(`${family}_sum${name}`)) {
      throw new Error(`${family}${name} has no sum`);
    }
  }
}
