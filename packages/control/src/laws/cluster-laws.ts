// The laws of a cluster: it knows its leases, tells its story without a gap, and rests once it has ended, with a receipt that says the same.
import { holdOf, isOver } from '@iog/core';
import { type Law, sum, unless } from './books.ts';

/** A cluster names its leases, all of them and no others; its head is one of them. */
export const everyClusterKnowsItsLeases: Law = (books) => [
  ...books.all('cluster').flatMap(({ id, leases, head }) => {
    const found = books.leasesOf(id).map((lease) => lease.id as string);
    const knows =
      found.length === leases.length && leases.every((lease) => found.includes(lease)) && (head === null || leases.includes(head));
    return unless(knows, id, `it names ${leases.join(', ')}, head ${head ?? 'none'}; there are ${found.join(', ')}`);
  }),
  ...books
    .all('lease')
    .flatMap(({ id, cluster }) => unless(books.one('cluster', cluster) !== undefined, id, `its cluster ${cluster} is not`)),
];

/** A cluster names its jobs, all of them and no others, until they are forgotten with its story. */
export const everyClusterKnowsItsJobs: Law = (books) => {
  const jobs = Map.groupBy(books.all('job'), ({ cluster }) => cluster);
  return books.all('cluster').flatMap((cluster) => {
    const found = (jobs.get(cluster.id) ?? []).map(({ id }) => id);
    const all = cluster.storyGone === true || found.length === cluster.jobs.length;
    const knows = all && found.every((job) => cluster.jobs.includes(job));
    return unless(knows, cluster.id, `it names the jobs ${cluster.jobs.join(', ')}; there are ${found.join(', ')}`);
  });
};

/** The story of a cluster is numbered without a gap up to its latest event. Only from its beginning on is it ever forgotten. */
export const everyStoryIsWhole: Law = (books) => {
  const events = Map.groupBy(books.all('event'), ({ cluster }) => cluster);
  return books.all('cluster').flatMap(({ id, events: count, state }) => {
    const told = (events.get(id) ?? []).map(({ seq }) => seq).toSorted((a, b) => a - b);
    const unbroken = told.every((seq, i) => seq === (told[0] ?? 0) + i);
    const latest = told.length === 0 ? count === 0 || state === 'ended' : told.at(-1) === count;
    return unless(unbroken && latest, id, `it has told ${count} events; there are ${told.length}, up to ${told.at(-1) ?? 0}`);
  });
};

/** An ended cluster rests: its leases are settled, its jobs over, its hold empty, its receipt issued; no other has a receipt. */
export const everyEndedClusterRests: Law = (books) =>
  books.all('cluster').flatMap((cluster) => {
    const { id, state } = cluster;
    const receipt = books.one('receipt', id);
    if (state !== 'ended') return unless(receipt === undefined, id, `it is ${state} and has a receipt`);
    const open = books.leasesOf(id).filter((lease) => lease.state !== 'settled').length;
    const jobs = cluster.jobs.filter((job) => {
      const row = books.one('job', job);
      return row !== undefined && !isOver(row);
    });
    const held = books.balance(holdOf(id));
    const rests = open === 0 && jobs.length === 0 && held === 0n && receipt !== undefined;
    return unless(rests, id, `${open} leases and ${jobs.length} jobs are open, ${held} held, ${receipt ? 'a' : 'no'} receipt`);
  });

/** A receipt says what the rows say: held = paid + refunded, lease by lease, with every movement of the cluster's money. */
export const everyReceiptSaysWhatTheRowsSay: Law = (books) =>
  books.all('receipt').flatMap(({ id, receipt }) => {
    const cluster = books.one('cluster', id);
    const [held, paid, refunded] = [receipt.heldMicro, receipt.paidMicro, receipt.refundedMicro].map(BigInt) as [bigint, bigint, bigint];
    const leases = sum(receipt.leases, ({ paidMicro }) => BigInt(paidMicro));
    const same = cluster?.heldMicro === held && cluster.paidMicro === paid && cluster.refundedMicro === refunded;
    const all = receipt.leases.length === cluster?.leases.length;
    const detail = `held ${held}, paid ${paid} (${leases} by its leases), refunded ${refunded}; the cluster has ${cluster?.heldMicro}, ${cluster?.paidMicro}, ${cluster?.refundedMicro}`;
    return unless(held === paid + refunded && leases === paid && same && all, id, detail);
  });
