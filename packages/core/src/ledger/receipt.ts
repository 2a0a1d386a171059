// The receipt: the bill of a cluster, from its rows alone.
import type { Instant, Receipt, ReceiptLease } from '@iog/protocol';
import type { ClusterRow, EntryRow, LeaseRow, MinuteRow } from '../rows.ts';

export interface ReceiptRows {
  readonly cluster: ClusterRow;
  readonly leases: readonly LeaseRow[];
  readonly minutes: ReadonlyMap<string, readonly MinuteRow[]>;
  readonly entries: readonly EntryRow[];
  readonly policyHash: string;
  readonly notice: string;
  readonly now: Instant;
}

/** Throws (a bug) where what was held is not what was paid and refunded. */
export function receiptOf({ cluster, leases, minutes, entries, policyHash, notice, now }: ReceiptRows): Omit<Receipt, 'signature'> {
  const paid = leases.reduce((sum, lease) => sum + lease.paidMicro, 0n);
  if (paid !== cluster.paidMicro || cluster.heldMicro !== cluster.paidMicro + cluster.refundedMicro) throw new Error(`the receipt of ${cluster.id} does not add up`);
  return {
    cluster: cluster.id,
    account: cluster.account,
    name: cluster.name,
    issuedAt: now,
    currency: cluster.currency,
    endReason: cluster.endReason ?? '',
    heldMicro: cluster.heldMicro.toString(),
    paidMicro: cluster.paidMicro.toString(),
    refundedMicro: cluster.refundedMicro.toString(),
    feeMicro: cluster.feeMicro.toString(),
    feeBasisPoints: cluster.feeBasisPoints,
    leases: leases.map((lease) => receiptLease(lease, minutes.get(lease.id) ?? [])),
    entries: entries.map(({ id, at, entry, currency, subject, lines }) => ({ id, at, kind: entry, currency, subject, lines: lines.map(({ account, amountMicro }) => ({ account, amountMicro: amountMicro.toString() })) })),
    policy: policyHash,
    notice,
  };
}

function receiptLease(lease: LeaseRow, minutes: readonly MinuteRow[]): ReceiptLease {
  const verdicts = minutes.flatMap(({ k, from, to, verdict }) =>
    verdict ? [{ k, from, to, ms: to - from, verdict: verdict.kind, basis: verdict.basis, grounds: [...verdict.grounds], method: verdict.method, policy: verdict.policy }] : [],
  );
  const byBasis: Record<string, number> = {};
  for (const { basis } of verdicts) if (basis !== null) byBasis[basis] = (byBasis[basis] ?? 0) + 1;
  return {
    lease: lease.id,
    device: lease.device,
    deviceName: lease.deviceName,
    role: lease.role,
    incarnation: lease.incarnation,
    rateMicroPerHour: lease.rateMicroPerHour.toString(),
    startedAt: lease.startedAt,
    endedAt: lease.endedAt,
    endReason: lease.endReason ?? '',
    minutes: { proven: lease.minutesProven, unproven: lease.minutesUnproven, violated: lease.minutesViolated, byBasis },
    provenMs: lease.provenMs,
    unprovenMs: lease.unprovenMs,
    paidMicro: lease.paidMicro.toString(),
    evidence: lease.evidence,
    verdicts,
  };
}
