/**
 * JSON with comments and trailing commas, which `deno.json` may have.
 *
 * @module
 */

const STRING_OR_COMMENT = /"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\//g;
const STRING_OR_TRAILING_COMMA = /"(?:[^"\\]|\\.)*"|,(?=\s*[}\]])/g;

/**
 * Parses JSON with comments and trailing commas.
 *
 * @param text What to parse; a byte order mark is skipped.
 * @returns The value.
 * @throws {SyntaxError} If the text is not valid; its position is the one in `text`.
 */
export function parseJsonc(text: string): unknown {
  // What is cut out is replaced by as many spaces: positions stay right.
  const plain = text
    .replace(/^\uFEFF/, " ")
    .replace(STRING_OR_COMMENT, blankUnlessString)
    .replace(STRING_OR_TRAILING_COMMA, blankUnlessString);
  return JSON.parse(plain);
}

function blankUnlessString(match: string): string {
  return match[0] === '"' ? match : match.replace(/[^\n\r]/g, " ");
}
