/**
 * The process of an attacker.
 *
 * @module
 */

import { fromHere } from "./run.ts";

await fromHere(JSON.parse(Deno.args[0]));
Deno.exit(0);
