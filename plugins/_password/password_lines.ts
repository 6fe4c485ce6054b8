/**
 * Changes the text of a password file: the line of one user, and no other.
 *
 * @module
 */

/** What a password file has about a user. */
export interface PasswordLine {
  /** Number of the line, from 1. */
  readonly number: number;
  /** User name. */
  readonly username: string;
  /** The hash as it is written. */
  readonly hash: string;
}

/**
 * The lines of a password file that name a user; comments and others are left out.
 *
 * @param text The file's content.
 * @returns The lines in their order. Of several for one user the last one counts.
 */
export function passwordLines(text: string): PasswordLine[] {
  return text.split("\n").flatMap((line, index) => {
    const found = parseLine(line);
    return found === undefined ? [] : [{ number: index + 1, ...found }];
  });
}

/**
 * Why a name cannot be in a password file.
 *
 * @param username The name.
 * @returns The reason, or `undefined` if it can.
 */
export function usernameProblem(username: string): string | undefined {
  if (username === "") return "it is empty";
  if (username.includes(":")) return 'it has a ":"';
  if (username.startsWith("#")) return 'it begins with "#"';
  if (username.trim() !== username) return "it begins or ends with a space";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(username)) {
    return "it has control characters";
  }
  return undefined;
}

/**
 * Sets the hash of a user, who gets a line if there is none.
 *
 * @param text The file's content.
 * @param username The user.
 * @param hash The new hash.
 * @returns The new content. The user has one line, where the first one was.
 */
export function setPasswordLine(
  text: string,
  username: string,
  hash: string,
): string {
  const newline = /\r?\n/.exec(text)?.[0] ?? "\n";
  const line = `${username}:${hash}`;
  let isSet = false;
  const lines = text.split("\n").flatMap((old) => {
    if (parseLine(old)?.username !== username) return [old];
    if (isSet) return [];
    isSet = true;
    return [old.endsWith("\r") ? `${line}\r` : line];
  });
  if (isSet) return lines.join("\n");
  const isComplete = text === "" || text.endsWith("\n");
  return text + (isComplete ? "" : newline) + line + newline;
}

/**
 * Takes a user out.
 *
 * @param text The file's content.
 * @param username The user.
 * @returns The new content; the same if there was no such user.
 */
export function removePasswordLine(text: string, username: string): string {
  return text.split("\n")
    .filter((line) => parseLine(line)?.username !== username)
    .join("\n");
}

/** As `readPasswordFile` understands a line. */
function parseLine(
  raw: string,
): { username: string; hash: string } | undefined {
  const line = raw.replace(/^\uFEFF/, "").trim();
  const colon = line.indexOf(":");
  if (line.startsWith("#") || colon < 1) return undefined;
  return { username: line.slice(0, colon), hash: line.slice(colon + 1) };
}
