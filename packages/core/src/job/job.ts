// Jobs: submitted sealed, told by the head's worker, ended once. What they are for, control does not know.
import type { Instant, JobId, NewJob, ObservedJob } from '@iog/protocol';
import type { ClusterRow, JobRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';
import { tell } from '../cluster/story.ts';

const over = new Set(['succeeded', 'failed', 'stopped', 'lost']);
export function isOver(job: JobRow): boolean {
  return over.has(job.state);
}

/** Rejects `cluster.state` once the cluster ends, `cluster.full` beyond the policy's number of jobs. */
export function submitJob(cluster: ClusterRow, id: JobId, wanted: NewJob, maxJobs: number, now: Instant): Decision<JobRow> {
  if (cluster.state !== 'forming' && cluster.state !== 'running')
    return reject('cluster.state', { cluster: cluster.id, state: cluster.state });
  if (cluster.jobs.length >= maxJobs) return reject('cluster.full', { cluster: cluster.id, jobs: cluster.jobs.length });
  const job: JobRow = {
    kind: 'job',
    id,
    cluster: cluster.id,
    account: cluster.account,
    name: wanted.name,
    state: 'waiting',
    detail: cluster.state === 'running' ? 'goes to the head' : 'waits for the head',
    assigned: { job: id, attempt: 1, sealedEntrypoint: wanted.sealedEntrypoint, package: wanted.package ?? null, stop: false },
    retries: wanted.retries ?? 0,
    incarnation: cluster.incarnation,
    createdAt: now,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    tasksPerNode: {},
    logSegments: 0,
  };
  const told = tell({ ...cluster, jobs: [...cluster.jobs, id] }, now, [{ event: 'job.created', subject: id, detail: job.name }]);
  return accept([told.cluster, ...told.events, job], job);
}

/** What the head's worker saw of a job; the same row when nothing is new, when it is over, or for an older attempt. */
export function observeJob(job: JobRow, seen: ObservedJob, now: Instant): JobRow {
  if (isOver(job) || seen.attempt !== job.assigned.attempt) return job;
  const logSegments = Math.max(job.logSegments, seen.logSegments);
  const isSame = seen.state === job.state && seen.detail.slice(0, 512) === job.detail && logSegments === job.logSegments;
  if (isSame && sameCounts(seen.tasksPerNode, job.tasksPerNode)) return job;
  const ended = over.has(seen.state);
  return {
    ...job,
    state: seen.state,
    detail: seen.detail.slice(0, 512),
    exitCode: seen.exitCode,
    tasksPerNode: seen.tasksPerNode,
    logSegments,
    startedAt: job.startedAt ?? (seen.state === 'running' || ended ? now : null),
    endedAt: ended ? now : null,
  };
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Asks that a job be stopped; a waiting one is stopped at once. Rejects `job.state` when it is over. */
export function stopJob(job: JobRow, now: Instant): Decision<JobRow> {
  if (isOver(job)) return reject('job.state', { job: job.id, state: job.state });
  const asked: JobRow = { ...job, assigned: { ...job.assigned, stop: true } };
  const next: JobRow = job.state === 'waiting' ? { ...asked, state: 'stopped', detail: 'stopped before it began', endedAt: now } : asked;
  return accept([next], next);
}

/** The head is gone: a job runs again under the next incarnation if it was submitted with retries, else it is lost. */
export function surviveHeadLoss(job: JobRow, incarnation: number, now: Instant): JobRow {
  if (isOver(job)) return job;
  if (job.state === 'waiting') return { ...job, incarnation };
  if (job.retries < job.assigned.attempt || job.assigned.stop)
    return endWith(job, 'lost', 'the head was lost, and no retries are left', now);
  return {
    ...job,
    state: 'waiting',
    detail: 'the head was lost: runs again',
    incarnation,
    assigned: { ...job.assigned, attempt: job.assigned.attempt + 1 },
  };
}

/** The cluster is over: what had not ended is stopped or lost. */
export function endWith(job: JobRow, state: 'stopped' | 'lost', detail: string, now: Instant): JobRow {
  return isOver(job) ? job : { ...job, state, detail, endedAt: now };
}
