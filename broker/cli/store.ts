/**
 * The command `store`: looks into the file of a SQLite store, and moves its contents.
 *
 * @module
 */

import { SqliteStore } from "../store/sqlite.ts";
import { checkStore, compactStore, storeInfo } from "../store/sqlite_file.ts";
import { exportStore, importStore } from "../store/transfer.ts";
import { type Command, commandGroup, defineCommand } from "./command.ts";
import { type CommandContext, print, writeAll } from "./context.ts";
import { withProgress } from "./progress.ts";
import { UsageError } from "./usage_error.ts";

const FLAGS = {
  path: { value: "FILE", help: "The file, as in store.path (required)" },
} as const;

const encoder = new TextEncoder();
// How much is written at a time.
const CHUNK = 1 << 16;

const info = tool("Shows what is in the file.", (path, { stdout }) => {
  for (const [name, value] of Object.entries(storeInfo(path))) {
    print(stdout, `${name}: ${value}`);
  }
});

const check = tool("Looks for damage; exit code 1 if there is any.", (
  path,
  { stdout, stderr },
) =>
  withProgress(stderr, "Checking", () => {
    const problems = checkStore(path);
    for (const problem of problems) print(stdout, problem);
    if (problems.length === 0) print(stdout, "No damage found");
    return Promise.resolve(problems.length === 0 ? 0 : 1);
  }));

const exported = tool(
  "Writes sessions, messages and retained messages to standard output as JSON lines.",
  (path, { stdout, stderr }) => {
    // The file must be there: an export creates none.
    storeInfo(path);
    return withStore(
      path,
      (store) =>
        withProgress(stderr, "Exporting", (report) => {
          let text = "";
          let count = 0;
          for (const line of exportStore(store)) {
            text += `${JSON.stringify(line)}\n`;
            count++;
            if (text.length < CHUNK) continue;
            if (!writeAll(stdout, encoder.encode(text))) break;
            text = "";
            report(`${count} lines`);
          }
          writeAll(stdout, encoder.encode(text));
          return Promise.resolve();
        }),
    );
  },
);

const imported = tool(
  "Reads an export from standard input into a file that has no sessions and messages.",
  (path, context) =>
    withStore(path, async (store) => {
      const { sessions, retained, values } = storeInfo(path);
      if (sessions + retained + values > 0) {
        throw new Error(
          `Cannot import into "${path}": it has ${sessions} sessions and ${retained} retained messages and ${values} values of plugins; choose a file that does not exist`,
        );
      }
      const count = await withProgress(
        context.stderr,
        "Importing",
        (report) =>
          importStore(
            store,
            linesOf(context),
            (lines) => report(`${lines} lines`),
          ),
      );
      print(context.stdout, `${count} lines imported`);
    }),
);

const compact = tool(
  "Gives the room that deleted messages have left back to the disk.",
  (path, { stdout, stderr }) =>
    withProgress(stderr, "Compacting", () => {
      const { bytes } = storeInfo(path);
      compactStore(path);
      print(stdout, `${bytes} bytes before, ${storeInfo(path).bytes} now`);
      return Promise.resolve();
    }),
);

const store: Command = commandGroup(
  "Looks into the file of a SQLite store, and moves its contents.",
  {
    info: ["Show what is in it", () => Promise.resolve({ default: info })],
    check: ["Look for damage", () => Promise.resolve({ default: check })],
    export: [
      "Write it as JSON lines",
      () => Promise.resolve({ default: exported }),
    ],
    import: [
      "Read JSON lines into it",
      () => Promise.resolve({ default: imported }),
    ],
    compact: ["Make it smaller", () => Promise.resolve({ default: compact })],
  },
);

export default store;

function tool(
  summary: string,
  run: (
    path: string,
    context: CommandContext,
  ) => number | void | Promise<number | void>,
): Command {
  return defineCommand({
    summary,
    usage: ["--path FILE"],
    flags: FLAGS,
    run: ({ flags, operands }, context) => {
      const { path } = flags;
      if (path === undefined || operands.length > 0) {
        throw new UsageError(
          path === undefined
            ? "Cannot open a store: name its file with --path"
            : `Cannot use "${operands[0]}": the file is named with --path`,
        );
      }
      return run(path, context);
    },
  });
}

async function withStore(
  path: string,
  body: (store: SqliteStore) => Promise<void>,
): Promise<void> {
  const store = new SqliteStore({ path });
  await store.open();
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

async function* linesOf({ stdin }: CommandContext): AsyncIterable<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(CHUNK);
  let rest = "";
  while (true) {
    const count = await stdin.read(buffer);
    if (count === null) break;
    const lines = (rest +
      decoder.decode(buffer.subarray(0, count), { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}
