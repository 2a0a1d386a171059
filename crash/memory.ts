// What a renter has seen and may rely on: what was final stays, what only grows does not shrink, and a log is the job's own, line by line.
import { isDeepStrictEqual } from 'node:util';
import { type IogClient, isOver, savedLog } from '@iog/client';
import type { Broken } from '@iog/control';
import type { ClusterRow } from '@iog/core';
import type { ClusterView, JobView, LeaseView, Receipt } from '@iog/protocol';
import { jobLog, type Renter } from './renter.ts';

export interface Memory {
  /** Looks at everything of a renter that may still change, and at what has become final since. `rows` reads the clusters in the store. */
  look(renter: Renter, rows: () => Promise<readonly ClusterRow[]>): Promise<Broken[]>;
  receipts(): number;
}

export function newMemory(): Memory {
  const clusters = new Map<string, ClusterView>();
  const jobs = new Map<string, JobView>();
  const receipts = new Map<string, Receipt>();

  async function lookAt(client: IogClient, view: ClusterView): Promise<Broken[]> {
    const before = clusters.get(view.id);
    const broken = before === undefined ? [] : sameCluster(before, view);
    clusters.set(view.id, view);
    if (view.state !== 'ended') return broken;
    const receipt = await client.call('receipt.show', { params: { cluster: view.id } });
    const known = receipts.get(view.id);
    receipts.set(view.id, receipt);
    if (known !== undefined && !isDeepStrictEqual(known, receipt))
      broken.push(finding('a receipt stays as it is', view.id, known, receipt));
    if (known === undefined) broken.push(...receiptOfView(view, receipt));
    return broken;
  }

  async function lookAtJobs({ client, account }: Renter, view: ClusterView): Promise<Broken[]> {
    const broken: Broken[] = [];
    for (const job of await client.items('job.list', { params: { cluster: view.id } })) {
      const before = jobs.get(job.id);
      jobs.set(job.id, job);
      if (before !== undefined && isOver(before) && !isDeepStrictEqual(before, job))
        broken.push(finding('a job that is over stays so', job.id, before, job));
      if (job.logSegments < (before?.logSegments ?? 0)) broken.push(finding('a log never shrinks', job.id, before, job));
      if (job.state !== 'succeeded' || job.attempt > 1 || (before !== undefined && isOver(before))) continue;
      const [log, expected] = [await savedLog(client, job.id, account.ageIdentity), jobLog(job.name, Number(job.name.split('-').at(-1)))];
      if (log !== expected) broken.push(finding('a log holds each line once', job.id, expected, log));
    }
    return broken;
  }

  return {
    receipts: () => receipts.size,
    async look(renter, rows) {
      const broken: Broken[] = [];
      const earlier = await rows();
      const views = await renter.client.items('cluster.list', {});
      const later = await rows();
      const names = new Set(views.map(({ id }) => id as string));
      for (const id of clusters.keys())
        if (clusters.get(id)?.account === views[0]?.account && !names.has(id))
          broken.push(finding('a cluster stays in its list', id, 'listed', 'gone'));
      for (const view of views) {
        if (clusters.get(view.id)?.state === 'ended' && view.state === 'ended' && receipts.has(view.id)) continue;
        broken.push(...sameAsRows(view, clusterIn(earlier, view.id), clusterIn(later, view.id)));
        broken.push(...(await lookAtJobs(renter, view)), ...(await lookAt(renter.client, view)));
      }
      return broken;
    },
  };
}

function sameCluster(before: ClusterView, now: ClusterView): Broken[] {
  const broken: Broken[] = [];
  if (!isDeepStrictEqual(terms(before), terms(now))) broken.push(finding('the terms of a cluster stay', now.id, terms(before), terms(now)));
  if (before.state === 'ended' && now.state !== 'ended')
    broken.push(finding('an ended cluster stays ended', now.id, before.state, now.state));
  if (BigInt(now.paidMicro) < BigInt(before.paidMicro))
    broken.push(finding('what was paid stays paid', now.id, before.paidMicro, now.paidMicro));
  for (const lease of before.leases)
    broken.push(
      ...sameLease(
        lease,
        now.leases.find(({ id }) => id === lease.id),
      ),
    );
  return broken;
}

function sameLease(before: LeaseView, now: LeaseView | undefined): Broken[] {
  if (now === undefined) return [finding('a lease stays in its cluster', before.id, before.state, 'gone')];
  const kept =
    (before.startedAt === null || now.startedAt === before.startedAt) &&
    (before.endedAt === null || now.endedAt === before.endedAt) &&
    (before.state !== 'settled' || now.state === 'settled') &&
    now.provenMs >= before.provenMs &&
    BigInt(now.paidMicro) >= BigInt(before.paidMicro) &&
    isDeepStrictEqual(now.slice, before.slice);
  return kept ? [] : [finding('T1, T2 and proven time of a lease stay', before.id, before, now)];
}

function receiptOfView(view: ClusterView, receipt: Receipt): Broken[] {
  const { heldMicro, paidMicro, refundedMicro } = receipt;
  const adds = BigInt(heldMicro) === BigInt(paidMicro) + BigInt(refundedMicro);
  const same = heldMicro === view.heldMicro && paidMicro === view.paidMicro && refundedMicro === view.refundedMicro;
  return adds && same ? [] : [finding('held = paid + refunded', view.id, view, { heldMicro, paidMicro, refundedMicro })];
}

function sameAsRows(view: ClusterView, earlier: ClusterRow | undefined, later: ClusterRow | undefined): Broken[] {
  const paid = BigInt(view.paidMicro);
  const between = (earlier?.paidMicro ?? 0n) <= paid && later !== undefined && paid <= later.paidMicro;
  const state = view.state === earlier?.state || view.state === later?.state;
  return between && state
    ? []
    : [finding('the API says what the rows say', view.id, { earlier: earlier?.state, later: later?.state }, view)];
}

function clusterIn(rows: readonly ClusterRow[], id: string): ClusterRow | undefined {
  return rows.find((row) => row.id === id);
}

function finding(law: string, subject: string, before: unknown, now: unknown): Broken {
  return { law, subject, detail: `before ${text(before)}; now ${text(now)}` };
}

/** What was agreed when it was rented, and never moves. */
function terms({ id, account, name, demand, currency, capMicro, heldMicro, createdAt, endsAt }: ClusterView) {
  return {
    id,
    account,
    name,
    demand,
    currency,
    capMicro,
    heldMicro,
    createdAt,
    endsAt,
  };
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field))?.slice(0, 1_500) ?? '';
}
