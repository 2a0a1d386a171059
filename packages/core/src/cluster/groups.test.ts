// Groups of a cluster: born with their rates and times, replaced by their own shape, over at their own time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Demand } from '@iog/protocol';
import type { LeaseRow } from '../rows.ts';
import { isLive } from '../lease/lease.ts';
import { groupsOf, lacking } from './groups.ts';
import { now, policy, renting } from './sample-renting.ts';
import { type ClusterRows, stepCluster } from './step.ts';

const shape = { coresPerNode: 1, memoryBytesPerNode: 1_000_000_000 };
const demand: Demand = { ...shape, nodes: 1, durationMs: 3_600_000, more: [{ ...shape, nodes: 2, durationMs: 1_800_000 }] };
const groups = [
  { topRateMicroPerHour: 5n, endsAt: now + 3_600_000 },
  { topRateMicroPerHour: 9n, endsAt: now + 1_800_000 },
];
const ended: Partial<LeaseRow> = { state: 'ending', step: 'failed', endReason: 'lost', endedAt: now, stopped: true, stopBy: now + 1 };

function mixed(lease: (i: number) => Partial<LeaseRow> = () => ({})): ClusterRows {
  return renting(3, { demand, groups, endsAt: now + 3_600_000 }, (i) => ({ ...(i === 0 ? {} : { group: 1 }), ...lease(i) }));
}

test('a cluster of one shape is one group, as clusters without groups are', () => {
  const { cluster } = renting(2);
  assert.deepEqual(
    groupsOf(cluster).map(({ shape: { nodes }, endsAt }) => [nodes, endsAt]),
    [[2, cluster.endsAt]],
  );
});

test('a lost node is missing from its own group; a lost head from all, its own first', () => {
  const member = stepCluster(
    mixed((i) => (i === 2 ? ended : {})),
    now,
    policy,
  );
  assert.deepEqual([member.wanted, member.needsHead], [[1], false]);
  const head = stepCluster(
    mixed((i) => (i === 0 ? ended : { step: 'stopped', stopped: true, stopBy: now })),
    now,
    policy,
  );
  const off = { ...head, leases: head.leases.map((lease) => ({ ...lease, stopped: true })) };
  const again = stepCluster(off, now, policy);
  assert.deepEqual([again.wanted, again.needsHead], [[0, 1, 1], true]);
});

test('a group whose time is over ends then, however late that is seen: no loss, and nothing takes its place', () => {
  const late = now + 1_800_000 + 700;
  const rows = mixed((i) => (i === 2 ? { nextMinute: 31 } : {}));
  const before = stepCluster(rows, now + 1_799_999, policy);
  assert.ok(before.leases.every(isLive));
  const after = stepCluster(rows, late, policy);
  assert.deepEqual(
    after.leases.map(({ state, endedAt, endReason }) => [state, endedAt, endReason]),
    [
      ['active', null, null],
      ['ending', now + 1_800_000, 'its time is over'],
      // A minute that has its verdict is not cut.
      ['ending', now + 31 * 60_000, 'its time is over'],
    ],
  );
  assert.deepEqual([after.cluster.state, after.wanted, after.cluster.waitsFor], ['running', [], '']);
  assert.deepEqual(stepCluster(after, late + 1_000, policy).rows, []);
  assert.deepEqual(lacking(after.cluster, after.leases, late), []);
  assert.equal(stepCluster(after, now + 3_600_000, policy).cluster.endReason, 'time');
});

test('a node that never started costs nothing when its group is over', () => {
  const after = stepCluster(
    mixed((i) => (i === 0 ? {} : { state: 'reserved', startedAt: null, createdAt: now + 1_700_000 })),
    now + 1_800_000,
    policy,
  );
  assert.deepEqual(
    after.leases.map(({ state, endedAt }) => [state, endedAt]),
    [
      ['active', null],
      ['ending', null],
      ['ending', null],
    ],
  );
  assert.equal(after.cluster.state, 'running');
});
