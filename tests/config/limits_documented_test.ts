/** Every limit stands in the table of README.md, with the default that it has. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  BROKER_LIMITS,
  LISTENER_LIMITS,
} from "../../broker/config/limit_schema.ts";
import { resolveConfig } from "../../broker/config/mod.ts";
import { inConfiguration } from "../../broker/limits/limit_reports.ts";

const readme = await Deno.readTextFile(
  new URL("../../README.md", import.meta.url),
);
const section = readme.slice(
  readme.indexOf("## Limits"),
  readme.indexOf("## Change it while it runs"),
);
const rows = new Map(
  [...section.matchAll(/^\| `([\w-]+)`(\\\*)? +\| ([^|]+?) +\|/gm)].map(
    ([, key, star, value]) => [key, { star: star !== undefined, value }],
  ),
);

function spelled(value: number): string {
  if (value === Infinity) return "for ever";
  if (value % 1024 ** 3 === 0 && value > 0) return `${value / 1024 ** 3} GiB`;
  if (value % 1024 ** 2 === 0 && value > 0) return `${value / 1024 ** 2} MiB`;
  if (value === 128 * 1024) return "128 KiB";
  return `${value}`;
}

Deno.test("README.md has every limit, with its default, and says which a listener may have", () => {
  const config = resolveConfig({}) as unknown as Record<string, number>;
  const keys = [...Object.keys(LISTENER_LIMITS), ...Object.keys(BROKER_LIMITS)];
  for (const key of keys) {
    assertEquals(rows.get(inConfiguration(key)), {
      star: key in LISTENER_LIMITS,
      value: spelled(config[key]),
    }, key);
  }
  assertEquals(rows.size, keys.length);
  assertStringIncludes(
    section,
    "Keys with a star may also stand at a listener",
  );
});
