// job over HTTP: submit, see, stop. Its sealed package and log are blobs.
import { type ClusterRow, accept, keepBlob, reject, stopJob, submitJob } from '@iog/core';
import { type ControlPorts, type Read, newId } from '../ports.ts';
import type { Handlers } from '../http/answer.ts';
import { type Call, answer, command } from '../command.ts';
import { blobName } from '../blobs/blob-name.ts';
import { missing, own, rowOf } from '../own-rows.ts';
import { pageOf } from '../paging.ts';
import { jobView } from './views.ts';
import { wakeHead } from './wake.ts';

export type JobRoute = 'job.submit' | 'job.list' | 'job.show' | 'job.stop';

export function jobRoutes(ports: ControlPorts): Pick<Handlers, JobRoute> {
  return {
    'job.submit': (call) => submit(ports, call),
    'job.list': (call) => list(ports, call),
    'job.show': (call) => show(ports, call),
    'job.stop': (call) => stop(ports, call),
  };
}

async function submit(ports: ControlPorts, call: Call<'job.submit'>) {
  const id = newId(ports, 'job');
  const outcome = await command(
    ports,
    call,
    id,
    async (read) => {
      const cluster = own(await read.one('cluster', call.params.cluster), call);
      if (!cluster) return reject('not-found', { noun: 'cluster', id: call.params.cluster });
      const kept = await packageKept(ports, read, cluster, call.body.package);
      if (!kept.ok) return kept;
      const submitted = submitJob(cluster, id, call.body, ports.policy.cluster.maxJobs, ports.clock.now());
      return submitted.ok ? accept([...submitted.rows, ...kept.rows], submitted.value) : submitted;
    },
    jobView,
  );
  if ('ok' in outcome && outcome.ok) {
    const job = await rowOf(ports.store, 'job', id);
    if (job) await wakeHead(ports, job, call.request);
  }
  return outcome;
}

/** A package is kept as long as what its cluster leaves, counted from the end that the cluster has at the latest. */
async function packageKept(ports: ControlPorts, read: Read, cluster: ClusterRow, named: string | undefined) {
  if (named === undefined) return accept([]);
  const blob = await read.one('blob', blobName(cluster.account, named));
  return keepBlob(blob, named, cluster.endsAt + ports.policy.retention.blobMs);
}

async function list({ store }: ControlPorts, call: Call<'job.list'>) {
  const cluster = own(await rowOf(store, 'cluster', call.params.cluster), call);
  if (!cluster) return missing('cluster', call.params.cluster);
  const { state } = call.query;
  const listed = { kind: 'job', index: 'cluster', equals: cluster.id } as const;
  return answer(await pageOf(store, listed, call.query, (row) => (state === undefined || row.state === state ? [jobView(row)] : [])));
}

async function show({ store }: ControlPorts, call: Call<'job.show'>) {
  const job = own(await rowOf(store, 'job', call.params.job), call);
  return job ? answer(jobView(job)) : missing('job', call.params.job);
}

async function stop(ports: ControlPorts, call: Call<'job.stop'>) {
  const id = call.params.job;
  const outcome = await command(
    ports,
    call,
    id,
    async (read) => {
      const job = own(await read.one('job', id), call);
      return job ? stopJob(job, ports.clock.now()) : reject('not-found', { noun: 'job', id });
    },
    jobView,
  );
  const job = own(await rowOf(ports.store, 'job', id), call);
  if (job) await wakeHead(ports, job, call.request);
  return outcome;
}
