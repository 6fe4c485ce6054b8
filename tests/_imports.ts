/**
 * Finds the imports of a source text, with the compiler's own parser.
 *
 * @module
 */

import ts from "npm:typescript@5.9.3";

/** One import of a module. */
export interface Import {
  /** What is imported; `undefined` if it is computed. */
  specifier: string | undefined;
  /** Whether only types are imported. */
  typeOnly: boolean;
  /** Whether it is an `import()`. */
  dynamic: boolean;
  /** Where the text of the specifier is in the source, quotes included. */
  span: readonly [start: number, end: number];
}

/**
 * Finds every import and re-export.
 *
 * @param source A TypeScript source text.
 * @returns The imports in the order of the text.
 */
export function importsOf(source: string): Import[] {
  const file = ts.createSourceFile(
    "source.ts",
    source,
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Import[] = [];
  visit(file);
  return found;

  function visit(node: ts.Node): void {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, isTypeOnly(node.importClause), false);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node.moduleSpecifier, node.isTypeOnly, false);
    } else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument)) {
        add(node.argument.literal, true, false);
      }
    } else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword
    ) {
      add(node.arguments[0], false, true);
    }
    ts.forEachChild(node, visit);
  }

  function add(node: ts.Node, typeOnly: boolean, dynamic: boolean): void {
    found.push({
      specifier: ts.isStringLiteralLike(node) ? node.text : undefined,
      typeOnly,
      dynamic,
      span: [node.getStart(file), node.end],
    });
  }
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return clause.name === undefined && bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.every(({ isTypeOnly }) => isTypeOnly);
}
