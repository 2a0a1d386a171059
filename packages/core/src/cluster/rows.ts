// The rows of a cluster: itself, and its story.
import type { AccountId, ClusterId, ClusterState, Currency, Demand, EndReason, Instant, JobId, LeaseId, Secrets } from '@iog/protocol';

export interface ClusterRow {
  readonly kind: 'cluster';
  readonly id: ClusterId;
  readonly account: AccountId;
  readonly key: string;
  readonly name: string;
  readonly state: ClusterState;
  readonly endReason: EndReason | null;
  readonly demand: Demand;
  readonly currency: Currency;
  readonly capMicro: bigint;
  readonly heldMicro: bigint;
  readonly paidMicro: bigint;
  readonly refundedMicro: bigint;
  readonly feeMicro: bigint;
  readonly feeBasisPoints: number;
  /** The most that one node of the quote costs: what a replacement may cost. */
  readonly topRateMicroPerHour: bigint;
  /** Of a cluster of several shapes, group by group: what a replacement may cost, and until when it is rented. */
  readonly groups?: readonly { readonly topRateMicroPerHour: bigint; readonly endsAt: Instant }[];
  readonly createdAt: Instant;
  readonly endsAt: Instant;
  readonly endingAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly incarnation: number;
  readonly head: LeaseId | null;
  readonly leases: readonly LeaseId[];
  readonly jobs: readonly JobId[];
  readonly secrets: Secrets;
  readonly events: number;
  readonly replacements: number;
  readonly idleEndMs: number | null;
  readonly formBy: Instant;
  readonly policy: string;
  readonly waitsFor: string;
  /** Its events and jobs were forgotten: it ended longer ago than they are kept. */
  readonly storyGone?: true;
}

/** One line of a cluster's story. Id: `<cluster>/<seq, 8 digits>`. */
export interface EventRow {
  readonly kind: 'event';
  readonly id: string;
  readonly cluster: ClusterId;
  readonly seq: number;
  readonly at: Instant;
  readonly event: string;
  readonly subject: string;
  readonly detail: string;
}
