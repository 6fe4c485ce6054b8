/**
 * Metrics as text: in the form of OpenMetrics 1.0, and in the older one of
 * Prometheus, 0.0.4.
 *
 * @module
 */

/** One value of a metric. */
export interface Sample {
  /** What its name has beyond the metric's, such as `_total`. */
  readonly suffix: string;
  /** Labels in their order. */
  readonly labels: ReadonlyArray<readonly [name: string, value: string]>;
  /** The value. */
  readonly value: number;
}

/** A metric as it is now. */
export interface Metric {
  /** Its name, without `_total` or `_info`. */
  readonly name: string;
  /** What it means. */
  readonly help: string;
  /** What kind it is. */
  readonly type: "counter" | "gauge" | "histogram" | "info";
  /** Its values. */
  readonly samples: Iterable<Sample>;
}

/** The two forms. */
export type ExpositionFormat = "openmetrics" | "prometheus";

/** The media type of each form. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/**
 * The form that a client asks for.
 *
 * @param accept Header `Accept` of its request.
 * @returns The form: that of OpenMetrics if it is named.
 */
export function formatFor(accept: string | null): ExpositionFormat {
  return accept?.includes("application/openmetrics-text")
    ? "openmetrics"
    : "prometheus";
}

/**
 * Writes metrics.
 *
 * @param metrics The metrics; no two have the same name.
 * @param format The form.
 * @returns The text.
 */
export function exposition(
  metrics: Iterable<Metric>,
  format: ExpositionFormat,
): string {
  const open = format === "openmetrics";
  let text = "";
  for (const { name, help, type, samples } of metrics) {
    const family = open ? name : name + familySuffix(type);
    const kind = type === "info" && !open ? "gauge" : type;
    text += `# TYPE ${family} ${kind}\n`;
    text += `# HELP ${family} ${open ? quoted(help) : escaped(help)}\n`;
    for (const { suffix, labels, value } of samples) {
      text += `${name}${suffix}${labelText(labels, open)} ${number(value)}\n`;
    }
  }
  return open ? `${text}# EOF\n` : text;
}

/** In the older form the metric's name is that of its samples. */
function familySuffix(type: Metric["type"]): string {
  return type === "counter" ? "_total" : type === "info" ? "_info" : "";
}

function labelText(labels: Sample["labels"], open: boolean): string {
  if (labels.length === 0) return "";
  const pairs = labels.map(([name, value]) =>
    `${name}="${quoted(name === "le" ? bound(value, open) : value)}"`
  );
  return `{${pairs.join(",")}}`;
}

/** The bound of a bucket, which OpenMetrics writes with a point. */
function bound(value: string, open: boolean): string {
  return open && /^-?\d+$/.test(value) ? `${value}.0` : value;
}

/** A number as both forms have it. */
export function number(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function escaped(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}

function quoted(text: string): string {
  return escaped(text).replace(/"/g, '\\"');
}
