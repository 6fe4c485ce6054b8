/**
 * The plugins that come with the broker, and the names that aMQTT has for them.
 *
 * @module
 */

/** The namespace of the bundled plugins, and the default one. */
export const BUNDLED_NAMESPACE = "dinomq.plugins";

/**
 * Alias -> module. A published package loses its import map, and with it every
 * alias that is computed at run time; an `import()` with a literal is rewritten
 * when the package is published, and needs no permission.
 */
export const BUNDLED_PLUGINS: Readonly<
  Record<string, () => Promise<unknown>>
> = {
  "auth_anonymous": () => import("dinomq.plugins/auth_anonymous"),
  "auth_file": () => import("dinomq.plugins/auth_file"),
  "auth_cert": () => import("dinomq.plugins/auth_cert"),
  "auth_http": () => import("dinomq.plugins/auth_http"),
  "auth_jwt": () => import("dinomq.plugins/auth_jwt"),
  "auth_db": () => import("dinomq.plugins/auth_db"),
  "auth_ldap": () => import("dinomq.plugins/auth_ldap"),
  "topic_taboo": () => import("dinomq.plugins/topic_taboo"),
  "topic_acl": () => import("dinomq.plugins/topic_acl"),
  "topic_http": () => import("dinomq.plugins/topic_http"),
  "topic_jwt": () => import("dinomq.plugins/topic_jwt"),
  "topic_db": () => import("dinomq.plugins/topic_db"),
  "topic_ldap": () => import("dinomq.plugins/topic_ldap"),
  "shadows": () => import("dinomq.plugins/shadows"),
  "bridge": () => import("dinomq.plugins/bridge"),
  "sys": () => import("dinomq.plugins/sys"),
  "event_logger": () => import("dinomq.plugins/event_logger"),
  "packet_logger": () => import("dinomq.plugins/packet_logger"),
  "webhook": () => import("dinomq.plugins/webhook"),
};

/** aMQTT's entry points and dotted class names -> our alias. */
const AMQTT_NAMES: ReadonlyMap<string, string> = new Map([
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

/**
 * The alias of a bundled plugin.
 *
 * @param name Our alias, aMQTT's alias or aMQTT's dotted class name.
 * @returns Our alias, or `undefined` if no bundled plugin has the name.
 */
export function bundledAlias(name: string): string | undefined {
  if (Object.hasOwn(BUNDLED_PLUGINS, name)) return name;
  return AMQTT_NAMES.get(name);
}
