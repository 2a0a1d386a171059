// The life of a lease: reserved, active from T1, ending from T2, settled. Its money and minutes are the ledger's and the time-lock's.
import type { Instant, LeaseId, ObservedLease, Policy, Role, Slice } from '@iog/protocol';
import { hourMs, minuteMs } from '@iog/protocol';
import type { ClusterRow, DeviceRow, LeaseRow } from '../rows.ts';

/** Why a lease of a group ends whose time is over before that of its cluster. */
export const timeIsOver = 'its time is over';
const noEvidence = '0'.repeat(64);

export interface NewLease {
  readonly id: LeaseId;
  readonly cluster: Pick<ClusterRow, 'id' | 'account' | 'incarnation'>;
  readonly device: DeviceRow;
  readonly slice: Slice;
  readonly rateMicroPerHour: bigint;
  readonly role: Role;
  readonly group: number;
  readonly sealedSecret: string | null;
}

/** A lease that waits for its node: money does not run yet. */
export function reserve({ id, cluster, device, slice, rateMicroPerHour, role, group, sealedSecret }: NewLease, now: Instant): LeaseRow {
  return {
    kind: 'lease',
    id,
    cluster: cluster.id,
    account: cluster.account,
    device: device.id,
    supplier: device.account,
    deviceName: device.name,
    slice,
    rateMicroPerHour,
    role,
    ...(group > 0 ? { group } : {}),
    incarnation: cluster.incarnation,
    generation: 1,
    state: 'reserved',
    step: 'assigned',
    detail: 'waits for its worker',
    address: null,
    rayNodeId: null,
    createdAt: now,
    startedAt: null,
    endedAt: null,
    endReason: null,
    stopped: false,
    stopBy: null,
    sealedSecret,
    closing: null,
    chain: null,
    idleMs: 0,
    nextMinute: 0,
    provenMs: 0,
    unprovenMs: 0,
    minutesProven: 0,
    minutesUnproven: 0,
    minutesViolated: 0,
    accruedMicro: 0n,
    paidMicro: 0n,
    accrueBy: now + hourMs,
    evidence: noEvidence,
  };
}

export function isLive(lease: LeaseRow): boolean {
  return lease.state === 'reserved' || lease.state === 'active';
}

/** Starts the clock of money: T1 is `now`, the moment the units are proven and the Ray node has joined. */
export function activate(lease: LeaseRow, now: Instant): LeaseRow {
  return { ...lease, state: 'active', startedAt: now, accrueBy: now + hourMs };
}

/**
 * Ends a lease: T2 is `at`, never before T1. The worker then has `stopWithinMs` to say that nothing of it runs.
 * A lease that never started owes nothing and is settled once it is stopped.
 */
export function endLease(lease: LeaseRow, reason: string, at: Instant, now: Instant, policy: Policy): LeaseRow {
  if (!isLive(lease)) return lease;
  const endedAt = lease.startedAt === null ? null : Math.max(lease.startedAt, at);
  return { ...lease, state: 'ending', endReason: reason.slice(0, 512), endedAt, stopBy: now + policy.cluster.stopWithinMs };
}

/** What a worker's report makes of a lease; the same row when it changes nothing. An older generation or incarnation changes nothing. */
export function observe(lease: LeaseRow, seen: ObservedLease, unitsProven: boolean, now: Instant, policy: Policy): LeaseRow {
  if (seen.generation !== lease.generation || seen.incarnation !== lease.incarnation) return lease;
  if (lease.state === 'settled' && lease.stopped) return lease;
  const gone = seen.step === 'stopped' || seen.step === 'failed';
  const moved = {
    ...lease,
    step: seen.step,
    detail: seen.detail.slice(0, 512),
    address: seen.address,
    rayNodeId: seen.rayNodeId,
    closing: seen.closing,
    stopped: lease.stopped || gone,
  };
  // Idleness is written in steps, so that a quiet cluster does not write a row with each beat.
  const idleMs = Math.abs(seen.idleMs - lease.idleMs) >= 5_000 || seen.idleMs === 0 ? seen.idleMs : lease.idleMs;
  const next = { ...moved, idleMs };
  if (gone && isLive(lease))
    return endLease(next, seen.step === 'failed' ? `node failed: ${seen.detail}` : 'node stopped', now, now, policy);
  if (seen.step === 'ready' && lease.state === 'reserved' && unitsProven) return activate(next, now);
  return sameReport(lease, next) ? lease : next;
}

function sameReport(a: LeaseRow, b: LeaseRow): boolean {
  return (
    a.step === b.step &&
    a.detail === b.detail &&
    a.rayNodeId === b.rayNodeId &&
    a.idleMs === b.idleMs &&
    a.stopped === b.stopped &&
    a.address?.gcs === b.address?.gcs &&
    a.address?.dashboard === b.address?.dashboard &&
    a.closing?.index === b.closing?.index &&
    a.closing?.segment === b.closing?.segment
  );
}

/** The lease of a device that fell silent: its money ends at its last good evidence, but never within a minute that has its verdict. */
export function loseLease(lease: LeaseRow, now: Instant, policy: Policy): LeaseRow {
  return endLease(lease, 'device lost: no word from it', Math.max(lease.chain?.at ?? 0, decidedUntil(lease, now)), now, policy);
}

/** A lease whose time was over at `at`: it ends then, however late that is noticed, but never within a minute that has its verdict. */
export function endOnTime(lease: LeaseRow, at: Instant, now: Instant, policy: Policy): LeaseRow {
  return endLease(lease, timeIsOver, Math.max(at, decidedUntil(lease, at)), now, policy);
}

function decidedUntil({ startedAt, nextMinute }: LeaseRow, otherwise: Instant): Instant {
  return startedAt === null ? otherwise : startedAt + nextMinute * minuteMs;
}

/** Milliseconds from T1 to T2, or to now while it runs. */
export function runMs(lease: LeaseRow, now: Instant): number {
  return lease.startedAt === null ? 0 : Math.max(0, (lease.endedAt ?? now) - lease.startedAt);
}
