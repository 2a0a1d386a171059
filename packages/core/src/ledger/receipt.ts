// The receipt: the bill of a cluster, from its rows alone.
import type { Instant, Receipt, ReceiptLease } from '@iog/protocol';
import { assertLaw } from '../law.ts';
import type { ClusterRow, EntryRow, LeaseRow, MinuteRow } from '../rows.ts';
import { entryView, minuteView } from './views.ts';

export interface ReceiptRows {
  readonly cluster: ClusterRow;
  readonly leases: readonly LeaseRow[];
  readonly minutes: ReadonlyMap<string, readonly MinuteRow[]>;
  readonly entries: readonly EntryRow[];
  readonly policyHash: string;
  readonly notice: string;
  readonly now: Instant;
}

/**
 * Says what was held, paid and refunded, with every lease and minute behind it; control signs it.
 * `minutes` are each lease's rows by lease id, `entries` those of this cluster. A sum that does not add up is a bug.
 */
export function receiptOf({ cluster, leases, minutes, entries, policyHash, notice, now }: ReceiptRows): Omit<Receipt, 'signature'> {
  const { heldMicro, paidMicro, refundedMicro } = cluster;
  assertLaw(
    heldMicro === paidMicro + refundedMicro,
    `the receipt of ${cluster.id} adds up: held ${heldMicro}, paid ${paidMicro}, refunded ${refundedMicro}`,
  );
  const leasesMicro = leases.reduce((sum, lease) => sum + lease.paidMicro, 0n);
  assertLaw(leasesMicro === paidMicro, `the leases of ${cluster.id} add up: ${leasesMicro}, paid ${paidMicro}`);
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
    entries: entries.map(entryView),
    policy: policyHash,
    notice,
  };
}

function receiptLease(lease: LeaseRow, minutes: readonly MinuteRow[]): ReceiptLease {
  const verdicts = minutes.flatMap(minuteView);
  const byBasis: Record<string, number> = {};
  for (const { basis } of verdicts) if (basis !== null) byBasis[basis] = (byBasis[basis] ?? 0) + 1;
  const provenMs = verdicts.reduce((sum, { verdict, ms }) => sum + (verdict === 'proven' ? ms : 0), 0);
  assertLaw(provenMs === lease.provenMs, `the minutes of ${lease.id} add up: ${provenMs} ms proven, ${lease.provenMs} ms billed`);
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
