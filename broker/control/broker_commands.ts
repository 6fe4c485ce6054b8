/**
 * The commands of the broker itself, below `$CONTROL/broker/v1/`.
 *
 * @module
 */

import * as v from "valibot";
import { messageOf } from "../../plugins/errors.ts";
import type { PluginDescription } from "../../plugins/manager.ts";
import {
  type BrokerContext,
  ControlError,
  type ControlHandler,
  type Session,
  type StandardSchema,
} from "../../plugins/mod.ts";
import type { ReloadResult } from "../reload.ts";
import type { Owner } from "../services/owned.ts";
import { CONTROL_PREFIX, type ControlCommands } from "./commands.ts";

/** What the commands are about. */
export interface BrokerCommandParts {
  /** The services of the broker. */
  readonly context: BrokerContext;
  /** The plugins. */
  readonly describePlugins: () => readonly PluginDescription[];
  /** Reads the configuration again; absent: nobody knows where it came from. */
  readonly reload: (() => Promise<ReloadResult>) | undefined;
}

/** Most clients of one answer. */
const LARGEST_PAGE = 1000;

const optionalNumber = (least: number, most: number) =>
  v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)),
  );

const LIST_CLIENTS = v.strictObject({
  connected: v.optional(v.boolean()),
  username: v.optional(v.string()),
  after: v.optional(v.string()),
  limit: optionalNumber(1, LARGEST_PAGE),
});

const DISCONNECT = v.strictObject({
  clientId: v.string(),
  reasonCode: optionalNumber(0, 255),
  reasonString: v.optional(v.string()),
  deleteSession: v.optional(v.boolean()),
  sendWill: v.optional(v.boolean()),
});

const NOTHING = v.strictObject({});

/** A command with its parameters. */
type Entry = readonly [schema: StandardSchema, handler: ControlHandler<never>];

/**
 * Adds the commands of the broker.
 *
 * @param commands Where to.
 * @param owner The broker.
 * @param parts What they are about.
 */
export function addBrokerCommands(
  commands: ControlCommands,
  owner: Owner,
  parts: BrokerCommandParts,
): void {
  for (const [name, [schema, handler]] of Object.entries(tableOf(parts))) {
    commands.all.add(`${CONTROL_PREFIX}broker/v1/${name}`, owner, {
      handler: handler as ControlHandler,
      schema,
      logger: owner.logger,
    });
  }
}

function tableOf(
  { context, describePlugins, reload }: BrokerCommandParts,
): Record<string, Entry> {
  return {
    listClients: entry(LIST_CLIENTS, (query) => {
      const { items, next } = understood(() => context.clients(query));
      return { items: items.map(describe), next };
    }),
    disconnect: entry(DISCONNECT, ({ clientId, ...options }) => {
      const done = understood(() => context.disconnect(clientId, options));
      return { disconnected: done };
    }),
    plugins: entry(NOTHING, () => describePlugins()),
    reload: entry(NOTHING, async () => {
      if (reload === undefined) {
        throw new ControlError(
          "the program that runs the broker has not said where its configuration is",
        );
      }
      try {
        return await reload();
      } catch (error) {
        throw new ControlError(messageOf(error), { cause: error });
      }
    }),
  };
}

function entry<Schema extends v.GenericSchema>(
  schema: Schema,
  run: (parameters: v.InferOutput<Schema>) => unknown,
): Entry {
  return [schema, ({ parameters }) => run(parameters)];
}

/** What the services refuse, they refuse for a reason that helps the client. */
function understood<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ControlError(messageOf(error), { cause: error });
  }
}

function describe(session: Session): Record<string, unknown> {
  const { clientId, username, connected, protocolVersion } = session;
  const { remoteAddress, remotePort, listener, keepAlive } = session;
  const { connectedAt, disconnectedAt, expiryInterval } = session;
  return {
    clientId,
    username,
    connected,
    protocolVersion,
    remoteAddress,
    remotePort,
    listener,
    keepAlive,
    connectedAt,
    disconnectedAt,
    // JSON has no infinity.
    expiryInterval: expiryInterval === Infinity ? null : expiryInterval,
    inflight: session.inflightCount,
    queued: session.queuedCount,
  };
}
