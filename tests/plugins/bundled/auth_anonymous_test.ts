import { assertEquals, assertRejects } from "@std/assert";
import AuthAnonymous, {
  type AuthAnonymousOptions,
} from "../../../plugins/auth_anonymous.ts";
import { checkedOptions, fakeContext, fakeSession } from "./_context.ts";

async function create(options: unknown): Promise<AuthAnonymous> {
  const config = await checkedOptions<AuthAnonymousOptions>(
    AuthAnonymous,
    options,
  );
  return new AuthAnonymous(fakeContext(config).context);
}

Deno.test("aMQTT 33: auth_anonymous allows a client without a user name by default", async () => {
  const plugin = await create({});
  assertEquals(plugin.authenticate({ session: fakeSession() }), true);
});

Deno.test("aMQTT 33: auth_anonymous allows a user too while anonymous clients are allowed", async () => {
  const plugin = await create({ allowAnonymous: true });
  const session = Object.freeze(fakeSession({ username: "alice" }));
  assertEquals(plugin.authenticate({ session }), true);
});

Deno.test("aMQTT 33: auth_anonymous denies a client without a user name if told so", async () => {
  const plugin = await create({ allowAnonymous: false });
  for (const username of [undefined, ""]) {
    const session = fakeSession({ username });
    assertEquals(plugin.authenticate({ session }), false);
  }
});

Deno.test("aMQTT 33: auth_anonymous allows any user name while anonymous clients are denied", async () => {
  const plugin = await create({ allowAnonymous: false });
  const session = fakeSession({ username: "alice" });
  assertEquals(plugin.authenticate({ session }), true);
});

Deno.test("auth_anonymous refuses options of the wrong type or name", async () => {
  await assertRejects(() => create({ allowAnonymous: "yes" }), TypeError);
  await assertRejects(() => create({ allow: true }), TypeError);
});
