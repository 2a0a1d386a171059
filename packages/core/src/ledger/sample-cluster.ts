// A cluster and its leases for tests: running, its cap held, nothing paid yet.
import type { ClusterId, EntryId } from '@iog/protocol';
import { makeId } from '@iog/protocol';
import { sampleAccount, sampleDevice, sampleId, sampleLease, sampleNow } from '../fleet/sample-device.ts';
import { reserve } from '../lease/lease.ts';
import type { ClusterRow, LeaseRow } from '../rows.ts';

export const sampleSupplier = sampleId('acc', 2);
export const sampleCluster: ClusterId = makeId('clu', sampleNow, new Uint8Array(16));
export const sampleEntry = (n: number): EntryId =>
  makeId(
    'ent',
    sampleNow + n,
    Uint8Array.from({ length: 16 }, () => n & 31),
  );

export function sampleClusterRow(changes: Partial<ClusterRow> = {}): ClusterRow {
  const capMicro = changes.capMicro ?? 1_000_000n;
  return {
    kind: 'cluster',
    id: sampleCluster,
    account: sampleAccount,
    key: 'k'.repeat(64),
    name: 'train',
    state: 'running',
    endReason: null,
    demand: { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 3_600_000 },
    currency: 'TUSD',
    capMicro,
    heldMicro: capMicro,
    paidMicro: 0n,
    refundedMicro: 0n,
    feeMicro: 0n,
    feeBasisPoints: 200,
    topRateMicroPerHour: 0n,
    createdAt: sampleNow,
    endsAt: sampleNow + 3_600_000,
    endingAt: null,
    endedAt: null,
    incarnation: 1,
    head: null,
    leases: [],
    jobs: [],
    secrets: { sealedTo: {}, sealedToRenter: '', recipient: '', renterRecipient: '' },
    events: 0,
    replacements: 0,
    idleEndMs: null,
    formBy: sampleNow + 180_000,
    policy: 'p'.repeat(64),
    waitsFor: '',
    ...changes,
  };
}

export function sampleLeaseRow(n: number, changes: Partial<LeaseRow> = {}): LeaseRow {
  const device = sampleDevice(n, { account: sampleSupplier });
  const slice = { cores: [0], memoryBytes: 1_000_000_000, diskBytes: 0, gpus: [] };
  const lease = reserve(
    {
      id: sampleLease(n),
      cluster: sampleClusterRow(),
      device,
      slice,
      rateMicroPerHour: 60_000n,
      role: 'head',
      group: 0,
      sealedSecret: null,
    },
    sampleNow,
  );
  return { ...lease, state: 'active', startedAt: sampleNow, ...changes };
}
