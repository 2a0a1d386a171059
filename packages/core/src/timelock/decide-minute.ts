// The verdict of one lease-minute, from recorded evidence and the policy alone (rules `timelock/v1`).
// The same input gives the same verdict, for anyone.
import type { AccountingMethod, Ground, GroundCode, Instant, Policy } from '@iog/protocol';
import { accountingMethods, minuteMs } from '@iog/protocol';
import type { Absence, ChainHead, PulseRecord, Sample, Verdict } from '../rows.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { foreignShare } from './foreign-share.ts';

export interface MinuteEvidence {
  readonly from: Instant;
  readonly to: Instant;
  /** Which minute of the lease it is. */
  readonly k: number;
  /** Samples of this minute and of those of `minutesAround`, in any order. */
  readonly samples: readonly Sample[];
  /** Pulses sent within the minute, each answered in time or missed. */
  readonly pulses: readonly PulseRecord[];
  /** Times in which the device had no session although control was up, so that no pulse could be sent to it. */
  readonly absences: readonly Absence[];
  readonly cores: number;
  readonly policy: Policy;
  readonly policyHash: string;
  readonly now: Instant;
  /** Since when control has been up to take evidence for it; the window counts from here. */
  readonly windowFrom: Instant;
}

/** The minutes whose samples bear on minute k: as far on each side as the widest hole that the policy allows. */
export function minutesAround(k: number, policy: Policy): number[] {
  const reach = neighbours(policy);
  return Array.from({ length: 2 * reach + 1 }, (_, i) => k - reach + i).filter((each) => each >= 0);
}

function neighbours({ evidence }: Policy): number {
  return Math.max(1, Math.ceil(evidence.maxGapMs / minuteMs));
}

/** Any of these makes a minute unproven; the others only say on what a verdict rests. */
const failing: ReadonlySet<GroundCode> = new Set<GroundCode>([
  'chain.gap',
  'chain.missing',
  'chain.contradiction',
  'pulse.missed',
  'foreign.share',
  'foreign.unmeasured',
]);

/**
 * Undefined while evidence may still come: the chain does not reach the minute's end, and its window is open. Proven only where everything
 * was measured and nothing speaks against it; nothing that is merely missing makes a minute worse than unproven.
 */
export function decideMinute(evidence: MinuteEvidence): Verdict | undefined {
  const { from, to, policy, policyHash, now, windowFrom } = evidence;
  const heldFrom = from - Math.min(evidence.k, neighbours(policy)) * minuteMs;
  const coverage = coverageOf(evidence.samples, { from, to, heldFrom });
  if (!reachesEnd(coverage, evidence) && now < windowFrom + policy.evidence.windowMs) return undefined;

  const grounds = [
    ...chainGrounds(coverage, policy),
    ...closingGrounds(coverage, evidence),
    ...pulseGrounds(evidence),
    ...foreignGrounds(coverage, evidence),
  ];
  const isProven = !grounds.some(({ code }) => failing.has(code));
  return {
    kind: isProven ? 'proven' : 'unproven',
    basis: isProven ? 'declared' : null,
    grounds,
    method: weakestMethod(coverage),
    policy: policyHash,
    decidedAt: now,
  };
}

/** Whether the samples of a lease whose chain stands there can reach the minute's end: where not, and its window is open, there is no verdict. */
export function mayReachEnd(chain: ChainHead | null, { to, policy }: Pick<MinuteEvidence, 'to' | 'policy'>): boolean {
  if (chain === null) return false;
  return chain.at >= to || (chain.closing && chain.at >= to - policy.evidence.maxGapMs);
}

function reachesEnd(coverage: Coverage, evidence: MinuteEvidence): boolean {
  if (hasClosing(coverage, evidence)) return true;
  const last = coverage.chain.at(-1);
  return !isCut(evidence) && last !== undefined && last.at >= evidence.to;
}

/** Only the last minute is shorter than a minute: it ends at T2. */
function isCut({ from, to }: MinuteEvidence): boolean {
  return to - from < minuteMs;
}

