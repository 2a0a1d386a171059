// What is rented while builds change: a cluster, and a job that prints lines until a file lets it end.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { askQuote, isOver, rentCluster, submitJob, uploadPackage } from '@iog/client';
import type { ClusterView, JobId, JobView } from '@iog/protocol';
import { until } from '../../crash/until.ts';
import type { UpgradeNetwork } from './network.ts';

const startWithinMs = 60_000;

export interface RunningCluster {
  readonly id: ClusterView['id'];
  readonly job: JobId;
  show(): Promise<ClusterView>;
  showJob(): Promise<JobView>;
  /** Lets the job end, and gives it as it then is. */
  finishJob(): Promise<JobView>;
  /** Ends the cluster, and waits until it has. */
  end(): Promise<void>;
}

/** `nodes` of one core each, running, with the job running on them. */
export async function rentAndRun({ client, owner, dir }: UpgradeNetwork, nodes: number): Promise<RunningCluster> {
  await client.call('faucet.draw', { body: { amountMicro: '5000000' } });
  const demand = { nodes, coresPerNode: 1, memoryBytesPerNode: 500_000_000, durationMs: 1_800_000 };
  const quote = await until('a quote', startWithinMs, async () => {
    const asked = await askQuote(client, demand);
    return 'nothingFits' in asked ? undefined : asked;
  });
  const { cluster } = await rentCluster(client, { name: 'upgraded', quote, renterRecipient: owner.recipient });
  const show = (): Promise<ClusterView> => client.call('cluster.show', { params: { cluster: cluster.id } });
  await until('the cluster to run', startWithinMs, async () => (await show()).state === 'running');
  const go = path.join(dir, `go-${cluster.id}`);
  const { id: job } = await submitJob(client, cluster, {
    name: 'patient',
    entrypoint: `while [ ! -e ${go} ]; do echo still here; sleep 0.5; done; echo done`,
    retries: 0,
    package: await uploadPackage(client, cluster, randomBytes(1_000)),
  });
  const showJob = (): Promise<JobView> => client.call('job.show', { params: { job } });
  await until('the job to run', startWithinMs, async () => (await showJob()).state === 'running');
  return {
    id: cluster.id,
    job,
    show,
    showJob,
    async finishJob() {
      fs.writeFileSync(go, '');
      return until('the job to end', startWithinMs, async () => {
        const view = await showJob();
        return isOver(view) ? view : undefined;
      });
    },
    async end() {
      await client.call('cluster.end', { params: { cluster: cluster.id }, body: {} });
      await until('the cluster to end', startWithinMs, async () => (await show()).state === 'ended');
    },
  };
}
