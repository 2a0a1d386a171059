// What a renter sees of clusters, leases and jobs.
import type { ClusterView, JobView, LeaseView } from '@iog/protocol';
import { type ClusterRow, type JobRow, type LeaseRow, isLive } from '@iog/core';

/** What is shown as it stands in the row; all else of a row stays inside. */
const shownOfLease = [
  'id',
  'cluster',
  'device',
  'deviceName',
  'role',
  'incarnation',
  'generation',
  'state',
  'step',
  'detail',
  'slice',
  'createdAt',
  'startedAt',
  'endedAt',
  'endReason',
  'provenMs',
  'unprovenMs',
] as const;
const shownOfCluster = [
  'id',
  'account',
  'name',
  'state',
  'endReason',
  'demand',
  'currency',
  'createdAt',
  'endsAt',
  'endedAt',
  'incarnation',
  'head',
  'waitsFor',
] as const;
const shownOfJob = [
  'id',
  'cluster',
  'name',
  'state',
  'detail',
  'createdAt',
  'startedAt',
  'endedAt',
  'exitCode',
  'retries',
  'logSegments',
] as const;

export function clusterView(cluster: ClusterRow, leases: readonly LeaseRow[], notice: string): ClusterView {
  const rate = leases.filter(isLive).reduce((sum, lease) => sum + lease.rateMicroPerHour, 0n);
  return {
    ...pick(cluster, shownOfCluster),
    capMicro: String(cluster.capMicro),
    heldMicro: String(cluster.heldMicro),
    paidMicro: String(cluster.paidMicro),
    refundedMicro: String(cluster.refundedMicro),
    rateMicroPerHour: String(rate),
    leases: leases.map(leaseView),
    sealedToRenter: cluster.secrets.sealedToRenter,
    recipient: cluster.secrets.recipient,
    notice,
  };
}

function leaseView(lease: LeaseRow): LeaseView {
  return {
    ...pick(lease, shownOfLease),
    ...(lease.group === undefined ? {} : { group: lease.group }),
    rateMicroPerHour: String(lease.rateMicroPerHour),
    paidMicro: String(lease.paidMicro),
  };
}

export function jobView(job: JobRow): JobView {
  return { ...pick(job, shownOfJob), attempt: job.assigned.attempt, tasksPerNode: { ...job.tasksPerNode } };
}

function pick<R extends object, K extends keyof R>(row: R, keys: readonly K[]): Pick<R, K> {
  return Object.fromEntries(keys.map((key) => [key, row[key]])) as Pick<R, K>;
}
