// All that one device must be running now, from the rows.
import type { Assignment, DeviceId } from '@iog/protocol';
import { type ClusterRow, type DeviceRow, type JobRow, type LeaseRow, assignmentOf } from '@iog/core';
import type { ControlPorts } from '../ports.ts';

export async function assignmentsOf(ports: ControlPorts, id: DeviceId): Promise<Assignment[]> {
  const [device] = await rowsOf<DeviceRow>(ports, 'device', [id]);
  if (!device || device.state === 'removed') return [];
  const leases = await rowsOf<LeaseRow>(
    ports,
    'lease',
    device.live.map((held) => held.lease),
  );
  const assignments: Assignment[] = [];
  for (const lease of leases) {
    const [cluster] = await rowsOf<ClusterRow>(ports, 'cluster', [lease.cluster]);
    if (!cluster) continue;
    const together = await rowsOf<LeaseRow>(ports, 'lease', cluster.leases);
    const jobs = lease.role === 'head' ? await rowsOf<JobRow>(ports, 'job', cluster.jobs) : [];
    const lacking = together.filter((other) => other.sealedSecret === null).map((other) => other.device);
    const devices = new Map((await rowsOf<DeviceRow>(ports, 'device', lacking)).map((row) => [row.id as string, row]));
    const assignment = assignmentOf(lease, { cluster, leases: together, jobs, devices });
    if (assignment) assignments.push(assignment);
  }
  return assignments;
}

async function rowsOf<R>(ports: ControlPorts, kind: string, ids: readonly string[]): Promise<R[]> {
  const found = await ports.store.load([...new Set(ids)].map((id) => ({ kind, id })));
  return found.flatMap((each) => (each ? [each.row as R] : []));
}
