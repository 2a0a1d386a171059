// One step of a cluster towards what its renter asked for: form, notice losses, end in time, and come to rest. Level-triggered and idempotent.
import type { EndReason, Instant, Policy } from '@iog/protocol';
import { accrued } from '@iog/protocol';
import type { ClusterRow, JobRow, LeaseRow, Row } from '../rows.ts';
import { endLease, endOnTime, isLive, runMs } from '../lease/lease.ts';
import { nodesOf } from '../market/demand.ts';
import { due, groupOf, groupsOf, lacking } from './groups.ts';
import { endWith, isOver, surviveHeadLoss } from '../job/job.ts';
import { type Telling, tell } from './story.ts';

export interface ClusterRows {
  readonly cluster: ClusterRow;
  readonly leases: readonly LeaseRow[];
  readonly jobs: readonly JobRow[];
}

/** What a step leaves to be done: the group of each node to be placed now (the first as head where `needsHead`), or everything settled and the rest to be refunded. */
export interface ClusterStep extends ClusterRows {
  readonly rows: readonly Row[];
  readonly wanted: readonly number[];
  readonly needsHead: boolean;
  readonly settled: boolean;
}

/** What was accrued and what the running minutes may still come to: the hold must cover both. */
export function exposure(leases: readonly LeaseRow[], now: Instant): bigint {
  return leases.reduce((sum, lease) => {
    const undecidedMs = Math.max(0, runMs(lease, now) - lease.provenMs - lease.unprovenMs);
    return sum + accrued(lease.rateMicroPerHour, lease.provenMs + undecidedMs);
  }, 0n);
}

/** How far ahead of the cap a cluster ends, so that stopping does not run past it. */
const capMarginMs = 2_000;

export function stepCluster(before: ClusterRows, now: Instant, policy: Policy): ClusterStep {
  if (before.cluster.state === 'ended') return unchanged(before);
  if (before.cluster.state === 'ending') return stepEnding(before, now);
  const reason = endReason(before, now);
  if (reason) return endCluster(before, reason, now, policy);
  const tellings: Telling[] = [];
  let rows = noticeHeadLoss(endLate(endGroups(before, now, policy), now, policy), now, policy, tellings);
  rows = noticeRunning(rows, tellings, now);
  const shortage = missing(rows, now);
  const wanted = shortage.wanted.length;
  if (wanted > 0 && rows.cluster.replacements + wanted > policy.cluster.maxReplacements * nodesOf(rows.cluster.demand)) {
    return endCluster(rows, 'lost', now, policy, { before, tellings });
  }
  return finish(before, rows, tellings, now, { ...shortage, settled: false });
}

function endReason({ cluster, leases, jobs }: ClusterRows, now: Instant): EndReason | undefined {
  if (now >= cluster.endsAt) return 'time';
  const rate = leases.filter(isLive).reduce((sum, lease) => sum + lease.rateMicroPerHour, 0n);
  const upcoming = accrued(rate, capMarginMs);
  if (rate > 0n && exposure(leases, now) + upcoming >= cluster.capMicro) return 'cap';
  if (cluster.state === 'forming' && now >= cluster.formBy) return leases.some((lease) => lease.startedAt !== null) ? 'lost' : 'failed';
  const head = leases.find((lease) => lease.id === cluster.head);
  if (cluster.idleEndMs !== null && head?.state === 'active' && jobs.every(isOver) && head.idleMs >= cluster.idleEndMs) return 'idle';
  return undefined;
}

/** The time of a group is over before that of its cluster: its leases end then, and the cluster goes on without it. */
function endGroups(rows: ClusterRows, now: Instant, policy: Policy): ClusterRows {
  const groups = groupsOf(rows.cluster);
  const endOf = (lease: LeaseRow): Instant => groups[groupOf(lease)]?.endsAt ?? rows.cluster.endsAt;
  if (!rows.leases.some((lease) => isLive(lease) && now >= endOf(lease))) return rows;
  return {
    ...rows,
    leases: rows.leases.map((lease) => (isLive(lease) && now >= endOf(lease) ? endOnTime(lease, endOf(lease), now, policy) : lease)),
  };
}

/** A node of a running cluster that is not ready within the forming time is given up, so that another can take its place. */
function endLate(rows: ClusterRows, now: Instant, policy: Policy): ClusterRows {
  const isLate = (lease: LeaseRow): boolean => lease.state === 'reserved' && now - lease.createdAt > policy.cluster.formWithinMs;
  if (!rows.leases.some(isLate)) return rows;
  return {
    ...rows,
    leases: rows.leases.map((lease) =>
      isLate(lease) ? endLease(lease, 'the node did not become ready in time', now, now, policy) : lease,
    ),
  };
}

/** A lost head ends the incarnation: its members end too, and the cluster forms again on what is free plus one. */
function noticeHeadLoss(rows: ClusterRows, now: Instant, policy: Policy, tellings: Telling[]): ClusterRows {
  const head = rows.leases.find((lease) => lease.id === rows.cluster.head);
  if (!head || isLive(head)) return rows;
  const incarnation = rows.cluster.incarnation + 1;
  tellings.push({ event: 'cluster.head-lost', subject: head.id, detail: `${head.endReason ?? 'lost'}; incarnation ${incarnation} begins` });
  return {
    cluster: {
      ...rows.cluster,
      state: 'forming',
      head: null,
      incarnation,
      formBy: now + policy.cluster.formWithinMs,
      waitsFor: 'a new head',
    },
    leases: rows.leases.map((lease) => endLease(lease, 'the head was lost', now, now, policy)),
    jobs: rows.jobs.map((job) => surviveHeadLoss(job, incarnation, now)),
  };
}

