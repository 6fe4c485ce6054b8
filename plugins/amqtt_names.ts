/**
 * The names that plugins have in aMQTT.
 *
 * @module
 */

/** aMQTT's entry points and dotted class names -> our alias. */
export const AMQTT_NAMES: ReadonlyMap<string, string> = new Map([
  ["broker_sys", "sys"],
  ["event_logger_plugin", "event_logger"],
  ["packet_logger_plugin", "packet_logger"],
  ["amqtt.plugins.authentication.AnonymousAuthPlugin", "auth_anonymous"],
  ["amqtt.plugins.authentication.FileAuthPlugin", "auth_file"],
  ["amqtt.plugins.topic_checking.TopicTabooPlugin", "topic_taboo"],
  ["amqtt.plugins.topic_checking.TopicAccessControlListPlugin", "topic_acl"],
  ["amqtt.contrib.auth_db.UserAuthDBPlugin", "auth_db"],
  ["amqtt.contrib.auth_db.TopicAuthDBPlugin", "topic_db"],
  ["amqtt.contrib.auth_db.plugin.UserAuthDBPlugin", "auth_db"],
  ["amqtt.contrib.auth_db.plugin.TopicAuthDBPlugin", "topic_db"],
  ["amqtt.contrib.ldap.UserAuthLdapPlugin", "auth_ldap"],
  ["amqtt.contrib.ldap.TopicAuthLdapPlugin", "topic_ldap"],
  ["amqtt.contrib.shadows.ShadowPlugin", "shadows"],
  ["amqtt.contrib.shadows.ShadowTopicAuthPlugin", "shadows"],
  ["amqtt.plugins.sys.broker.BrokerSysPlugin", "sys"],
  ["amqtt.plugins.logging_amqtt.EventLoggerPlugin", "event_logger"],
  ["amqtt.plugins.logging_amqtt.PacketLoggerPlugin", "packet_logger"],
  ["amqtt.contrib.cert.UserAuthCertPlugin", "auth_cert"],
  // The name in aMQTT's documentation.
  ["amqtt.contrib.cert.CertificateAuthPlugin", "auth_cert"],
  ["amqtt.contrib.http.UserAuthHttpPlugin", "auth_http"],
  ["amqtt.contrib.http.TopicAuthHttpPlugin", "topic_http"],
  ["amqtt.contrib.jwt.UserAuthJwtPlugin", "auth_jwt"],
  ["amqtt.contrib.jwt.TopicAuthJwtPlugin", "topic_jwt"],
]);

/** What has no counterpart: the beginning of the name -> what to do instead. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  "amqtt.contrib.django.plugins.DjangoAuthPlugin":
    "put auth_http in its place, which asks your Django application, or auth_jwt",
  "amqtt.contrib.django.plugins.UserTopicACLPlugin":
    'put topic_acl in its place, with users/%u/updates for everybody ("*")',
  "amqtt.plugins.persistence.SQLitePlugin":
    "remove it; sessions are kept with store: { type: sqlite, path: FILE }",
};

/**
 * What to write in place of a name of aMQTT that no plugin has here.
 *
 * @param name The name.
 * @returns What to do; `undefined` if it is no name of a class of Python.
 */
export function replacementOf(name: string): string | undefined {
  if (Object.hasOwn(REPLACEMENTS, name)) return REPLACEMENTS[name];
  const parts = name.split(".");
  const className = parts.pop()!;
  if (parts.length === 0 || !/^[A-Z]\w*$/.test(className)) return undefined;
  const meant = [...AMQTT_NAMES.keys()]
    .find((known) => known.endsWith(`.${className}`));
  if (meant !== undefined) return `did you mean "${meant}"?`;
  return parts[0] === "amqtt"
    ? "of aMQTT's own plugins only the bundled ones have a counterpart"
    : "it looks like a class of Python, which cannot run here: write the plugin " +
      `in TypeScript and name its file, "./${parts.join("/")}.ts#${className}"`;
}
