// Which replica runs which share of the loops. A replica lives as long as it renews its time; shards of a dead one go to those that live.
import type { Instant } from '@iog/protocol';
import type { ReplicaRow, ShardRow } from '../rows.ts';

/** Clusters, with their leases, are spread over so many shards; more replicas than these would have nothing to run. */
export const shardIds: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7'];

export interface ReplicaName {
  readonly id: string;
  readonly generation: number;
}

/** The shard of a cluster and of everything that is the cluster's (FNV-1a). */
export function shardOf(cluster: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < cluster.length; i++) hash = Math.imul(hash ^ cluster.charCodeAt(i), 0x01000193);
  return shardIds[(hash >>> 0) % shardIds.length] as string;
}

/** A new life of a replica. Whatever an earlier one of the same directory had, it is over. */
export function enterReplica(before: ReplicaRow | undefined, id: string, now: Instant, leaseMs: number): ReplicaRow {
  return { kind: 'replica', id, generation: (before?.generation ?? 0) + 1, since: now, until: now + leaseMs };
}

/** Its time renewed, once a third of it is gone; the same row before. Undefined where a later life of the same replica has begun. */
export function renewReplica(row: ReplicaRow | undefined, me: ReplicaName, now: Instant, leaseMs: number): ReplicaRow | undefined {
  if (row?.generation !== me.generation) return undefined;
  return row.until - now > (leaseMs * 2) / 3 ? row : { ...row, until: now + leaseMs };
}

export function isAlive(row: ReplicaRow | undefined, now: Instant): boolean {
  return row !== undefined && now < row.until;
}

export interface ShardsSeen {
  /** All replicas that there are rows of. */
  readonly replicas: readonly ReplicaRow[];
  readonly shards: readonly ShardRow[];
  /** The generations under which this life of `me` has claimed. */
  readonly held: ReadonlyMap<string, number>;
}

/**
 * The shards to write so that `me` has its fair part: own ones of an earlier life and free ones are claimed, those beyond the part are given
 * up. Shards of a replica that lives are never taken. Once every living replica has done so, each shard has one owner.
 */
export function claimShards({ replicas, shards, held }: ShardsSeen, me: ReplicaName, now: Instant): readonly ShardRow[] {
  const living = new Set(replicas.filter((row) => isAlive(row, now)).map(({ id }) => id));
  living.add(me.id);
  const fair = Math.ceil(shardIds.length / living.size);
  const rows = new Map(shards.map((row) => [row.id, row]));
  const isMine = (row: ShardRow | undefined): boolean => row?.owner === me.id && held.get(row.id) === row.generation;
  let count = shardIds.filter((id) => isMine(rows.get(id))).length;
  return shardIds.flatMap((id): ShardRow[] => {
    const row = rows.get(id);
    const next = { kind: 'shard', id, generation: (row?.generation ?? 0) + 1 } as const;
    if (isMine(row) && count <= fair) return [];
    if (isMine(row)) {
      count -= 1;
      return [{ ...next, owner: '' }];
    }
    const isEarlier = row?.owner === me.id;
    if (row && !isEarlier && living.has(row.owner)) return [];
    if (count >= fair) return isEarlier ? [{ ...next, owner: '' }] : [];
    count += 1;
    return [{ ...next, owner: me.id }];
  });
}

/** Whether this claim still stands: an older one may change nothing. */
export function ownsShard(row: ShardRow | undefined, me: ReplicaName, generation: number | undefined): boolean {
  return row?.owner === me.id && row.generation === generation;
}
