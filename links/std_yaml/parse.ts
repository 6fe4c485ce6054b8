import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
} from "npm:yaml@2.9.1";
import type { Document, Node } from "npm:yaml@2.9.1";

/** Options of {@linkcode parse}. */
export interface ParseOptions {
  /** Whether the last of several equal keys wins; otherwise they are an error. Default: `false`. */
  allowDuplicateKeys?: boolean;
  /** Called for each warning. */
  onWarning?(error: Error): void;
}

/**
 * Parses a text that holds one YAML document. `on`, `off`, `yes` and `no` are
 * strings, as YAML 1.2 has it.
 *
 * @param content The text.
 * @param options What is allowed.
 * @returns The value; `null` for an empty text.
 * @throws {SyntaxError} If the text is not valid; the message ends with line and column.
 */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const lines = new LineCounter();
  const document = parseDocument(content.replace(/^\uFEFF/, ""), {
    version: "1.2",
    schema: "core",
    merge: true,
    customTags: ["binary", "timestamp"],
    uniqueKeys: options.allowDuplicateKeys !== true,
    lineCounter: lines,
    logLevel: "error",
  });
  const problem = document.errors[0] ??
    // The real package knows no unknown tags: it refuses them.
    document.warnings.find(({ code }) => code === "TAG_RESOLVE_FAILED");
  // The message already names line and column and shows the place.
  if (problem) throw new SyntaxError(problem.message, { cause: problem });
  for (const warning of document.warnings) options.onWarning?.(warning);
  refuseUnknownAliases(document, content, lines);
  return document.toJS() as unknown;
}

/** An alias that nothing is anchored to, and a key that is not text. */
function refuseUnknownAliases(
  document: Document.Parsed,
  content: string,
  lines: LineCounter,
): void {
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document)) return;
      refuse(
        `Cannot resolve alias "${node.source}": nothing has that name`,
        node,
      );
    },
    Pair(_key, pair) {
      const key = pair.key as Node | null;
      if (key === null || isScalar(key) || isAlias(key)) return;
      refuse(`Cannot use a ${isMap(key) ? "map" : "list"} as a key`, key);
    },
  });

  function refuse(problem: string, node: Node): never {
    const { line, col } = lines.linePos(node.range?.[0] ?? 0);
    const text = content.split("\n")[line - 1] ?? "";
    throw new SyntaxError(
      `${problem} at line ${line}, column ${col}:\n${text}\n${
        " ".repeat(col - 1)
      }^`,
    );
  }
}
