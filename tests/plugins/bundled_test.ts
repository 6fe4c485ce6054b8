import { assert, assertEquals } from "@std/assert";
import { BUNDLED_PLUGINS } from "../../plugins/bundled.ts";
import { PluginNamespace } from "../../plugins/namespace.ts";
import { inNamespace, PLUGIN } from "./namespace_support.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the bundled plugins are the aliases of our own deno.json", async () => {
  const { imports } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  const prefix = "dinomq.plugins/";
  const keys = Object.keys(imports).filter((key) => key.startsWith(prefix));
  const aliases = keys.map((key) => key.slice(prefix.length));
  assertEquals(Object.keys(BUNDLED_PLUGINS).sort(), aliases.sort());
  for (const key of keys) {
    const byThunk = await BUNDLED_PLUGINS[key.slice(prefix.length)]();
    assert(byThunk === await import(new URL(imports[key], ROOT).href), key);
  }
});

Deno.test("every namespace falls back to the bundled plugins, also by aMQTT's names", async () => {
  const names = {
    "auth_anonymous": "auth_anonymous",
    "broker_sys": "sys",
    "event_logger_plugin": "event_logger",
    "packet_logger_plugin": "packet_logger",
    "amqtt.plugins.authentication.AnonymousAuthPlugin": "auth_anonymous",
    "amqtt.plugins.authentication.FileAuthPlugin": "auth_file",
    "amqtt.plugins.topic_checking.TopicTabooPlugin": "topic_taboo",
    "amqtt.plugins.topic_checking.TopicAccessControlListPlugin": "topic_acl",
    "amqtt.contrib.auth_db.UserAuthDBPlugin": "auth_db",
    "amqtt.contrib.auth_db.TopicAuthDBPlugin": "topic_db",
    "amqtt.contrib.auth_db.plugin.UserAuthDBPlugin": "auth_db",
    "amqtt.contrib.auth_db.plugin.TopicAuthDBPlugin": "topic_db",
    "amqtt.contrib.ldap.UserAuthLdapPlugin": "auth_ldap",
    "amqtt.contrib.ldap.TopicAuthLdapPlugin": "topic_ldap",
    "amqtt.contrib.shadows.ShadowPlugin": "shadows",
    "amqtt.contrib.shadows.ShadowTopicAuthPlugin": "shadows",
    "amqtt.plugins.sys.broker.BrokerSysPlugin": "sys",
    "amqtt.plugins.logging_amqtt.EventLoggerPlugin": "event_logger",
    "amqtt.plugins.logging_amqtt.PacketLoggerPlugin": "packet_logger",
    "amqtt.contrib.cert.UserAuthCertPlugin": "auth_cert",
    "amqtt.contrib.cert.CertificateAuthPlugin": "auth_cert",
    "amqtt.contrib.http.UserAuthHttpPlugin": "auth_http",
    "amqtt.contrib.http.TopicAuthHttpPlugin": "topic_http",
    "amqtt.contrib.jwt.UserAuthJwtPlugin": "auth_jwt",
    "amqtt.contrib.jwt.TopicAuthJwtPlugin": "topic_jwt",
  };
  await inNamespace({}, async (namespace) => {
    assertEquals([...namespace.aliases()], []);
    for (const [name, alias] of Object.entries(names)) {
      const loaded = await namespace.load(name);
      assertEquals([loaded.name, loaded.specifier], [
        alias,
        `dinomq.plugins/${alias}`,
      ]);
    }
  });
});

Deno.test("a user's own alias wins over a bundled plugin", async () => {
  const imports = { "my.plugins/auth_file": "./geo.ts" };
  await inNamespace(imports, async (namespace) => {
    const { pluginClass } = await namespace.load("auth_file");
    assertEquals(pluginClass.name, "Geo");
  }, { "geo.ts": PLUGIN });
});

Deno.test("the default namespace lists the bundled plugins", async () => {
  const namespace = await PluginNamespace.open();
  assertEquals(namespace.name, "dinomq.plugins");
  assertEquals(
    [...namespace.aliases().keys()].sort(),
    Object.keys(BUNDLED_PLUGINS).sort(),
  );
});
