// This process among the control processes of its store: it renews its time, claims shards, and knows who else lives.
import { type ReplicaName, type ReplicaRow, type Row, type ShardRow, type Watch } from '@iog/core';
import { claimShards, enterReplica, isAlive, ownsShard, renewReplica, shardIds, shardOf } from '@iog/core';
import type { ControlPorts, Read } from '../ports.ts';
import { change } from '../ports.ts';
import type { ForwardClock } from '../clock.ts';

export interface Replica extends ReplicaName {
  /** Whether the loops of this cluster are this replica's now. A hint: `holds` decides. */
  mine(cluster: string): boolean;
  /** Reads the claim within a decision, so that the decision stands only while the claim does. */
  holds(read: Read, cluster: string): Promise<boolean>;
  /** Whether another replica lives. */
  areOthers(): boolean;
  watch(): Watch;
  /** One step: time renewed where due, shards claimed or given up. True where shards were gained. */
  refresh(): Promise<boolean>;
  /** The others can read now what this replica knows: until then it gives no shard up to them. */
  told(): void;
  /** Its time is over now: others need not wait for it. */
  leave(): Promise<void>;
}

export interface Joining {
  /** The same for every process of one data directory, of which one runs at a time. */
  readonly id: string;
  readonly leaseMs: number;
  readonly reconnectMs: number;
  /** Told once, when another process has begun a later life of this replica: this one must end. */
  readonly superseded?: (error: Error) => void;
}

const replicasLooked = 1_000;

type Ports = Pick<ControlPorts, 'store' | 'log'> & { readonly clock: ForwardClock };

/** Begins a new life of this replica: one commit. */
export async function joinReplicas(ports: Ports, { id, leaseMs, reconnectMs, superseded }: Joining): Promise<Replica> {
  const { clock, log } = ports;
  let own = await enter(ports, id, leaseMs);
  const { generation, since } = own;
  const me: ReplicaName = { id, generation };
  let replicas = new Map<string, ReplicaRow>([[id, own]]);
  let held = new Map<string, number>();
  let isOver = false;
  let isTold = false;
  /** Since when its claim has stood without a lapse: while the store took no renewal, it took no hello either. */
  let standsSince = since;
  // After it, what this process remembers of the others is too old to decide by.
  const isFresh = (): boolean => !isOver && isAlive(own, clock.now());

  function areOthers(): boolean {
    return [...replicas.values()].some((row) => row.id !== id && isAlive(row, clock.now()));
  }

  return {
    ...me,
    mine: (cluster) => isFresh() && held.has(shardOf(cluster)),
    async holds(read, cluster) {
      const shard = shardOf(cluster);
      const row = await read.one('shard', shard);
      return isFresh() && ownsShard(row, me, held.get(shard));
    },
    areOthers,
    told: () => {
      isTold = true;
    },
    watch: () => ({ replicas, since: Math.max(standsSince, clock.awakeSince()), reconnectMs, now: clock.now() }),
    async refresh() {
      if (isOver) return false;
      const seen = await change(ports, async (read) => {
        const listed = await listReplicas(read, id);
        // Each renewal tells the time of who renewed: no two replicas differ in time by more than a renewal takes.
        clock.reached(Math.max(0, ...listed.map((row) => (row.id === id ? 0 : row.until - leaseMs))));
        const now = clock.now();
        const before = listed.find((row) => row.id === id);
        const renewed = renewReplica(before, me, now, leaseMs);
        if (!renewed) return { writes: [], value: undefined };
        const shards = await read.many('shard', shardIds);
        const claims = claimShards({ replicas: listed, shards, held }, me, now).filter(({ owner }) => owner === id || isTold);
        const writes: Row[] = [...(renewed === before ? [] : [renewed]), ...claims];
        return { writes, value: { listed, renewed, shards, claims } };
      });
      if (!seen) {
        isOver = true;
        held = new Map();
        log({ level: 'error', event: 'replica.superseded', replica: id, generation });
        superseded?.(supersededError());
        return false;
      }
      if (!isAlive(own, clock.now())) standsSince = clock.now();
      own = seen.renewed;
      replicas = new Map([...seen.listed, own].map((row) => [row.id, row]));
      if (!areOthers()) isTold = false;
      const [before, after] = [held, heldAfter(seen.shards, seen.claims, me, held)];
      held = after;
      for (const { id: shard, owner } of seen.claims) log({ level: 'info', event: owner === '' ? 'shard.given' : 'shard.claimed', shard });
      return [...after].some(([shard, claim]) => before.get(shard) !== claim);
    },
    async leave() {
      isOver = true;
      held = new Map();
      await endLife(ports, me);
    },
  };
}

function enter(ports: Ports, id: string, leaseMs: number): Promise<ReplicaRow> {
  return change<ReplicaRow>(ports, async (read) => {
    const entered = enterReplica(await read.one('replica', id), id, ports.clock.now(), leaseMs);
    return { writes: [entered], value: entered };
  });
}

function supersededError(): Error {
  const message =
    'another control runs over a copy of this data directory: stop it, or remove the file replica.id from the copy, and start both again';
  return Object.assign(new Error(message), { code: 'replica.superseded' });
}

async function listReplicas(read: Read, own: string): Promise<readonly ReplicaRow[]> {
  const found = await read.list({ kind: 'replica', index: 'all', limit: replicasLooked });
  const mine = await read.one('replica', own);
  return [...found.filter((row) => row.id !== own), ...(mine ? [mine] : [])];
}

/** What this life holds after a step: what it held and still does, and what it has claimed. */
function heldAfter(
  shards: readonly ShardRow[],
  claims: readonly ShardRow[],
  me: ReplicaName,
  held: ReadonlyMap<string, number>,
): Map<string, number> {
  const kept = shards.filter((row) => ownsShard(row, me, held.get(row.id))).map((row): [string, number] => [row.id, row.generation]);
  const next = new Map(kept);
  for (const { id, owner, generation } of claims) {
    if (owner === me.id) next.set(id, generation);
    else next.delete(id);
  }
  return next;
}

function endLife(ports: Ports, { id, generation }: ReplicaName): Promise<void> {
  return change(ports, async (read) => {
    const row = await read.one('replica', id);
    return { writes: row?.generation === generation ? [{ ...row, until: Math.min(row.until, ports.clock.now()) }] : [], value: undefined };
  });
}
