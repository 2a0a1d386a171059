// The groups of a cluster's nodes: the shape of each, what one of its nodes may cost, and until when it is rented.
import type { Demand, Instant, NodeShape } from '@iog/protocol';
import type { ClusterRow, LeaseRow } from '../rows.ts';
import { isLive } from '../lease/lease.ts';
import { shapesOf } from '../market/demand.ts';

export interface Group {
  readonly shape: NodeShape;
  /** What a replacement in it may cost. */
  readonly topRateMicroPerHour: bigint;
  readonly endsAt: Instant;
}

/** A cluster of one shape is one group, which ends with it. */
export function groupsOf({ demand, groups, topRateMicroPerHour, endsAt }: ClusterRow): readonly Group[] {
  return shapesOf(demand).map((shape, i) => ({ shape, ...(groups?.[i] ?? { topRateMicroPerHour, endsAt }) }));
}

export function groupOf(lease: LeaseRow): number {
  return lease.group ?? 0;
}

/** The group of each node of a quote, in the order of its nodes. */
export function groupOfEach(demand: Demand): readonly number[] {
  return shapesOf(demand).flatMap(({ nodes }, group) => Array.from({ length: nodes }, () => group));
}

/** The group of each node that should run now: those whose time is not over. */
export function due(cluster: ClusterRow, now: Instant): readonly number[] {
  const groups = groupsOf(cluster);
  return groupOfEach(cluster.demand).filter((group) => now < (groups[group]?.endsAt ?? 0));
}

/** The group of each node that should run now and has no live lease. */
export function lacking(cluster: ClusterRow, leases: readonly LeaseRow[], now: Instant): readonly number[] {
  const live = leases.filter(isLive).map(groupOf);
  return due(cluster, now).filter((group) => {
    const at = live.indexOf(group);
    if (at < 0) return true;
    live.splice(at, 1);
    return false;
  });
}
