// What holds for every receipt, whatever went wrong before it.
import assert from 'node:assert/strict';
import { accrued, type Receipt } from '@iog/protocol';

/** Held = paid + refunded, by the totals, by the leases and by the ledger's lines; every minute of a lease has one verdict. */
export function assertAddsUp(receipt: Receipt): void {
  const [held, paid, refunded] = [receipt.heldMicro, receipt.paidMicro, receipt.refundedMicro].map(BigInt);
  assert.equal(held, (paid ?? 0n) + (refunded ?? 0n));
  assert.equal(
    receipt.leases.reduce((sum, { paidMicro }) => sum + BigInt(paidMicro), 0n),
    paid,
  );
  for (const { kind, lines } of receipt.entries)
    assert.equal(
      lines.reduce((sum, { amountMicro }) => sum + BigInt(amountMicro), 0n),
      0n,
      `${kind} is balanced`,
    );
  for (const lease of receipt.leases) {
    const { proven, unproven, violated, byBasis } = lease.minutes;
    assert.equal(proven + unproven + violated, lease.verdicts.length);
    assert.equal(
      Object.values(byBasis).reduce((sum, count) => sum + count, 0),
      proven,
    );
    const runMs = lease.startedAt === null ? 0 : (lease.endedAt ?? lease.startedAt) - lease.startedAt;
    assert.equal(lease.provenMs + lease.unprovenMs, Math.max(0, runMs), `${lease.lease} is decided whole`);
    assert.equal(BigInt(lease.paidMicro), accrued(BigInt(lease.rateMicroPerHour), lease.provenMs), 'proven time is paid, and no other');
    for (const { verdict, basis, grounds } of lease.verdicts) {
      assert.equal(basis, verdict === 'proven' ? 'declared' : null);
      assert.ok(grounds.length > 0, 'a verdict has its grounds');
    }
  }
}
