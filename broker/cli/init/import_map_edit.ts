/**
 * Adds lines to the `imports` of a `deno.json`, and changes nothing else in it.
 *
 * @module
 */

import {
  applyEdits,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/**
 * Adds lines to `imports`. Comments, order and form of the file stay.
 *
 * @param text The file's content: JSON with comments.
 * @param entries The lines; the keys must be new.
 * @returns The new content.
 * @throws {SyntaxError} If the file is not valid, or `imports` is no object.
 */
export function addImports(
  text: string,
  entries: Readonly<Record<string, string>>,
): string {
  return Object.entries(entries).reduce(addImport, text);
}

function addImport(text: string, [key, target]: [string, string]): string {
  const imports = property(parse(text), "imports");
  if (imports !== undefined && imports.type !== "object") {
    throw new SyntaxError('"imports" must be an object');
  }
  const last = imports?.children?.at(-1);
  if (last === undefined || !startsLine(text, last)) {
    // Nothing there whose comment or indentation could suffer.
    return applyEdits(
      text,
      modify(text, ["imports", key], target, {
        formattingOptions: {
          insertSpaces: !/^\t/m.test(text),
          tabSize: 2,
          eol: text.includes("\r\n") ? "\r\n" : "\n",
        },
      }),
    );
  }
  return addLine(
    text,
    last,
    `${JSON.stringify(key)}: ${JSON.stringify(target)}`,
  );
}

/** A line of its own after the last one, whose comment stays with it. */
function addLine(text: string, last: Node, line: string): string {
  const end = last.offset + last.length;
  const rest = /^([ \t]*,)?[ \t]*(?:\/\/[^\n\r]*|\/\*[^\n\r]*?\*\/)?[ \t]*/
    .exec(text.slice(end))!;
  const hasComma = rest[1] !== undefined;
  const lineEnd = end + rest[0].length;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const indent = /[ \t]*$/.exec(text.slice(0, last.offset))![0];
  return text.slice(0, end) + (hasComma ? "" : ",") +
    text.slice(end, lineEnd).trimEnd() +
    `${eol}${indent}${line}${hasComma ? "," : ""}` + text.slice(lineEnd);
}

function startsLine(text: string, { offset }: Node): boolean {
  return /(^|\n)[ \t]*$/.test(text.slice(0, offset));
}

function parse(text: string): Node {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, {
    allowTrailingComma: true,
    disallowComments: false,
  });
  if (errors.length > 0) {
    const { error, offset } = errors[0];
    const line = text.slice(0, offset).split("\n").length;
    throw new SyntaxError(`line ${line}: ${printParseErrorCode(error)}`);
  }
  if (tree?.type !== "object") throw new SyntaxError("it must hold an object");
  return tree;
}

function property(tree: Node, name: string): Node | undefined {
  return tree.children?.find(({ children }) => children?.[0].value === name)
    ?.children?.[1];
}
