/**
 * Files that commands write: whole or not at all, and never over another one
 * by mistake.
 *
 * @module
 */

const isUnix = Deno.build.os !== "windows";

/** Options of {@linkcode createFile}. */
export interface CreateFileOptions {
  /** Rights of the file. Default: `0o644`. */
  mode?: number;
  /** Whether it may replace one that exists. Default: `false`. */
  force?: boolean;
  /** What to do if it exists, for the message. Default: to remove or rename it. */
  remedy?: string;
}

/**
 * Writes a new file.
 *
 * @param path The file.
 * @param text Its content.
 * @param options Rights, and whether another file may be replaced.
 * @throws {Error} If it exists, or cannot be written.
 */
export async function createFile(
  path: string,
  text: string,
  options: CreateFileOptions = {},
): Promise<void> {
  const { mode = 0o644, force = false } = options;
  if (force) return await replaceFile(path, text, { mode });
  const {
    remedy = "remove or rename it, or choose another name",
  } = options;
  try {
    await writeNew(path, text, mode);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) {
      throw cannotWrite(path, cause);
    }
    throw new Error(`Cannot write "${path}": it exists already; ${remedy}`, {
      cause,
    });
  }
}

/** Options of {@linkcode replaceFile}. */
export interface ReplaceFileOptions {
  /** Rights of the file. */
  mode: number;
  /** Who is to own it. Default: who runs the command. */
  owner?: { uid: number | null; gid: number | null };
}

/**
 * Writes a file in one step: whoever reads it has the old content or the new one.
 *
 * @param path The file.
 * @param text Its content.
 * @param options Rights and owner.
 * @throws {Error} If it cannot be written; nothing has changed then.
 */
export async function replaceFile(
  path: string,
  text: string,
  { mode, owner }: ReplaceFileOptions,
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await writeNew(temporary, text, mode);
    if (isUnix && owner) await Deno.chown(temporary, owner.uid, owner.gid);
    await Deno.rename(temporary, path);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw cannotWrite(path, cause);
  }
}

/**
 * Changes a file. Who changes it at the same time waits.
 *
 * @param path The file.
 * @param change Makes the new content of the old one.
 * @param rights What rights the file has afterwards, of those that it had.
 * @throws {Error} If it cannot be read or written; nothing has changed then.
 */
export async function changeFile(
  path: string,
  change: (text: string) => string | Promise<string>,
  rights: (mode: number) => number = (mode) => mode,
): Promise<void> {
  // A link stays a link.
  const target = await Deno.realPath(path);
  using _lock = await lock(target);
  const text = decode(await Deno.readFile(target), path);
  const changed = await change(text);
  if (changed === text) return;
  const { mode, uid, gid } = await Deno.stat(target);
  await replaceFile(target, changed, {
    mode: rights((mode ?? 0o600) & 0o777),
    owner: { uid, gid },
  });
}

/** What is no text would come back changed. */
function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch (cause) {
    throw new Error(`Cannot change "${path}": it is not UTF-8`, { cause });
  }
}

/** Waits until nobody else has the lock of a file that can be replaced meanwhile. */
async function lock(path: string): Promise<Disposable> {
  while (true) {
    const file = await Deno.open(path, { read: true });
    try {
      await file.lock(true);
      const [locked, current] = [await file.stat(), await Deno.stat(path)];
      if (locked.ino === current.ino) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
}

async function writeNew(
  path: string,
  text: string,
  mode: number,
): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  if (isUnix) await Deno.chmod(path, mode);
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(await file.write(rest));
  await file.sync();
}

function cannotWrite(path: string, cause: unknown): Error {
  const why = cause instanceof Deno.errors.NotFound
    ? "its folder does not exist"
    : cause instanceof Deno.errors.PermissionDenied
    ? "the rights of the folder or the file do not allow it"
    : cause instanceof Error
    ? cause.message
    : String(cause);
  return new Error(`Cannot write "${path}": ${why}`, { cause });
}
