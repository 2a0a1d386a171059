// Keeps every cluster moving towards what its renter asked for. One idempotent step for each that is not ended.
import type { Receipt } from '@iog/protocol';
import {
  type BalanceRow,
  type ClusterRow,
  type ClusterRows,
  type LeaseRow,
  type Row,
  heardAt,
  holdOf,
  availableOf,
  isLive,
  leaseStories,
  loseLease,
  receiptOf,
  refundRest,
  stepCluster,
  tell,
} from '@iog/core';
import { canonical } from '@iog/seal';
import { type ControlPorts, type Read, change, newId } from '../ports.ts';
import { type Loop, eachAlone, loop } from '../loop.ts';
import { replaced } from './replaced.ts';
import type { MarketPorts } from '../market/market.ts';
import { presenceOf } from '../replica/presence.ts';
import { all, entriesOf, minutesOf } from './account.ts';

const tracesKept = 1_000;

export function clusterLoop(ports: MarketPorts): Loop {
  /** The request that last woke a cluster. */
  const traces = new Map<string, string>();
  const woken = loop('cluster', ports.periods.clusterMs, ports, async (ids) => {
    const clusters = ids ?? (await all<ClusterRow>(ports.store, 'cluster', 'live')).map(({ id }) => id);
    const mine = clusters.filter((id) => ports.replica.mine(id));
    const traced = new Map(traces);
    traces.clear();
    await eachAlone(ports.log, 'cluster', mine, (id) => stepOne(ports, id, traced.get(id)));
  });
  const off = ports.signals.on('cluster', (cluster, trace) => {
    if (trace !== undefined && traces.size < tracesKept) traces.set(cluster, trace);
    woken.wake(cluster);
  });
  return { ...woken, stop: () => (off(), woken.stop()) };
}

/** One step of one cluster; wakes the devices and leases that it changed. */
async function stepOne(ports: MarketPorts, id: string, trace: string | undefined): Promise<void> {
  const changed = await change<Changed | undefined>(ports, async (read) => {
    const cluster = await read.one('cluster', id);
    if (!cluster || cluster.state === 'ended' || !(await ports.replica.holds(read, id))) return { writes: [], value: undefined };
    const now = ports.clock.now();
    const leases = await read.many('lease', cluster.leases);
    const jobs = await read.many('job', cluster.jobs);
    const seen: LeaseRow[] = [];
    for (const lease of leases) seen.push(await noticeSilence(ports, read, lease, now));
    const stories = leaseStories(leases, seen);
    const told = stories.length > 0 ? tell(cluster, now, stories) : { cluster, events: [] };
    const step = stepCluster({ cluster: told.cluster, leases: seen, jobs }, now, ports.policy);
    const lost = seen.filter((lease, i) => lease !== leases[i] && !step.rows.some((row) => row.kind === 'lease' && row.id === lease.id));
    const rows: Row[] = [
      ...(stories.length > 0 ? [told.cluster, ...told.events] : []),
      ...step.rows,
      ...lost,
      ...settleUnstarted(step.leases, now),
    ];
    if (step.settled) return { writes: await finished(ports, read, step, now), value: changedBy(step.leases, []) };
    if (step.wanted.length > 0) rows.push(...(await replaced(ports, read, step, now)));
    const latest = lastOfEach(rows);
    return { writes: latest, value: latest.length > 0 ? changedBy(step.leases, latest) : undefined };
  });
  if (trace !== undefined)
    ports.log({ level: 'info', event: 'cluster.stepped', cluster: id, request: trace, devices: changed?.devices.length ?? 0 });
  if (!changed) return;
  for (const device of changed.devices) ports.signals.wake('device', device, trace);
  for (const lease of changed.leases) ports.signals.wake('minute', lease);
  ports.signals.wake('event', id);
}

interface Changed {
  readonly devices: readonly string[];
  readonly leases: readonly string[];
}

/** A device that no replica has heard for the grace, the replicas' own outages not counted, has lost its lease. */
async function noticeSilence(ports: ControlPorts, read: Read, lease: LeaseRow, now: number): Promise<LeaseRow> {
  if (!isLive(lease)) return lease;
  // What is in a session here is known without a look at the rows.
  const own = ports.live.get(lease.device);
  const isHeard = own?.connected === true && now - own.lastSeenAt <= ports.policy.session.lostAfterMs;
  if (isHeard) return lease;
  const heard = Math.max(heardAt(await presenceOf(ports, read, lease.device), { ...ports.replica.watch(), now }), lease.createdAt);
  return now - heard > ports.policy.session.lostAfterMs ? loseLease(lease, now, ports.policy) : lease;
}

/** A lease that never started owes nothing: it is settled once stopped, or when its worker's time to say so is over. */
function settleUnstarted(leases: readonly LeaseRow[], now: number): LeaseRow[] {
  return leases
    .filter(
      (lease) => lease.state === 'ending' && lease.startedAt === null && (lease.stopped || (lease.stopBy !== null && now >= lease.stopBy)),
    )
    .map((lease) => ({ ...lease, state: 'settled' }));
}

/** All leases are settled: the rest of the hold goes back, and the receipt is issued and signed. */
async function finished(ports: ControlPorts, read: Read, { cluster, leases }: ClusterRows, now: number): Promise<readonly Row[]> {
  const balances = new Map(
    (await read.many('balance', [holdOf(cluster.id), availableOf(cluster.account)])).map((row: BalanceRow) => [row.id, row]),
  );
  const refund = refundRest({ cluster, balances, now, entryId: newId(ports, 'ent') });
  if (!refund.ok) throw new Error(`the refund of ${cluster.id} was rejected: ${refund.rejection.code}`);
  const over: ClusterRow = { ...refund.value.cluster, state: 'ended', endedAt: now, waitsFor: '' };
  const told = tell(over, now, [
    { event: 'cluster.ended', subject: cluster.id, detail: over.endReason ?? '' },
    {
      event: 'receipt.issued',
      subject: cluster.id,
      detail: `held ${over.heldMicro}, paid ${over.paidMicro}, refunded ${over.refundedMicro}`,
    },
  ]);
  const minutes = new Map<string, Awaited<ReturnType<typeof minutesOf>>>();
  for (const lease of leases) minutes.set(lease.id, await minutesOf(ports.store, lease.id));
  const entries = [...(await entriesOf(ports.store, cluster.id)), ...refund.rows.filter((row) => row.kind === 'entry')];
  const body = receiptOf({
    cluster: told.cluster,
    leases,
    minutes,
    entries,
    policyHash: ports.policyHash,
    notice: ports.policy.notice,
    now,
  });
  const receipt: Receipt = { ...body, signature: ports.key.sign('receipt', canonical(body)) };
  const key = await read.one('key', cluster.key);
  const spent: Row[] = key ? [{ ...key, spentMicro: key.spentMicro - over.refundedMicro }] : [];
  return [
    told.cluster,
    ...told.events,
    ...refund.rows.filter((row) => row.kind !== 'cluster'),
    { kind: 'receipt', id: cluster.id, receipt },
    ...spent,
  ];
}

/** Several parts of one step may have moved the same row on; the last one is what is meant. */
function lastOfEach(rows: readonly Row[]): Row[] {
  return [...new Map(rows.map((row) => [`${row.kind}/${row.id}`, row])).values()];
}

function changedBy(leases: readonly LeaseRow[], rows: readonly Row[]): Changed {
  const touched = [...leases, ...rows.filter((row) => row.kind === 'lease')];
  return { devices: [...new Set(touched.map(({ device }) => device))], leases: [...new Set(touched.map(({ id }) => id))] };
}
