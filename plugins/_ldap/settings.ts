/**
 * The options that the plugins with a directory share.
 *
 * @module
 */

import * as v from "valibot";

/** Where the directory is, and how users are found in it. */
export interface LdapSettings {
  /** URL of the server, `ldap://` or `ldaps://`. */
  server: string;
  /** Distinguished name under which users are searched. */
  baseDn: string;
  /** Attribute that holds the user name. */
  userAttribute: string;
  /** A further filter that an entry must satisfy. Default: none. */
  userFilter?: string;
  /** Distinguished name of the account that searches. */
  bindDn: string;
  /** Password of that account. */
  bindPassword: string;
  /** Whether a connection of `ldap://` is encrypted before anything is sent. Default: `false`. */
  startTls: boolean;
  /** File with the authorities that are trusted. Default: those of the system. */
  cafile?: string;
  /** How many connections there are at most for each purpose, 1 to 100. Default: 4. */
  connections: number;
  /** Seconds that the directory may take to answer, 0.01 to 60. Default: 3. */
  timeout: number;
}

const Text: v.GenericSchema<string> = v.pipe(v.string(), v.nonEmpty());
const Attribute: v.GenericSchema<string> = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z][A-Za-z0-9-]*$|^\d+(\.\d+)+$/, "not an attribute's name"),
);

/** Schema of an attribute's name. */
export const AttributeOption: v.GenericSchema<string> = Attribute;

/** The schema of {@linkcode LdapSettings}, as entries of an object's schema. */
export const ldapEntries: {
  server: v.GenericSchema<string>;
  baseDn: v.GenericSchema<string>;
  userAttribute: v.GenericSchema<string>;
  userFilter: v.GenericSchema<string | undefined>;
  bindDn: v.GenericSchema<string>;
  bindPassword: v.GenericSchema<string>;
  startTls: v.GenericSchema<boolean | undefined, boolean>;
  cafile: v.GenericSchema<string | undefined>;
  connections: v.GenericSchema<number | undefined, number>;
  timeout: v.GenericSchema<number | undefined, number>;
} = {
  server: v.pipe(
    v.string(),
    v.regex(
      /^ldaps?:\/\/(\[[0-9a-f:.]+\]|[^/?#@:[\]]+)(:\d{1,5})?\/?$/i,
      'must be a URL such as "ldaps://directory.example.org" or "ldap://127.0.0.1:389"',
    ),
  ),
  baseDn: Text,
  userAttribute: Attribute,
  userFilter: v.optional(Text),
  bindDn: Text,
  // Without a password the server would take the account for anonymous.
  bindPassword: Text,
  startTls: v.optional(v.boolean(), false),
  cafile: v.optional(Text),
  connections: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
    4,
  ),
  timeout: v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(60)), 3),
};
