// A receipt as people read it: one line for each lease, then the sum that must add up. Pure.
import { formatAmount, formatDurationMs, type Receipt, type ReceiptLease } from '@iog/protocol';
import { money, pairs, table } from '../terminal/format.ts';
import { summaryOf } from './unproven.ts';

/** Without its notice where that was shown just before. */
export function receiptText(receipt: Receipt, { notice = true }: { readonly notice?: boolean } = {}): string {
  const { currency, leases } = receipt;
  const rows = leases.map((lease) => [
    lease.deviceName,
    lease.role,
    minutesText(lease),
    formatDurationMs(lease.provenMs),
    formatDurationMs(lease.unprovenMs),
    formatAmount(BigInt(lease.rateMicroPerHour)),
    formatAmount(BigInt(lease.paidMicro)),
    lease.endReason,
  ]);
  const head = ['device', 'role', 'minutes', 'proven', 'unproven', `rate ${currency}/h`, 'paid', 'ended by'];
  const sums = pairs([
    ['held', money(receipt.heldMicro, currency)],
    ['paid', `${money(receipt.paidMicro, currency)}, of it ${money(receipt.feeMicro, currency)} fee`],
    ['refunded', `${money(receipt.refundedMicro, currency)}${addsUp(receipt) ? '' : '  (does not add up)'}`],
  ]);
  return [
    `Receipt of ${receipt.name} (${receipt.cluster})`,
    '',
    table(head, rows, [3, 4, 5, 6]),
    ...doubts(receipt),
    '',
    sums,
    ...(notice ? ['', receipt.notice] : []),
  ].join('\n');
}

const mostShares = 4;

/** Why minutes were not proven, one line for each lease that has such. */
function doubts({ cluster, leases }: Receipt): string[] {
  return leases.flatMap(({ deviceName, verdicts }) => {
    const { reasons, more } = summaryOf(verdicts, mostShares);
    if (reasons.length === 0) return [];
    const rest = more > 0 ? `; and ${more} more; see \`iog receipt ${cluster} --minutes\`` : '';
    return [`  ${deviceName}, unproven and refunded: ${reasons.join('; ')}${rest}`];
  });
}

/** The law of every receipt. */
function addsUp({ heldMicro, paidMicro, refundedMicro }: Pick<Receipt, 'heldMicro' | 'paidMicro' | 'refundedMicro'>): boolean {
  return BigInt(heldMicro) === BigInt(paidMicro) + BigInt(refundedMicro);
}

/** `3 proven (3 declared), 1 unproven` */
function minutesText({ minutes: { proven, unproven, violated, byBasis } }: Pick<ReceiptLease, 'minutes'>): string {
  const bases = Object.entries(byBasis)
    .filter(([, count]) => count > 0)
    .map(([basis, count]) => `${count} ${basis}`);
  const parts = [
    proven > 0 || unproven + violated === 0 ? `${proven} proven${bases.length === 0 ? '' : ` (${bases.join(', ')})`}` : '',
    unproven > 0 ? `${unproven} unproven` : '',
    violated > 0 ? `${violated} violated` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
