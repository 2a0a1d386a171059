// The rows of the time-lock: a lease's minutes, with the evidence and the verdict of each.
import type { AccountingMethod, Basis, Ground, Instant, LeaseId, SignedSnapshot, VerdictKind } from '@iog/protocol';

/** The last acknowledged sample of a lease's chain. `offsetMs` is the least (arrival − device's monotonic clock) seen in its segment. */
export interface ChainHead {
  readonly segment: number;
  readonly index: number;
  readonly hash: string;
  readonly monoMs: number;
  readonly at: Instant;
  readonly offsetMs: number;
  readonly closing: boolean;
}

/** A sample in evidence. `at`: control's date of it; `whole`: it continues the chain; `contradiction`: another signed sample has the same place. */
export interface Sample {
  readonly signed: SignedSnapshot;
  readonly arrivedAt: Instant;
  readonly at: Instant;
  readonly segment: number;
  readonly index: number;
  readonly monoMs: number;
  readonly busyMs: number;
  readonly tenantMs: number;
  readonly ownMs: number;
  readonly method: AccountingMethod;
  readonly whole: boolean;
  readonly closing: boolean;
  readonly contradiction?: boolean;
}

/** A pulse that control sent: answered in time at `answeredAt`, or missed (null, once its time is over). */
export interface PulseRecord {
  readonly nonce: string;
  readonly sentAt: Instant;
  readonly answeredAt: Instant | null;
}

/** A time in which a device had no session although control was up; one that was still going on ends at the verdict. */
export interface Absence {
  readonly from: Instant;
  readonly to: Instant;
}

export interface Verdict {
  readonly kind: VerdictKind;
  readonly basis: Basis | null;
  readonly grounds: readonly Ground[];
  readonly method: AccountingMethod;
  readonly policy: string;
  readonly decidedAt: Instant;
}

/** Minute k of a lease: its evidence, then its verdict. Id: `<lease>/<k, 8 digits>`. */
export interface MinuteRow {
  readonly kind: 'minute';
  readonly id: string;
  readonly lease: LeaseId;
  readonly k: number;
  readonly samples: readonly Sample[];
  readonly pulses: readonly PulseRecord[];
  /** Those that reach into the minute, whole. */
  readonly absences: readonly Absence[];
  readonly from: Instant;
  readonly to: Instant;
  readonly verdict: Verdict | null;
}
