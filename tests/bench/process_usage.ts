/**
 * What another process has used.
 *
 * @module
 */

/** What a process has used so far. */
export interface Usage {
  /** CPU time of all its threads, in seconds. */
  readonly cpu: number;
  /** Memory that is resident, in bytes. */
  readonly memory: number;
}

// What Linux counts CPU time in, whatever its own clock does.
const TICKS_PER_SECOND = 100;

/**
 * Looks at a process: in `/proc` on Linux, with `ps` on other systems that have it.
 *
 * @param pid The process.
 * @returns What it has used, or `undefined` where that cannot be told.
 */
export function usageOf(pid: number): Usage | undefined {
  try {
    return Deno.build.os === "linux" ? fromProc(pid) : fromPs(pid);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function fromProc(pid: number): Usage {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The second field is the name and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    memory: Number(kilobytes ?? 0) * 1024,
  };
}

function fromPs(pid: number): Usage | undefined {
  const { success, stdout } = new Deno.Command("ps", {
    args: ["-o", "time=,rss=", "-p", String(pid)],
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  // [[days-]hours:]minutes:seconds
  const match = /^\s*(?:(\d+)-)?(?:(\d+):)?(\d+):([\d.]+)\s+(\d+)/.exec(text);
  if (!success || match === null) return undefined;
  const [days, hours, minutes, seconds, kilobytes] = match.slice(1)
    .map((part) => Number(part ?? 0));
  return {
    cpu: ((days * 24 + hours) * 60 + minutes) * 60 + seconds,
    memory: kilobytes * 1024,
  };
}
