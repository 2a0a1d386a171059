// All that devices must be running now, from the rows: a few loads for any number of devices.
import type { Assignment } from '@iog/protocol';
import { type ClusterRow, type DeviceRow, type JobRow, type LeaseRow, type Row, assignmentOf } from '@iog/core';
import type { ControlPorts } from '../ports.ts';

/** One list for each device that is there; an empty one where nothing may run. */
export async function assignmentsOf(
  ports: Pick<ControlPorts, 'store'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Assignment[]>> {
  const devices = await rowsOf<DeviceRow>(ports, 'device', ids);
  const held = [...devices.values()].filter(({ state }) => state !== 'removed').flatMap(({ live }) => live.map(({ lease }) => lease));
  const leases = await rowsOf<LeaseRow>(ports, 'lease', held);
  const clusters = await rowsOf<ClusterRow>(
    ports,
    'cluster',
    [...leases.values()].map(({ cluster }) => cluster),
  );
  const inClusters = [...clusters.values()];
  const [together, jobs] = await Promise.all([
    rowsOf<LeaseRow>(
      ports,
      'lease',
      inClusters.flatMap((cluster) => cluster.leases),
    ),
    rowsOf<JobRow>(
      ports,
      'job',
      inClusters.filter(({ head }) => head !== null && leases.has(head)).flatMap((cluster) => cluster.jobs),
    ),
  ]);
  const lacking = [...together.values()].filter(({ sealedSecret }) => sealedSecret === null).map(({ device }) => device);
  const sealedFor = await rowsOf<DeviceRow>(ports, 'device', lacking);

  const assigned = (lease: LeaseRow): Assignment[] => {
    const cluster = clusters.get(lease.cluster);
    if (!cluster) return [];
    const own = lease.role === 'head' ? pick(jobs, cluster.jobs) : [];
    const assignment = assignmentOf(lease, { cluster, leases: pick(together, cluster.leases), jobs: own, devices: sealedFor });
    return assignment ? [assignment] : [];
  };
  return new Map(
    [...devices.values()].map(({ id, state, live }) => [
      id,
      state === 'removed'
        ? []
        : pick(
            leases,
            live.map(({ lease }) => lease),
          ).flatMap(assigned),
    ]),
  );
}

function pick<R>(rows: ReadonlyMap<string, R>, ids: readonly string[]): R[] {
  return [...new Set(ids)].map((id) => rows.get(id)).filter((row) => row !== undefined);
}

async function rowsOf<R extends Row>(ports: Pick<ControlPorts, 'store'>, kind: R['kind'], ids: readonly string[]): Promise<Map<string, R>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const found = await ports.store.load(wanted.map((id) => ({ kind, id })));
  return new Map(found.flatMap((each) => (each ? [[each.row.id, each.row as R] as const] : [])));
}
