// A publisher whose message a plugin thinks about still waits for a full receiver.
import { assert } from "@std/assert";
import { PublishView } from "../../codec/publish.ts";
import { Clock } from "../../broker/clock.ts";
import type { Connection } from "../../broker/connection.ts";
import { Message } from "../../broker/message.ts";
import { intercepted, judged } from "../../broker/protocol/publish_steps.ts";
import { awaitRelief, Relief } from "../../broker/relief.ts";
import { Topic } from "../../broker/topics/topic.ts";

type Ask = (
  connection: Connection,
  view: PublishView<Topic>,
  message: Message,
) => Promise<void> | undefined;

/** Asks about a message behind others that have filled a receiver. */
async function waits(ask: Ask): Promise<void> {
  const clock = new Clock(() => {});
  const relief = new Relief(clock);
  const core = { congestion: relief };
  // What becomes of the message itself is of no interest here: its client has gone.
  const connection = {
    core,
    phase: "closed",
    relief: () => awaitRelief(core, undefined),
  } as unknown as Connection;
  let done = false;
  const end = ask(connection, new PublishView(), new Message(new Topic("t")))!
    .then(() => done = true);
  // More than enough turns for the answer to be settled.
  for (let i = 0; i < 20; i++) await Promise.resolve();
  assert(!done);
  relief.caughtUp();
  await end;
  clock.clear();
}

Deno.test("a message that an interceptor answers late does not forget that others have filled a receiver", async () => {
  await waits((connection, view, message) => {
    const event = { session: undefined as never, message };
    return intercepted(connection, view, event, Promise.resolve(event));
  });
});

Deno.test("a message whose right is decided late does not forget that others have filled a receiver", async () => {
  await waits((connection, view, message) =>
    judged(connection, view, message, undefined, Promise.resolve(true))
  );
});
