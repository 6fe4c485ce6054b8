/**
 * Real servers for tests: finds their programs, runs them in temporary folders, and
 * stops them.
 *
 * @module
 */

/** A program of the machine that a test needs. */
export interface Program {
  /** Its name. */
  readonly name: string;
  /** Where it may be beside `PATH`; `*` stands for one folder. */
  readonly places: readonly string[];
  /** The package of Debian that has it. */
  readonly package: string;
}

/** Finds a program. */
export function findProgram(program: Program): string {
  const path = Deno.env.get("PATH") ?? "";
  const places = [...program.places.flatMap(expand), ...path.split(":")];
  const folder = places.find((place) => isFile(`${place}/${program.name}`));
  if (folder !== undefined) return `${folder}/${program.name}`;
  throw new Error(
    `This test needs the program "${program.name}". Install the package "${program.package}" (Debian: apt-get install ${program.package})`,
  );
}

function expand(place: string): string[] {
  const star = place.indexOf("*");
  if (star === -1) return [place];
  const parent = place.slice(0, star);
  try {
    const names = [...Deno.readDirSync(parent)].map(({ name }) => name);
    return names.sort().reverse().map((name) =>
      parent + name + place.slice(star + 1)
    );
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** User and group of a process; empty: those of the test. */
export interface ProcessUser {
  uid?: number;
  gid?: number;
}

/** Servers that refuse to run as root run as a user of their own. */
export function unprivileged(name: string): ProcessUser {
  if (Deno.uid() !== 0) return {};
  const line = Deno.readTextFileSync("/etc/passwd").split("\n")
    .find((line) => line.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined ? {} : { uid: Number(uid), gid: Number(gid) };
}

/** Runs a program to its end. */
export async function runProgram(
  path: string,
  args: string[],
  user: ProcessUser = {},
  input = "",
): Promise<string> {
  const child = new Deno.Command(path, {
    args,
    ...user,
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout);
  if (success) return text;
  throw new Error(
    `Cannot run ${path}: ${text}${new TextDecoder().decode(stderr)}`,
  );
}

/** A server that runs. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<string>;
  #ended = false;

  private constructor(child: Deno.ChildProcess, log: string[]) {
    this.#child = child;
    this.#output = Promise.all([
      collect(child.stdout, log),
      collect(child.stderr, log),
    ]).then(() => log.join(""));
    child.status.then(() => this.#ended = true);
  }

  /** Starts a server and waits until `isReady` answers `true`. */
  static async start(
    path: string,
    args: string[],
    user: ProcessUser,
    isReady: () => Promise<boolean>,
  ): Promise<ServerProcess> {
    const child = new Deno.Command(path, {
      args,
      ...user,
      cwd: "/",
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log: string[] = [];
    const server = new ServerProcess(child, log);
    const end = Date.now() + 60_000;
    while (!await isReady()) {
      if (server.#ended || Date.now() > end) {
        await server.stop("SIGKILL");
        throw new Error(`${path} does not start: ${log.join("")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return server;
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** Ends the server and waits for its end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    this.signal(signal);
    await this.#child.status;
    await this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  log: string[],
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) log.push(decoder.decode(chunk));
}

/** Whether something listens on a port of 127.0.0.1. */
export async function isListening(port: number): Promise<boolean> {
  try {
    using _conn = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

/** Makes a temporary folder that `user` owns. */
export async function temporaryFolder(user: ProcessUser = {}): Promise<string> {
  const folder = await Deno.makeTempDir();
  if (user.uid !== undefined) await Deno.chown(folder, user.uid, user.gid!);
  return folder;
}
