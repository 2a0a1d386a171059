// The laws of money: double entry, no debt, and a cluster's hold that is paid out, given back, or still there.
import { type ClusterRow, type LeaseRow, isFaucet, holdOf } from '@iog/core';
import { accrued } from '@iog/protocol';
import { type Books, type Law, sum, unless } from './books.ts';

/** Money is moved, never made: the lines of every entry sum to zero. */
export const everyEntryIsBalanced: Law = (books) =>
  books.all('entry').flatMap(({ id, lines }) => {
    const total = sum(lines, ({ amountMicro }) => amountMicro);
    return unless(total === 0n, id, `its lines sum to ${total}`);
  });

/** All balances of one currency sum to zero: what is on accounts came from the faucet, which is below zero by as much. */
export const everyCurrencySumsToZero: Law = (books) =>
  [...Map.groupBy(books.all('balance'), ({ currency }) => currency)].flatMap(([currency, balances]) => {
    const total = sum(balances, ({ amountMicro }) => amountMicro);
    return unless(total === 0n, currency, `its balances sum to ${total}`);
  });

/** A balance is what its entries come to, and nothing else. */
export const everyBalanceIsItsEntries: Law = (books) => {
  const moved = new Map<string, bigint>();
  for (const { lines } of books.all('entry'))
    for (const { account, amountMicro } of lines) moved.set(account, (moved.get(account) ?? 0n) + amountMicro);
  const accounts = new Set([...moved.keys(), ...books.all('balance').map(({ id }) => id)]);
  return [...accounts].flatMap((account) => {
    const [has, entries] = [books.balance(account), moved.get(account) ?? 0n];
    return unless(has === entries, account, `it holds ${has}, its entries come to ${entries}`);
  });
};

/** Nobody owes: no balance and no hold is below zero, but for the faucet that test money comes from. */
export const noBalanceIsBelowZero: Law = (books) =>
  books
    .all('balance')
    .filter(({ id }) => !isFaucet(id))
    .flatMap(({ id, amountMicro }) => unless(amountMicro >= 0n, id, `it holds ${amountMicro}`));

/** held = paid + refunded + still held. */
export const everyHoldAddsUp: Law = (books) =>
  books.all('cluster').flatMap(({ id, heldMicro, paidMicro, refundedMicro }) => {
    const still = books.balance(holdOf(id));
    const adds = heldMicro === paidMicro + refundedMicro + still;
    return unless(adds, id, `held ${heldMicro}, paid ${paidMicro}, refunded ${refundedMicro}, still held ${still}`);
  });

/** What a cluster paid is what its leases were paid. */
export const everyClusterPaysItsLeases: Law = (books) =>
  books.all('cluster').flatMap(({ id, paidMicro }) => {
    const leases = sum(books.leasesOf(id), (lease) => lease.paidMicro);
    return unless(leases === paidMicro, id, `paid ${paidMicro}, its leases were paid ${leases}`);
  });

/** Accrued = floor(rate × proven time), and never is more paid than that; a settled lease is paid all of it, unless the cap was reached. */
export const everyLeaseIsPaidForProvenTime: Law = (books) =>
  books.all('lease').flatMap((lease) => {
    const due = accrued(lease.rateMicroPerHour, lease.provenMs);
    const cluster = books.one('cluster', lease.cluster);
    const settledWhole = lease.state !== 'settled' || lease.paidMicro === due || (cluster !== undefined && isUsedUp(books, cluster));
    const holds = lease.accruedMicro === due && lease.paidMicro <= due && settledWhole;
    return unless(holds, lease.id, saysPayment(lease, due));
  });

/** What a key has spent is what its clusters hold or paid: holds minus refunds. */
export const everyKeySpendsWhatItsClustersHold: Law = (books) => {
  const clusters = Map.groupBy(books.all('cluster'), ({ key }) => key);
  return books.all('key').flatMap(({ id, key, spentMicro }) => {
    const spent = sum(clusters.get(id) ?? [], ({ heldMicro, refundedMicro }) => heldMicro - refundedMicro);
    return unless(spentMicro === spent, key, `it says ${spentMicro} spent, its clusters come to ${spent}`);
  });
};

function isUsedUp(books: Books, { id, refundedMicro }: ClusterRow): boolean {
  return refundedMicro === 0n && books.balance(holdOf(id)) === 0n;
}

function saysPayment({ state, rateMicroPerHour, provenMs, accruedMicro, paidMicro }: LeaseRow, due: bigint): string {
  return `${state}: rate ${rateMicroPerHour}, ${provenMs} ms proven come to ${due}; accrued ${accruedMicro}, paid ${paidMicro}`;
}
