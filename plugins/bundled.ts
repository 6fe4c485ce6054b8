/**
 * The plugins that come with the broker.
 *
 * @module
 */

import { AMQTT_NAMES } from "./amqtt_names.ts";

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
