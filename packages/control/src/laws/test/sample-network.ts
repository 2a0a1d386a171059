// A small network whose books are right: what the laws are tried on. For tests only.
import type { AccountId, ClusterId, DeviceId, EntryId, JobId, LeaseId, Receipt } from '@iog/protocol';
import type { AccountRow, ClusterRow, DeviceRow, EntryRow, EventRow, JobRow, KeyRow, LeaseRow, MinuteRow, Row } from '@iog/core';

const id = (prefix: string, n = 0): string => `${prefix}_${String(n).padStart(26, '0')}`;
const [account, cluster, device] = [id('acc') as AccountId, id('clu') as ClusterId, id('dev') as DeviceId];
export const lease = (n: number): LeaseId => id('lea', n) as LeaseId;
export const slice = (core: number) => ({ cores: [core], memoryBytes: 10, gpus: [] });
export const entry = (n: number, ...lines: [account: string, amount: bigint][]): EntryRow => ({
  kind: 'entry',
  id: id('ent', n) as EntryId,
  at: n,
  entry: 'hold',
  currency: 'TUSD',
  account,
  subject: cluster,
  lines: lines.map(([name, amountMicro]) => ({ account: name, amountMicro })),
});
const balance = (name: string, amountMicro: bigint): Row => ({ kind: 'balance', id: name, currency: 'TUSD', amountMicro });
const [running, runningLease] = [id('clu', 1) as ClusterId, lease(1)];
const minute = (k: number, from: number, to: number, kind: 'proven' | 'unproven') =>
  ({
    kind: 'minute',
    id: `${lease(0)}/${k}`,
    lease: lease(0),
    k,
    from,
    to,
    samples: [],
    pulses: [],
    verdict: { kind },
  }) as unknown as MinuteRow;
const receipt = {
  cluster,
  heldMicro: '5000',
  paidMicro: '1000',
  refundedMicro: '4000',
  leases: [{ lease: lease(0), paidMicro: '1000' }],
} as unknown as Receipt;
export const accountWith = (changes: Partial<AccountRow>): AccountRow => ({
  kind: 'account',
  id: account,
  name: 'lab',
  createdAt: 0,
  recipient: null,
  ...changes,
});
export const keyOfFounder = {
  kind: 'key',
  id: 'k2',
  key: id('key', 2),
  account,
  scopes: ['read'],
  revokedAt: null,
  spentMicro: 0n,
} as unknown as KeyRow;
const clusterRow = (changes: Partial<ClusterRow>) =>
  ({
    kind: 'cluster',
    demand: { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 10, durationMs: 600_000 },
    topRateMicroPerHour: 600_000n,
    key: 'k',
    heldMicro: 5_000n,
    paidMicro: 0n,
    refundedMicro: 0n,
    events: 0,
    jobs: [],
    head: null,
    ...changes,
  }) as ClusterRow;
const leaseRow = (changes: Partial<LeaseRow>) =>
  ({
    kind: 'lease',
    device,
    rateMicroPerHour: 60_000n,
    nextMinute: 0,
    provenMs: 0,
    unprovenMs: 0,
    accruedMicro: 0n,
    paidMicro: 0n,
    stopped: false,
    ...changes,
  }) as LeaseRow;

/** One ended cluster whose one lease ran for 90 s, 60 s of them proven; and one that runs, on the same device. */
export function sampleNetwork(): Row[] {
  return [...moneyRows(), ...rentedRows(), ...otherRows()];
}

function moneyRows(): Row[] {
  const [cash, hold, otherHold] = [`${account}/available`, `${cluster}/hold`, `${running}/hold`];
  return [
    balance('network/faucet', -10_000n),
    balance(cash, 4_000n),
    balance(hold, 0n),
    balance(otherHold, 5_000n),
    balance('network/fee/0', 20n),
    balance(`${id('acc', 1)}/earned`, 980n),
    entry(1, ['network/faucet', -10_000n], [cash, 10_000n]),
    entry(2, [cash, -5_000n], [hold, 5_000n]),
    entry(3, [hold, -1_000n], [`${id('acc', 1)}/earned`, 980n], ['network/fee/0', 20n]),
    entry(4, [hold, -4_000n], [cash, 4_000n]),
    entry(5, [cash, -5_000n], [otherHold, 5_000n]),
  ];
}

function rentedRows(): Row[] {
  return [
    { kind: 'key', id: 'k', key: id('key'), spentMicro: 6_000n } as KeyRow,
    clusterRow({
      id: cluster,
      state: 'ended',
      paidMicro: 1_000n,
      refundedMicro: 4_000n,
      leases: [lease(0)],
      head: lease(0),
      events: 2,
      jobs: [id('job') as JobId],
    }),
    clusterRow({ id: running, state: 'running', leases: [runningLease], head: runningLease }),
    leaseRow({
      id: lease(0),
      cluster,
      state: 'settled',
      slice: slice(0),
      startedAt: 0,
      endedAt: 90_000,
      nextMinute: 2,
      provenMs: 60_000,
      unprovenMs: 30_000,
      accruedMicro: 1_000n,
      paidMicro: 1_000n,
      stopped: true,
    }),
    leaseRow({ id: runningLease, cluster: running, state: 'active', slice: slice(0), startedAt: 100_000, endedAt: null }),
  ];
}

function otherRows(): Row[] {
  return [
    minute(0, 0, 60_000, 'proven'),
    minute(1, 60_000, 90_000, 'unproven'),
    {
      kind: 'device',
      id: device,
      units: { cores: [0, 1], memoryBytes: 20, gpus: [] },
      live: [{ lease: runningLease, slice: slice(0) }],
    } as unknown as DeviceRow,
    ...[1, 2].map((seq) => ({ kind: 'event', id: `${cluster}/${seq}`, cluster, seq }) as EventRow),
    { kind: 'job', id: id('job'), cluster, state: 'succeeded' } as unknown as JobRow,
    { kind: 'receipt', id: cluster, receipt },
  ];
}
