// What a renter sees of clusters, leases, jobs and minutes.
import type { ClusterView, EntryView, JobView, LeaseView, MinuteView } from '@iog/protocol';
import { type ClusterRow, type EntryRow, type JobRow, type LeaseRow, type MinuteRow, isLive } from '@iog/core';

function leaseView(lease: LeaseRow): LeaseView {
  const {
    id,
    cluster,
    device,
    deviceName,
    role,
    incarnation,
    generation,
    state,
    step,
    detail,
    slice,
    createdAt,
    startedAt,
    endedAt,
    endReason,
    provenMs,
    unprovenMs,
  } = lease;
  return {
    id,
    cluster,
    device,
    deviceName,
    role,
    incarnation,
    generation,
    state,
    step,
    detail,
    slice,
    rateMicroPerHour: String(lease.rateMicroPerHour),
    createdAt,
    startedAt,
    endedAt,
    endReason,
    provenMs,
    unprovenMs,
    paidMicro: String(lease.paidMicro),
  };
}

export function clusterView(cluster: ClusterRow, leases: readonly LeaseRow[], notice: string): ClusterView {
  const { id, account, name, state, endReason, demand, currency, createdAt, endsAt, endedAt, incarnation, head, waitsFor } = cluster;
  const rate = leases.filter(isLive).reduce((sum, lease) => sum + lease.rateMicroPerHour, 0n);
  return {
    id,
    account,
    name,
    state,
    endReason,
    demand,
    currency,
    capMicro: String(cluster.capMicro),
    heldMicro: String(cluster.heldMicro),
    paidMicro: String(cluster.paidMicro),
    refundedMicro: String(cluster.refundedMicro),
    rateMicroPerHour: String(rate),
    createdAt,
    endsAt,
    endedAt,
    incarnation,
    head,
    leases: leases.map(leaseView),
    sealedToRenter: cluster.secrets.sealedToRenter,
    recipient: cluster.secrets.recipient,
    notice,
    waitsFor,
  };
}

export function jobView(job: JobRow): JobView {
  const { id, cluster, name, state, detail, createdAt, startedAt, endedAt, exitCode, retries, tasksPerNode, logSegments } = job;
  return {
    id,
    cluster,
    name,
    state,
    detail,
    createdAt,
    startedAt,
    endedAt,
    exitCode,
    attempt: job.assigned.attempt,
    retries,
    tasksPerNode: { ...tasksPerNode },
    logSegments,
  };
}

export function minuteView({ k, from, to, verdict }: MinuteRow): MinuteView[] {
  if (!verdict) return [];
  return [
    {
      k,
      from,
      to,
      ms: to - from,
      verdict: verdict.kind,
      basis: verdict.basis,
      grounds: [...verdict.grounds],
      method: verdict.method,
      policy: verdict.policy,
    },
  ];
}

export function entryView({ id, at, entry, currency, subject, lines }: EntryRow): EntryView {
  return {
    id,
    at,
    kind: entry,
    currency,
    subject,
    lines: lines.map(({ account, amountMicro }) => ({ account, amountMicro: String(amountMicro) })),
  };
}
