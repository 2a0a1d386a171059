// A cluster with its leases for tests of its steps: so many nodes, each on a device of its own, the first the head.
import { laptopPolicy } from '@iog/protocol';
import { sampleLease, sampleNow } from '../fleet/sample-device.ts';
import { sampleClusterRow, sampleLeaseRow } from '../ledger/sample-cluster.ts';
import type { ClusterRow, JobRow, LeaseRow } from '../rows.ts';
import type { ClusterRows } from './step.ts';
import { submitJob } from '../job/job.ts';

export const now = sampleNow;
export const policy = laptopPolicy;

export function renting(
  nodes: number,
  cluster: Partial<ClusterRow> = {},
  lease: (i: number) => Partial<LeaseRow> = () => ({}),
): ClusterRows {
  const ids = Array.from({ length: nodes }, (_, i) => sampleLease(i + 1));
  const leases = ids.map((_, i) => sampleLeaseRow(i + 1, { role: i === 0 ? 'head' : 'member', ...lease(i) }));
  const demand = { nodes, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 3_600_000 };
  return { cluster: sampleClusterRow({ demand, leases: ids, head: ids[0] ?? null, ...cluster }), leases, jobs: [] };
}

export function sampleJob(changes: Partial<JobRow> = {}, retries = 0): JobRow {
  const wanted = { name: 'job', sealedEntrypoint: 'c2VhbGVk', retries };
  const made = submitJob(sampleClusterRow(), `job_${'0'.repeat(26)}` as JobRow['id'], wanted, 10, now);
  if (!made.ok) throw new Error(made.rejection.code);
  return { ...made.value, ...changes };
}
