// Who looks again when a cluster or a job has changed: the cluster's loop, those who follow its events, its devices.
import type { ClusterRow, JobRow, LeaseRow } from '@iog/core';
import type { ControlPorts } from '../ports.ts';
import { rowOf, rowsOf } from '../own-rows.ts';

/** `trace` is the request that this comes from. */
export function wakeCluster({ signals }: ControlPorts, cluster: string, leases: readonly Pick<LeaseRow, 'device'>[], trace: string): void {
  signals.wake('cluster', cluster, trace);
  signals.wake('event', cluster, trace);
  for (const { device } of leases) signals.wake('device', device, trace);
}

/** The device of the head is the one that runs jobs. */
export async function wakeHead(ports: ControlPorts, job: JobRow, trace: string): Promise<void> {
  const cluster: ClusterRow | undefined = await rowOf(ports.store, 'cluster', job.cluster);
  if (cluster) wakeCluster(ports, cluster.id, cluster.head ? await rowsOf(ports.store, 'lease', [cluster.head]) : [], trace);
}
