/** Path -> content. */
export type ProjectFiles = Readonly<Record<string, string>>;

/**
 * Writes files to a temporary folder, and removes it afterwards.
 *
 * @param files What to write.
 * @param use What to do meanwhile; gets the folder's URL, which ends with a slash.
 * @returns What `use` answers.
 */
export async function withProject<Result>(
  files: ProjectFiles,
  use: (folder: URL) => Promise<Result>,
): Promise<Result> {
  const path = await Deno.realPath(await Deno.makeTempDir());
  const folder = new URL(`file://${path}/`);
  try {
    for (const [name, content] of Object.entries(files)) {
      const file = new URL(name, folder);
      await Deno.mkdir(new URL("./", file), { recursive: true });
      await Deno.writeTextFile(file, content);
    }
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
