/**
 * The parameters of a command.
 *
 * @module
 */

import { ControlError, type StandardSchema } from "../../plugins/mod.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads parameters.
 *
 * @param payload What the client sent.
 * @param schema Checks them.
 * @returns The parameters; `{}` of an empty payload.
 * @throws {ControlError} If they are no JSON, or not what the schema asks for.
 */
export async function readParameters(
  payload: Uint8Array,
  schema: StandardSchema | undefined,
): Promise<unknown> {
  const parameters = parse(payload);
  if (schema === undefined) return parameters;
  const result = await schema["~standard"].validate(parameters);
  if (result.issues === undefined) return result.value;
  const lines = result.issues.map(({ message, path = [] }) => {
    const keys = path.map((part) =>
      String(typeof part === "object" ? part.key : part)
    );
    return keys.length === 0 ? message : `${keys.join(".")}: ${message}`;
  });
  throw new ControlError(lines.join("; "));
}

function parse(payload: Uint8Array): unknown {
  if (payload.length === 0) return {};
  try {
    return JSON.parse(decoder.decode(payload));
  } catch {
    throw new ControlError("the payload is not valid JSON");
  }
}
