// The minutes of a lease: their ids, their bounds on control's clock, and what a verdict makes of minute and lease.
import type { Instant, LeaseId } from '@iog/protocol';
import { accrued, minuteMs } from '@iog/protocol';
import { assertLaw } from '../law.ts';
import type { LeaseRow, MinuteRow, Verdict } from '../rows.ts';

export function minuteId(lease: LeaseId, k: number): string {
  return `${lease}/${String(k).padStart(8, '0')}`;
}

/** Minute k of a lease: [T1 + 60k s, T1 + 60(k+1) s), the last one cut at T2. */
export function minuteBounds(startedAt: Instant, endedAt: Instant | null, k: number): { from: Instant; to: Instant } {
  const from = startedAt + k * minuteMs;
  const to = from + minuteMs;
  return { from, to: endedAt === null ? to : Math.max(from, Math.min(to, endedAt)) };
}

/** The minute with its verdict, published once and in order, and the lease after it. `ms` is the minute's length. */
export function applyVerdict(lease: LeaseRow, minute: MinuteRow, verdict: Verdict, ms: number): { lease: LeaseRow; minute: MinuteRow } {
  assertLaw(minute.verdict === null, `the minute ${minute.id} has no verdict before it gets one`);
  assertLaw(minute.k === lease.nextMinute, `the minute ${minute.k} of ${lease.id} is the next one, ${lease.nextMinute}`);
  assertLaw(ms >= 0 && ms <= minuteMs, `the minute ${minute.id} has at most 60 s, not ${ms} ms`);
  const isProven = verdict.kind === 'proven';
  const provenMs = lease.provenMs + (isProven ? ms : 0);
  return {
    minute: { ...minute, verdict },
    lease: {
      ...lease,
      nextMinute: minute.k + 1,
      provenMs,
      unprovenMs: lease.unprovenMs + (isProven ? 0 : ms),
      minutesProven: lease.minutesProven + (isProven ? 1 : 0),
      minutesUnproven: lease.minutesUnproven + (verdict.kind === 'unproven' ? 1 : 0),
      minutesViolated: lease.minutesViolated + (verdict.kind === 'violated' ? 1 : 0),
      accruedMicro: accrued(lease.rateMicroPerHour, provenMs),
    },
  };
}
