// The measured side: a cluster rented from a real network on this machine, its job submitted at once, through the client alone.
import { setTimeout as sleep } from 'node:timers/promises';
import { askQuote, isOver, rentCluster, resultIn, savedLog, submitJob, uploadPackage } from '@iog/client';
import type { ClusterId, Demand, JobView } from '@iog/protocol';
import type { Network } from '../../apps/iog/src/network/network.ts';
import { type RunTimes, type Seen, runTimes } from './run-times.ts';

/** Each look costs the host a few milliseconds of the time that is measured; the job's own prints do not depend on it. */
const pollMs = 200;
const withinMs = 120_000;
const spawnedSteps: readonly string[] = ['starting', 'joining', 'ready'];

export async function rentedRun({ client, profile }: Network, demand: Demand, zip: Uint8Array): Promise<RunTimes> {
  const quote = await askQuote(client, demand);
  if ('nothingFits' in quote) throw new Error(`nothing fits: ${quote.nothingFits}`);
  const startedAt = Date.now();
  const { cluster } = await rentCluster(client, { name: 'bench', quote, renterRecipient: profile.ageRecipient });
  try {
    const blob = await uploadPackage(client, cluster, zip);
    const entrypoint = 'python two_nodes.py';
    const submitted = await submitJob(client, cluster, { name: 'bench', entrypoint, env: { IOG_NODES: '2' }, package: blob });
    const seen = { spawned: 0, headReady: 0, membersJoined: 0, submitted: 0 };
    const job = await follow(client, cluster.id, submitted, seen, startedAt + withinMs);
    if (job.state !== 'succeeded') throw new Error(`the job ${job.state}: ${job.detail}`);
    return runTimes(startedAt, seen, resultIn(await savedLog(client, job.id, profile.ageIdentity)));
  } finally {
    await end(client, cluster.id);
  }
}

async function follow(client: Network['client'], cluster: ClusterId, first: JobView, seen: Seen, until: number): Promise<JobView> {
  for (let job = first; ; job = await client.call('job.show', { params: { job: first.id } })) {
    const { head, leases, waitsFor } = await client.call('cluster.show', { params: { cluster } });
    const now = Date.now();
    if (leases.every(({ step }) => spawnedSteps.includes(step))) seen.spawned ||= now;
    if (leases.some(({ id, step }) => id === head && step === 'ready')) seen.headReady ||= now;
    if (leases.every(({ step }) => step === 'ready')) seen.membersJoined ||= now;
    if (job.state !== 'waiting') seen.submitted ||= now;
    if (isOver(job)) return job;
    if (now > until) throw new Error(`the job is still ${job.state} after ${withinMs} ms; the cluster waits for ${waitsFor}`);
    await sleep(pollMs);
  }
}

/** The devices must be free again before the next run. */
async function end(client: Network['client'], cluster: ClusterId): Promise<void> {
  await client.call('cluster.end', { params: { cluster }, body: {} });
  const until = Date.now() + withinMs;
  while ((await client.call('cluster.show', { params: { cluster } })).state !== 'ended') {
    if (Date.now() > until) throw new Error(`the cluster ${cluster} did not end`);
    await sleep(pollMs);
  }
}