function noticeRunning(rows: ClusterRows, tellings: Telling[], now: Instant): ClusterRows {
  const live = rows.leases.filter(isLive);
  const active = live.filter((lease) => lease.state === 'active');
  const waiting = live.filter((lease) => lease.state === 'reserved');
  const whole = active.length >= due(rows.cluster, now).length && rows.cluster.head !== null;
  const waitsFor = whole
    ? ''
    : waiting.length > 0
      ? waiting.map((lease) => `${lease.role} on ${lease.deviceName}: ${lease.detail || lease.step}`).join('; ')
      : 'free units for its nodes';
  if (whole && rows.cluster.state === 'forming') {
    tellings.push({ event: 'cluster.running', subject: rows.cluster.id, detail: `${active.length} nodes` });
    return { ...rows, cluster: { ...rows.cluster, state: 'running', waitsFor: '' } };
  }
  if (waitsFor.slice(0, 512) === rows.cluster.waitsFor) return rows;
  return { ...rows, cluster: { ...rows.cluster, waitsFor: waitsFor.slice(0, 512) } };
}

/** How many nodes must be placed. A new incarnation waits until the old one is off its devices, or until their time to say so is over. */
function missing({ cluster, leases }: ClusterRows, now: Instant): Pick<ClusterStep, 'wanted' | 'needsHead'> {
  const wanted = lacking(cluster, leases, now);
  const leaving = leases.some((lease) => lease.state === 'ending' && !lease.stopped && lease.stopBy !== null && now < lease.stopBy);
  if (cluster.head === null) return { wanted: leaving ? [] : wanted, needsHead: true };
  return { wanted, needsHead: false };
}

/** Ends a cluster for a reason: its leases end now, its jobs are told. Nothing to do when it is ending already. */
export function endCluster(
  current: ClusterRows,
  reason: EndReason,
  now: Instant,
  policy: Policy,
  // Within a step, what was stored before it: all that the step changed is saved and told too.
  { before, tellings }: { readonly before: ClusterRows; readonly tellings: readonly Telling[] } = { before: current, tellings: [] },
): ClusterStep {
  if (current.cluster.state === 'ending' || current.cluster.state === 'ended') return unchanged(current);
  const rows: ClusterRows = {
    cluster: {
      ...current.cluster,
      state: 'ending',
      endReason: reason,
      endingAt: now,
      waitsFor: 'its nodes to stop and their last minutes',
    },
    leases: current.leases.map((lease) => endLease(lease, `the cluster ended: ${reason}`, now, now, policy)),
    jobs: current.jobs.map((job) => endWith(job, reason === 'renter' ? 'stopped' : 'lost', `the cluster ended: ${reason}`, now)),
  };
  return finish(before, rows, [...tellings, { event: 'cluster.ending', subject: rows.cluster.id, detail: reason }], now, {
    wanted: [],
    needsHead: false,
    settled: false,
  });
}

function stepEnding(before: ClusterRows, now: Instant): ClusterStep {
  const settled = before.leases.every((lease) => lease.state === 'settled');
  const open = before.leases.filter((lease) => lease.state !== 'settled');
  const waitsFor = open
    .map((lease) => `${lease.deviceName}: ${lease.stopped ? 'its last minute' : `to stop (${lease.step})`}`)
    .join('; ')
    .slice(0, 512);
  const rows = settled || waitsFor === before.cluster.waitsFor ? before : { ...before, cluster: { ...before.cluster, waitsFor } };
  return finish(before, rows, [], now, { wanted: [], needsHead: false, settled });
}

function finish(
  before: ClusterRows,
  after: ClusterRows,
  tellings: readonly Telling[],
  now: Instant,
  rest: Pick<ClusterStep, 'wanted' | 'needsHead' | 'settled'>,
): ClusterStep {
  const stories = [...tellings, ...leaseStories(before.leases, after.leases), ...jobStories(before.jobs, after.jobs)];
  const told = tell(after.cluster, now, stories);
  const changed: Row[] = [
    ...(told.cluster === before.cluster || (stories.length === 0 && after.cluster === before.cluster) ? [] : [told.cluster]),
    ...told.events,
    ...after.leases.filter((lease, i) => lease !== before.leases[i]),
    ...after.jobs.filter((job, i) => job !== before.jobs[i]),
  ];
  return { cluster: told.cluster, leases: after.leases, jobs: after.jobs, rows: changed, ...rest };
}

function unchanged(rows: ClusterRows): ClusterStep {
  return { ...rows, rows: [], wanted: [], needsHead: false, settled: false };
}

/** What changed about leases, as events. */
export function leaseStories(before: readonly LeaseRow[], after: readonly LeaseRow[]): Telling[] {
  return after.flatMap((lease, i): Telling[] => {
    const was = before[i];
    if (!was || was === lease) return [];
    const where = `${lease.role} on ${lease.deviceName}`;
    const told: Telling[] = [];
    if (was.step !== lease.step || (was.detail !== lease.detail && lease.state === 'reserved')) {
      told.push({ event: 'lease.step', subject: lease.id, detail: `${where}: ${lease.step}${lease.detail ? `, ${lease.detail}` : ''}` });
    }
    if (was.state !== lease.state) {
      const detail =
        lease.state === 'active'
          ? `${where}: its minutes run`
          : `${where}${lease.endReason && lease.state === 'ending' ? `: ${lease.endReason}` : ''}`;
      told.push({ event: `lease.${lease.state}`, subject: lease.id, detail });
    }
    return told;
  });
}

/** What changed about jobs, as events. */
export function jobStories(before: readonly JobRow[], after: readonly JobRow[]): Telling[] {
  return after.flatMap((job, i): Telling[] =>
    before[i] && before[i].state !== job.state ? [{ event: `job.${job.state}`, subject: job.id, detail: job.detail }] : [],
  );
}