/** A node may have closed its chain a little before T2: when it died by itself, and control heard of it afterwards. */
function hasClosing({ chain }: Coverage, { to, policy }: MinuteEvidence): boolean {
  return chain.some((sample) => sample.closing && sample.at >= to - policy.evidence.maxGapMs);
}

function ground(code: GroundCode, numbers: Record<string, number> = {}): Ground {
  return { code, numbers };
}

/** The chain must cover the minute: no hole longer than the policy allows, no broken link, no second sample in one place. */
function chainGrounds({ covering, isContradicted, gapMs, broken }: Coverage, { evidence: { maxGapMs } }: Policy): Ground[] {
  if (isContradicted) return [ground('chain.contradiction')];
  if (covering.length === 0) return [ground('chain.missing')];
  if (gapMs > maxGapMs || broken > 0) return [ground('chain.gap', { gapMs, broken })];
  return [ground('chain.whole', { samples: covering.length, gapMs })];
}

/** A lost device sends no closing sample: it is said, and the chain up to T2 decides. */
function closingGrounds(coverage: Coverage, evidence: MinuteEvidence): Ground[] {
  return isCut(evidence) && !hasClosing(coverage, evidence) ? [ground('closing.missing')] : [];
}

/**
 * A pulse that control sent and that was missed fails the minute, and so does a device that was away from a pulse that it could only have missed.
 * Where control sent none and the device was not away, that is control's own gap, and the chain decides.
 */
function pulseGrounds({ pulses, absences, from, to, policy }: MinuteEvidence): Ground[] {
  const sent = pulses.filter((pulse) => pulse.sentAt >= from && pulse.sentAt < to);
  const missed = sent.filter((pulse) => pulse.answeredAt === null).length;
  const absentMs = longAbsenceMs(absences, from, to, policy);
  if (absentMs > 0) return [ground('pulse.missed', { missed, sent: sent.length, absentMs })];
  if (sent.length === 0) return [ground('pulse.none-sent')];
  return missed > 0 ? [ground('pulse.missed', { missed, sent: sent.length })] : [];
}

/**
 * The part of the minute that lies in absences longer than `pulseEveryMs + pulseWithinMs`: in a session, some pulse of such a time would
 * have been sent and its answer been due. A shorter one may have missed none, as a reconnect does. An absence over the edge of two minutes counts
 * whole, so that nothing is gained by lying there; but not for a minute in which there is so little of it that no pulse need have been sent.
 */
function longAbsenceMs(absences: readonly Absence[], from: Instant, to: Instant, { session }: Policy): number {
  const longestMs = session.pulseEveryMs + session.pulseWithinMs;
  // At most half of it, so that of two minutes at least one is failed.
  const leastMs = Math.min(session.pulseEveryMs, longestMs / 2);
  return absences
    .filter((absence) => absence.to - absence.from > longestMs)
    .map((absence) => Math.min(absence.to, to) - Math.max(absence.from, from))
    .filter((partMs) => partMs > leastMs)
    .reduce((sum, partMs) => sum + partMs, 0);
}

function foreignGrounds(coverage: Coverage, { from, to, cores, policy }: MinuteEvidence): Ground[] {
  const share = foreignShare(coverage, to - from, policy.evidence.maxGapMs);
  switch (share.kind) {
    case 'not-judged':
      return [];
    case 'unmeasured':
      return [ground('foreign.unmeasured', { spanMs: share.spanMs })];
    case 'contradiction':
      return [ground('chain.contradiction')];
    case 'measured': {
      const permille = Math.ceil((share.foreignMs * 1_000) / (share.spanMs * Math.max(1, cores)));
      return permille > policy.evidence.foreignShareMaxPermille ? [ground('foreign.share', { permille, spanMs: share.spanMs })] : [];
    }
    default:
      return share satisfies never;
  }
}

/** A minute is accounted as well as its worst sample. The methods are listed from the best to none. */
function weakestMethod({ covering }: Coverage): AccountingMethod {
  const worst = covering.reduce(
    (rank, { method }) => Math.max(rank, accountingMethods.indexOf(method)),
    covering.length === 0 ? accountingMethods.length - 1 : 0,
  );
  return accountingMethods[worst] ?? 'none';
}
