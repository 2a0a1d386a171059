// The verdict of one lease-minute, from recorded evidence and the policy alone (rules `timelock/v1`): the same input gives the same verdict, for anyone.
import type { Ground, GroundCode, Instant, LeaseId, Policy } from '@iog/protocol';
import { accrued, minuteMs } from '@iog/protocol';
import type { LeaseRow, MinuteRow, PulseRecord, Sample, Verdict } from '../rows.ts';

export interface MinuteEvidence {
  readonly from: Instant;
  readonly to: Instant;
  /** Samples of this minute and of its neighbours, in any order. */
  readonly samples: readonly Sample[];
  /** Pulses sent within the minute, each answered in time or missed. */
  readonly pulses: readonly PulseRecord[];
  readonly cores: number;
  readonly policy: Policy;
  readonly policyHash: string;
  readonly now: Instant;
  /** Since when control has been up to take evidence for it; the window counts from here. */
  readonly windowFrom: Instant;
}

/** Below this, a share of CPU says nothing: counters move in steps. */
const shareSpanLeastMs = 3_000;
const shareSpanWantedMs = 10_000;

/** Undefined while evidence may still come: the chain does not reach the minute's end, and its window is open. */
export function decideMinute(evidence: MinuteEvidence): Verdict | undefined {
  const { from, to, policy, policyHash, now, windowFrom } = evidence;
  const samples = evidence.samples.toSorted((a, b) => a.segment - b.segment || a.index - b.index || a.arrivedAt - b.arrivedAt);
  const last = samples.findLast((sample) => !sample.contradiction);
  const isWhole = last !== undefined && (last.at >= to || (last.closing && last.at >= to - policy.evidence.maxGapMs));
  if (!isWhole && now < windowFrom + policy.evidence.windowMs) return undefined;

  const grounds = [...pulseGrounds(evidence), ...chainGrounds(samples, from, to, policy), ...foreignGrounds(samples, evidence)];
  const isProven = !grounds.some(({ code }) => failing.has(code));
  return { kind: isProven ? 'proven' : 'unproven', basis: isProven ? 'declared' : null, grounds, method: last?.method ?? 'none', policy: policyHash, decidedAt: now };
}

const failing = new Set<GroundCode>(['chain.gap', 'chain.missing', 'chain.contradiction', 'pulse.missed', 'foreign.share', 'foreign.unmeasured', 'closing.missing']);

function ground(code: GroundCode, numbers: Record<string, number> = {}): Ground {
  return { code, numbers };
}

function pulseGrounds({ pulses }: MinuteEvidence): Ground[] {
  const missed = pulses.filter((pulse) => pulse.answeredAt === null).length;
  if (pulses.length === 0) return [ground('pulse.none-sent')];
  return missed > 0 ? [ground('pulse.missed', { missed, sent: pulses.length })] : [];
}

/** The chain must cover the minute: no hole longer than the policy allows, no broken link, no second sample in one place. */
function chainGrounds(samples: readonly Sample[], from: Instant, to: Instant, { evidence: { maxGapMs } }: Policy): Ground[] {
  if (samples.some((sample) => sample.contradiction)) return [ground('chain.contradiction')];
  const before = samples.findLast((sample) => sample.at <= from);
  const inside = samples.filter((sample) => sample.at > from && sample.at < to);
  const after = samples.find((sample) => sample.at >= to);
  const covering = [...(before ? [before] : []), ...inside, ...(after ? [after] : [])];
  if (covering.length === 0) return [ground('chain.missing')];
  const broken = covering.filter((sample, i) => i > 0 && !sample.whole).length;
  const times = [before ? before.at : from, ...inside.map((sample) => sample.at), after ? after.at : to];
  const gapMs = Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)));
  if (gapMs > maxGapMs || broken > 0) return [ground('chain.gap', { gapMs, broken })];
  return [ground('chain.whole', { samples: covering.length, gapMs })];
}

/** CPU of the slice that was neither the tenant's nor ours, over the samples that span the minute; widened where it is short. */
function foreignGrounds(samples: readonly Sample[], { from, to, cores, policy }: MinuteEvidence): Ground[] {
  const span = spanOf(samples, from, to);
  if (!span) return [ground('chain.missing')];
  const { first, last } = span;
  const elapsedMs = last.monoMs - first.monoMs;
  if (first.method === 'none' || last.method === 'none') return [ground('foreign.unmeasured', { spanMs: elapsedMs })];
  const moved = { busy: last.busyMs - first.busyMs, tenant: last.tenantMs - first.tenantMs, own: last.ownMs - first.ownMs };
  if (moved.busy < 0 || moved.tenant < 0 || moved.own < 0) return [ground('chain.contradiction', { busyMs: moved.busy, tenantMs: moved.tenant, ownMs: moved.own })];
  // Too short to judge: what is left of a lease's last seconds stands or falls with its chain.
  if (elapsedMs < shareSpanLeastMs) return [];
  const foreignMs = Math.max(0, moved.busy - moved.tenant - moved.own);
  const permille = Math.round((foreignMs * 1_000) / (elapsedMs * cores));
  return permille > policy.evidence.foreignShareMaxPermille ? [ground('foreign.share', { permille, spanMs: elapsedMs })] : [];
}

/** The first and last sample of one segment around the minute, reaching back where they span less than counters need. */
function spanOf(samples: readonly Sample[], from: Instant, to: Instant): { first: Sample; last: Sample } | undefined {
  const last = samples.findLast((sample) => sample.at <= to) ?? samples[0];
  const end = samples.find((sample) => sample.at >= to) ?? last;
  if (!end) return undefined;
  const same = samples.filter((sample) => sample.segment === end.segment && !sample.contradiction);
  const start = same.findLast((sample) => sample.at <= from) ?? same[0];
  if (!start) return undefined;
  const wider = end.monoMs - start.monoMs >= shareSpanWantedMs ? start : (same.findLast((sample) => end.monoMs - sample.monoMs >= shareSpanWantedMs) ?? same[0] ?? start);
  return { first: wider, last: end };
}

export function minuteId(lease: LeaseId, k: number): string {
  return `${lease}/${String(k).padStart(8, '0')}`;
}

/** Minute k of a lease: [T1 + 60k s, T1 + 60(k+1) s), the last one cut at T2. */
export function minuteBounds(startedAt: Instant, endedAt: Instant | null, k: number): { from: Instant; to: Instant } {
  const from = startedAt + k * minuteMs;
  const to = from + minuteMs;
  return { from, to: endedAt === null ? to : Math.max(from, Math.min(to, endedAt)) };
}

/** The minute with its verdict, published once, and the lease after it. */
export function applyVerdict(lease: LeaseRow, minute: MinuteRow, verdict: Verdict, ms: number): { lease: LeaseRow; minute: MinuteRow } {
  if (minute.verdict !== null || minute.k !== lease.nextMinute) throw new Error(`minute ${minute.id} has its verdict already`);
  const proven = verdict.kind === 'proven';
  const provenMs = lease.provenMs + (proven ? ms : 0);
  return {
    minute: { ...minute, verdict },
    lease: {
      ...lease,
      nextMinute: minute.k + 1,
      provenMs,
      unprovenMs: lease.unprovenMs + (proven ? 0 : ms),
      minutesProven: lease.minutesProven + (proven ? 1 : 0),
      minutesUnproven: lease.minutesUnproven + (verdict.kind === 'unproven' ? 1 : 0),
      minutesViolated: lease.minutesViolated + (verdict.kind === 'violated' ? 1 : 0),
      accruedMicro: accrued(lease.rateMicroPerHour, provenMs),
    },
  };
}
