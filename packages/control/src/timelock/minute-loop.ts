// Decides minutes: each minute of an open lease whose evidence is whole, or whose window is over, gets its verdict once; then money follows.
import type { LeaseId } from '@iog/protocol';
import { hourMs } from '@iog/protocol';
import {
  type BalanceRow,
  type ClusterRow,
  type DeviceRow,
  type LeaseRow,
  type MinuteRow,
  type Row,
  accountsOfAccrual,
  accrue,
  applyVerdict,
  decideMinute,
  mayReachEnd,
  minuteBounds,
  minuteId,
  minutesAround,
  witnessed,
} from '@iog/core';
import { type ControlPorts, type Read, change, newId } from '../ports.ts';
import { all } from '../cluster/account.ts';
import { presenceOf } from '../replica/presence.ts';
import { type Loop, eachAlone, loop } from '../loop.ts';

const minutesAtOnce = 30;

/** Keeps every open lease's verdicts and money up to date; woken when evidence comes. */
export function minuteLoop(ports: ControlPorts): Loop {
  const woken = loop('minute', ports.periods.minuteMs, ports, async (ids) => {
    const leases = ids ?? (await openLeases(ports));
    await eachAlone(ports.log, 'minute', leases, (id) => stepLease(ports, id as LeaseId));
  });
  const off = ports.signals.on('minute', (lease) => woken.wake(lease));
  return { ...woken, stop: () => (off(), woken.stop()) };
}

/** Those of this replica's shards. */
async function openLeases(ports: ControlPorts): Promise<readonly string[]> {
  const open = await all<LeaseRow>(ports.store, 'lease', 'open');
  return open.filter(({ cluster }) => ports.replica.mine(cluster)).map(({ id }) => id);
}

/** One lease's step: its decided minutes, the money due, and settlement once the last minute is decided. */
async function stepLease(ports: ControlPorts, id: LeaseId): Promise<void> {
  const settled = await change<LeaseRow | undefined>(ports, async (read) => {
    const before = await read.one('lease', id);
    if (!before || (before.state !== 'active' && before.state !== 'ending')) return { writes: [], value: undefined };
    if (!(await ports.replica.holds(read, before.cluster))) return { writes: [], value: undefined };
    const now = ports.clock.now();
    const decided = await decideDue(ports, read, before, now);
    let { lease } = decided;
    const isOver = lease.state === 'ending' && minutesOver(lease) && (lease.stopped || (lease.stopBy !== null && now >= lease.stopBy));
    const rows: Row[] = [...decided.minutes];
    let cluster: ClusterRow | undefined;
    if (isOver || now >= lease.accrueBy) {
      cluster = await read.one('cluster', lease.cluster);
      if (!cluster) throw new Error(`lease ${lease.id} has no cluster`);
      const balances = new Map((await read.many('balance', accountsOfAccrual(lease, cluster))).map((row: BalanceRow) => [row.id, row]));
      const paid = accrue({ lease, cluster, balances, now, entryId: newId(ports, 'ent') });
      if (!paid.ok) throw new Error(`accrual of ${lease.id} was rejected: ${paid.rejection.code}`);
      lease = paid.value.lease;
      rows.push(...paid.rows.filter((row) => row.kind !== 'lease'));
      lease = { ...lease, accrueBy: now + hourMs, ...(isOver ? { state: 'settled' as const } : {}) };
    }
    if (lease === before && rows.length === 0) return { writes: [], value: undefined };
    if (isOver) rows.push(...(await reputationOf(read, lease)));
    return { writes: [...rows, lease], value: lease };
  });
  if (settled) {
    ports.signals.wake('cluster', settled.cluster);
    ports.signals.wake('event', settled.cluster);
  }
}

async function decideDue(
  ports: ControlPorts,
  read: Read,
  before: LeaseRow,
  now: number,
): Promise<{ lease: LeaseRow; minutes: MinuteRow[] }> {
  const decided: MinuteRow[] = [];
  let lease = before;
  const { startedAt } = before;
  if (startedAt === null || now < minuteBounds(startedAt, before.endedAt, before.nextMinute).to) return { lease, minutes: decided };
  let presence: Awaited<ReturnType<typeof presenceOf>> | undefined;
  const watch = { ...ports.replica.watch(), now };
  while (decided.length < minutesAtOnce && !minutesOver(lease)) {
    const k = lease.nextMinute;
    const bounds = minuteBounds(startedAt, lease.endedAt, k);
    if (now < bounds.to) break;
    // A woken lease has seldom evidence enough: its minutes are not read before it can be.
    const isOpen = now < bounds.to + ports.policy.evidence.windowMs;
    if (isOpen && !mayReachEnd(lease.chain, { ...bounds, policy: ports.policy })) break;
    presence ??= await presenceOf(ports, read, before.device);
    const around = await read.many(
      'minute',
      minutesAround(k, ports.policy).map((each) => minuteId(lease.id, each)),
    );
    const own = around.find((minute) => minute.k === k);
    const minute: MinuteRow = own ?? {
      kind: 'minute',
      id: minuteId(lease.id, k),
      lease: lease.id,
      k,
      samples: [],
      pulses: [],
      absences: [],
      ...bounds,
      verdict: null,
    };
    const { pulses, absences, isOwed, servedFrom } = witnessed(presence, bounds.from, bounds.to, watch);
    // The evidence window counts only our own uptime.
    const windowFrom = Math.max(bounds.to, servedFrom);
    // What a replica has not told of its pulses is waited for, as long as evidence is.
    if (isOwed && now < windowFrom + ports.policy.evidence.windowMs) break;
    const samples = around.flatMap((each) => each.samples);
    const verdict = decideMinute({
      ...bounds,
      k,
      samples,
      pulses,
      absences,
      cores: lease.slice.cores.length,
      policy: ports.policy,
      policyHash: ports.policyHash,
      now,
      windowFrom,
    });
    if (!verdict) break;
    const applied = applyVerdict(lease, { ...minute, ...bounds, pulses, absences }, verdict, bounds.to - bounds.from);
    lease = applied.lease;
    decided.push(applied.minute);
  }
  return { lease, minutes: decided };
}

/** Whether every minute up to T2 has its verdict. */
function minutesOver(lease: LeaseRow): boolean {
  if (lease.startedAt === null) return true;
  if (lease.endedAt === null) return false;
  return lease.nextMinute * 60_000 >= lease.endedAt - lease.startedAt;
}

async function reputationOf(read: Read, lease: LeaseRow): Promise<DeviceRow[]> {
  const device = await read.one('device', lease.device);
  return device ? [{ ...device, provenMs: device.provenMs + lease.provenMs, unprovenMs: device.unprovenMs + lease.unprovenMs }] : [];
}
