import {
  binaryTag,
  CORE_SCHEMA,
  loadAll,
  mergeTag,
  timestampTag,
  YAMLException,
} from "npm:js-yaml@5.5.0";

/** Options of {@linkcode parse}. */
export interface ParseOptions {
  /** Whether the last of several equal keys wins; otherwise they are an error. Default: `false`. */
  allowDuplicateKeys?: boolean;
  /** Called for each warning. */
  onWarning?(error: Error): void;
}

const schema = CORE_SCHEMA.withTags(mergeTag, binaryTag, timestampTag);

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
  const documents = load(content, options.allowDuplicateKeys === true);
  if (documents.length < 2) return documents[0] ?? null;
  const line = content.split("\n").findLastIndex((text) => /^---/.test(text));
  throw new SyntaxError(
    `Cannot read a second document at line ${line + 1}, column 1`,
  );
}

function load(content: string, json: boolean): unknown[] {
  try {
    return loadAll(content, { schema, json });
  } catch (cause) {
    if (!(cause instanceof YAMLException) || cause.mark === undefined) {
      throw new SyntaxError(String(cause), { cause });
    }
    const { line, column, snippet } = cause.mark;
    throw new SyntaxError(
      `${cause.reason} at line ${line + 1}, column ${
        column + 1
      }:\n${snippet?.trimEnd()}`,
      { cause },
    );
  }
}
