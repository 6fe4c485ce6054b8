/**
 * What interceptors of subscriptions get, and what they may change.
 *
 * @module
 */

import type { Refusal, Unchanged } from "./answers.ts";
import type { ApplicationMessage, QoS, Session } from "./messages.ts";

/** The argument of `interceptSubscribe`: one topic filter of a SUBSCRIBE. */
export interface SubscribeEvent {
  /** The client's session. */
  readonly session: Session;
  /** Topic filter, `$share/…` included. */
  readonly filter: string;
  /** QoS that is asked for. */
  readonly qos: QoS;
  /** Whether the client's own messages are left out. */
  readonly noLocal: boolean;
  /** Whether messages keep their retain flag. */
  readonly retainAsPublished: boolean;
  /** Retain handling: 0 sends retained messages, 1 only of a new subscription, 2 never. */
  readonly retainHandling: 0 | 1 | 2;
  /** User properties of the SUBSCRIBE; absent if there are none. */
  readonly userProperties:
    | ReadonlyArray<readonly [name: string, value: string]>
    | undefined;
}

/** What `interceptSubscribe` may change. */
export interface SubscribeChanges {
  /** Topic filter; the client goes on to use its own one to unsubscribe, see `interceptUnsubscribe`. */
  filter?: string;
  /** Maximum QoS. */
  qos?: QoS;
  /** Whether the client's own messages are left out. */
  noLocal?: boolean;
  /** Whether messages keep their retain flag. */
  retainAsPublished?: boolean;
  /** Retain handling; 2 grants the subscription, but sends no retained messages. */
  retainHandling?: 0 | 1 | 2;
}

/** What `interceptSubscribe` answers. */
export type SubscribeAnswer = SubscribeChanges | Refusal | Unchanged;

/** The argument of `interceptUnsubscribe`: one topic filter of an UNSUBSCRIBE. */
export interface UnsubscribeEvent {
  /** The client's session. */
  readonly session: Session;
  /** Topic filter, `$share/…` included. */
  readonly filter: string;
}

/** What `interceptUnsubscribe` may change. */
export interface UnsubscribeChanges {
  /** Topic filter. */
  filter?: string;
}

/** What `interceptUnsubscribe` answers; of a refusal the subscription stays. */
export type UnsubscribeAnswer = UnsubscribeChanges | Refusal | Unchanged;

/** The argument of `selectSharedMember`: who of a shared subscription gets a message. */
export interface SelectMemberEvent {
  /** The shared subscription, as in `$share/group/filter`. */
  readonly filter: string;
  /** The message. */
  readonly message: ApplicationMessage;
  /** The sessions that have it, at least one. */
  readonly members: readonly Session[];
}

/**
 * What `selectSharedMember` answers: the client identifier, or nothing for the
 * broker's choice. The first plugin that answers decides; one that fails has not.
 */
export type SelectMemberAnswer = string | Unchanged;
