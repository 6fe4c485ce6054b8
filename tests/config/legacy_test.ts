import { assertEquals } from "@std/assert";
import {
  legacyPlugins,
  type PluginSetting,
  resolveConfig,
} from "../../broker/config/mod.ts";

const ALL = { events: true, auth: true, topic: true };
const EVENTS = { events: true, auth: false, topic: false };
const AUTH = { events: true, auth: true, topic: false };
const TOPIC = { events: true, auth: false, topic: true };

/** The plugins that are made, and what each is used for. */
function uses(
  input: Record<string, unknown>,
  aliases: string[] = [],
): Record<string, PluginSetting["use"]> {
  const settings = legacyPlugins(resolveConfig(input), aliases);
  return Object.fromEntries(
    settings.map(({ plugin, use }) => [plugin as string, use]),
  );
}

function warnings(input: Record<string, unknown>): string[] {
  return resolveConfig(input).warnings;
}

Deno.test("aMQTT 19: the older keys work", () => {
  const config = resolveConfig({
    listeners: { default: { type: "tcp", bind: "127.0.0.1:1883" } },
    sys_interval: 10,
    auth: {
      "allow-anonymous": false,
      "password-file": "passwords",
      plugins: ["auth_file", "auth_anonymous"],
    },
    "topic-check": {
      enabled: "on",
      plugins: ["topic_acl"],
      acl: { bob: ["a/#"] },
      "publish-acl": { bob: [] },
    },
  });
  assertEquals(config.warnings, []);
  assertEquals(config.plugins, []);
  assertEquals(legacyPlugins(config, []), [
    { plugin: "event_logger", path: "auth", use: EVENTS },
    {
      plugin: "auth_file",
      path: "auth",
      options: { passwordFile: "passwords" },
      use: AUTH,
    },
    {
      plugin: "auth_anonymous",
      path: "auth",
      options: { allowAnonymous: false },
      use: AUTH,
    },
    {
      plugin: "topic_acl",
      path: "topic-check",
      options: { acl: { bob: ["a/#"] }, publishAcl: { bob: [] } },
      use: TOPIC,
    },
    {
      plugin: "sys",
      path: "sys_interval",
      options: { sysInterval: 10 },
      use: EVENTS,
    },
  ]);
});

Deno.test("aMQTT 19: an empty list of auth plugins lets nobody in", () => {
  const input = { auth: { plugins: [], "allow-anonymous": true } };
  assertEquals(uses(input), { event_logger: EVENTS });
  assertEquals(warnings(input), ["auth.plugins is empty: nobody can connect"]);
  // In a file an empty value is null. It must not pass for a list that is absent.
  assertEquals(uses({ auth: { plugins: null } }), { event_logger: EVENTS });
  const own = { auth: { plugins: null }, "plugin-namespace": "mine" };
  assertEquals(uses(own, ["a"]), { a: EVENTS });
});

Deno.test("aMQTT 19: auth without plugins means all of them", () => {
  assertEquals(uses({ auth: { "allow-anonymous": true } }), {
    event_logger: EVENTS,
    auth_anonymous: AUTH,
  });
  assertEquals(
    uses({ auth: { "allow-anonymous": false, "password-file": "x" } }),
    { event_logger: EVENTS, auth_anonymous: AUTH, auth_file: AUTH },
  );
  const own = { auth: {}, "plugin-namespace": "mine" };
  assertEquals(uses(own, ["a", "b"]), { a: AUTH, b: AUTH });
});

Deno.test("legacyPlugins() makes every plugin of a user's namespace", () => {
  const input = {
    "plugin-namespace": "mine",
    auth: { plugins: ["b", "auth_file"], "password-file": "x" },
    "topic-check": { enabled: true },
    "sys-interval": 5,
  };
  assertEquals(uses(input, ["a", "b"]), {
    a: TOPIC,
    b: ALL,
    auth_file: ALL,
    sys: TOPIC,
  });
});

Deno.test("legacyPlugins() takes the namespace that the broker was given", () => {
  const config = resolveConfig({ auth: { plugins: ["a"] } });
  const settings = legacyPlugins(config, ["a", "b"], "mine");
  assertEquals(settings.map(({ plugin }) => plugin), ["a", "b"]);
});

Deno.test("legacyPlugins() does not check topics unless that is enabled", () => {
  const auth = { "allow-anonymous": true };
  const own = { auth, "plugin-namespace": "mine" };
  for (const check of [{}, { enabled: false }, { enable: "off" }]) {
    const input = { ...own, "topic-check": check };
    assertEquals(uses(input, ["a"]), { a: AUTH });
    assertEquals(warnings(input), [
      "topic-check is not enabled: topics are not checked",
    ]);
  }
  const on = { ...own, "topic-check": { enable: true, plugins: [] } };
  assertEquals(uses(on, ["a"]), { a: AUTH });
});

Deno.test("legacyPlugins() checks topics with what there are options for", () => {
  const auth = { "allow-anonymous": true };
  assertEquals(uses({ auth, "topic-check": { enabled: true } }), {
    event_logger: EVENTS,
    auth_anonymous: AUTH,
    topic_taboo: TOPIC,
  });
  assertEquals(
    uses({ auth, "topic-check": { enabled: true, acl: { a: ["#"] } } }),
    {
      event_logger: EVENTS,
      auth_anonymous: AUTH,
      topic_taboo: TOPIC,
      topic_acl: TOPIC,
    },
  );
});

Deno.test("topic-check without auth lets nobody in", () => {
  const input = { "topic-check": { enabled: true, plugins: ["topic_taboo"] } };
  assertEquals(uses(input), { event_logger: EVENTS, topic_taboo: TOPIC });
  assertEquals(warnings(input), [
    "There is no auth and no plugins: nobody can connect",
  ]);
});

Deno.test("plugins replace the older keys", () => {
  const config = resolveConfig({
    plugins: ["auth_anonymous"],
    auth: { "allow-anonymous": true },
    topic_check: { enabled: true },
    "sys-interval": 3,
  });
  assertEquals(config.legacy, undefined);
  assertEquals(config.warnings, [
    "auth has no effect, because there are plugins",
    "topic-check has no effect, because there are plugins",
    "sys_interval has no effect, because there are plugins",
  ]);
  assertEquals(legacyPlugins(config, ["x"]), config.plugins);
});

Deno.test("auth says so when it lets everybody pass by default", () => {
  assertEquals(warnings({ auth: { "password-file": "x" } }), [
    "auth does not say allow-anonymous: auth_anonymous lets everybody pass",
  ]);
  assertEquals(
    warnings({ auth: { "password-file": "x", plugins: ["auth_file"] } }),
    [],
  );
});
