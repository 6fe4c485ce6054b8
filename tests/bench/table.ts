/** Tables. @module */

/**
 * Lays out a table.
 *
 * @param rows The first has the names of the columns.
 * @param texts Columns that stand at the left; the others are figures.
 * @returns The table in Markdown.
 */
export function table(
  rows: readonly (readonly string[])[],
  texts: readonly string[],
): string {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => row[column].length))
  );
  const line = (
    row: readonly string[],
    pad: (text: string, i: number) => string,
  ) => `| ${row.map(pad).join(" | ")} |`;
  const isText = (column: number) => texts.includes(rows[0][column]);
  const pad = (cell: string, column: number) =>
    isText(column)
      ? cell.padEnd(widths[column])
      : cell.padStart(widths[column]);
  const rule = (_: string, column: number) =>
    isText(column)
      ? "-".repeat(widths[column])
      : `${"-".repeat(widths[column] - 1)}:`;
  const [head, ...body] = rows;
  return [
    line(head, pad),
    line(head, rule),
    ...body.map((row) => line(row, pad)),
  ].join("\n");
}
