/** aMQTT's older keys for plugins: as they are written, and what they say. @module */

/** aMQTT's older way to name authentication plugins. */
export interface AuthInput {
  /** Plugins that are asked; absent: all. */
  plugins?: string[];
  /** Option of `auth_anonymous`. */
  allowAnonymous?: boolean;
  /** Option of `auth_file`. */
  passwordFile?: string;
}

/** aMQTT's older way to name topic plugins. */
export interface TopicCheckInput {
  /** Whether topics are checked. Default: `false`. */
  enabled?: boolean;
  /** Another name of `enabled`. */
  enable?: boolean;
  /** Plugins that are asked; absent: all. */
  plugins?: string[];
  /** Option of `topic_acl`. */
  acl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  subscribeAcl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  publishAcl?: Record<string, string[]>;
  /** Option of `topic_acl`. */
  receiveAcl?: Record<string, string[]>;
}

/** What aMQTT's older keys say about plugins; see `legacyPlugins()`. */
export interface LegacyPlugins {
  /** Plugins that decide who may connect; absent: all. */
  authPlugins?: string[];
  /** Plugins that decide about topics; absent: all; `false`: topics are not checked. */
  topicPlugins?: string[] | false;
  /** Options by plugin: those of `auth`. */
  authOptions: Record<string, Record<string, unknown>>;
  /** Options by plugin: those of `topic-check`. */
  topicOptions: Record<string, Record<string, unknown>>;
  /** Seconds between two publications of the plugin `sys`; 0: none. */
  sysInterval: number;
}
