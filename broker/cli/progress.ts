/**
 * Says on a terminal what takes long.
 *
 * @module
 */

import { type CommandOutput, writeAll } from "./context.ts";

/** What is done sooner is not worth a line. */
const DELAY = 300;
const INTERVAL = 100;
const FRAMES = ["|", "/", "-", "\\"];

/**
 * Runs something and shows on a terminal that it goes on. When it ends, the line is
 * gone. An output that is no terminal gets nothing.
 *
 * @param output Where it is shown, standard error.
 * @param label What is done: `Making a key of 4096 bits`.
 * @param run Does it; may say how far it is.
 * @returns What `run` returns.
 */
export async function withProgress<T>(
  output: CommandOutput,
  label: string,
  run: (report: (detail: string) => void) => Promise<T>,
): Promise<T> {
  if (!output.isTerminal()) return await run(() => {});
  const encoder = new TextEncoder();
  let detail = "";
  let frame = 0;
  let isShown = false;
  const timer = setInterval(() => {
    if (++frame * INTERVAL < DELAY) return;
    isShown = true;
    const line = `${FRAMES[frame % FRAMES.length]} ${label} ${detail}`;
    writeAll(output, encoder.encode(`\r${line.trimEnd()}\x1b[K`));
  }, INTERVAL);
  try {
    return await run((text) => detail = text);
  } finally {
    clearInterval(timer);
    if (isShown) writeAll(output, encoder.encode("\r\x1b[K"));
  }
}
