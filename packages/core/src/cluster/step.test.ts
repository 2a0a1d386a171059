import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accrued } from '@iog/protocol';
import type { LeaseRow } from '../rows.ts';
import { isLive, observe } from '../lease/lease.ts';
import { sampleLease } from '../fleet/sample-device.ts';
import { type ClusterRows, endCluster, exposure, stepCluster } from './step.ts';
import { now, policy, renting, sampleJob } from './sample-renting.ts';

const step = (rows: ClusterRows, at = now) => stepCluster(rows, at, policy);
const told = (rows: ReturnType<typeof step>) => rows.rows.flatMap((row) => (row.kind === 'event' ? [row.event] : []));
const ending: Partial<LeaseRow> = {
  state: 'ending',
  step: 'failed',
  endReason: 'node failed',
  endedAt: now,
  stopped: true,
  stopBy: now + 1,
};

test('a cluster forms until all its nodes are active, then runs', () => {
  const waiting = renting(2, { state: 'forming' }, (i) =>
    i === 0 ? {} : { state: 'reserved', startedAt: null, step: 'joining', detail: '' },
  );
  const forming = step(waiting);
  assert.equal(forming.cluster.state, 'forming');
  assert.match(forming.cluster.waitsFor, /member on worker-2: joining/);
  const running = step(renting(2, { state: 'forming' }));
  assert.equal(running.cluster.state, 'running');
  assert.deepEqual([running.wanted, told(running)], [[], ['cluster.running']]);
});

test('steps come to rest: when nothing new happened, nothing is written', () => {
  const rows = [renting(2, { state: 'forming' }), renting(2, {}, (i) => (i === 0 ? ending : {})), renting(1, { endsAt: now })];
  for (const before of rows) {
    const rested = step(step(before));
    assert.deepEqual(step(rested).rows, []);
  }
});

for (const [name, reason, cluster, lease, at] of [
  ['its time is over', 'time', { endsAt: now + 1 }, {}, now + 1],
  ['it does not form in time', 'failed', { state: 'forming', formBy: now + 1 }, { state: 'reserved', startedAt: null }, now + 1],
  ['it does not form again in time', 'lost', { state: 'forming', formBy: now + 1 }, ending, now + 1],
  ['its head was idle for long enough', 'idle', { idleEndMs: 60_000 }, { idleMs: 60_000 }, now],
] as const) {
  test(`a cluster ends when ${name}`, () => {
    const ended = step(
      renting(1, cluster, () => lease),
      at,
    );
    assert.deepEqual([ended.cluster.state, ended.cluster.endReason, ended.cluster.endingAt], ['ending', reason, at]);
    assert.ok(ended.leases.every((each) => !isLive(each)));
    const before = step(
      renting(1, cluster, () => ({ ...lease, ...('idleMs' in lease ? { idleMs: 59_999 } : {}) })),
      at - 1,
    );
    assert.notEqual(before.cluster.state, 'ending');
  });
}

test('a cluster with a job that is not over is not idle', () => {
  const rows = renting(1, { idleEndMs: 60_000 }, () => ({ idleMs: 90_000 }));
  assert.equal(step({ ...rows, jobs: [sampleJob({ state: 'running' })] }).cluster.state, 'running');
  assert.equal(step({ ...rows, jobs: [sampleJob({ state: 'succeeded' })] }).cluster.state, 'ending');
});

test('law: stepped each second, a cluster ends before its minutes can come to more than its cap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.bigInt(10_000n, 10n ** 9n),
      fc.integer({ min: 10, max: 3_000 }),
      (nodes, rate, seconds) => {
        const capMicro = accrued(rate * BigInt(nodes), seconds * 1_000) + 1n;
        let rows: ClusterRows = renting(nodes, { capMicro, heldMicro: capMicro, endsAt: now + 10_000_000 }, () => ({
          rateMicroPerHour: rate,
        }));
        const from = now + Math.max(0, seconds - 5) * 1_000;
        for (let at = from; rows.cluster.state === 'running' && at < now + (seconds + 5) * 1_000; at += 1_000) rows = step(rows, at);
        assert.equal(rows.cluster.endReason, 'cap');
        assert.ok(exposure(rows.leases, now + 10_000_000) <= capMicro);
      },
    ),
  );
});

test('a lost head ends the incarnation: members end, jobs with retries wait again, the others are lost', () => {
  const rows = renting(2, {}, (i) => (i === 0 ? ending : {}));
  const jobs = [sampleJob({ state: 'running' }, 1), sampleJob({ state: 'running' }), sampleJob()];
  const after = step({ ...rows, jobs });
  assert.deepEqual([after.cluster.state, after.cluster.incarnation, after.cluster.head], ['forming', 2, null]);
  assert.equal(after.leases[1]?.state, 'ending');
  assert.deepEqual(
    after.jobs.map((job) => [job.state, job.assigned.attempt]),
    [
      ['waiting', 2],
      ['lost', 1],
      ['waiting', 1],
    ],
  );
  assert.equal(after.cluster.formBy, now + policy.cluster.formWithinMs);
  // The member is still on its device: nothing is placed before it is off.
  assert.deepEqual([after.wanted, after.needsHead], [[], true]);
  const off = { ...after, leases: after.leases.map((lease) => ({ ...lease, stopped: true })) };
  assert.deepEqual([step(off).wanted, step(off).needsHead], [[0, 0], true]);
});

test('a lost member is replaced while the head runs on', () => {
  const after = step(renting(3, {}, (i) => (i === 2 ? ending : {})));
  assert.deepEqual([after.cluster.state, after.cluster.incarnation, after.wanted, after.needsHead], ['running', 1, [0], false]);
  assert.equal(after.cluster.waitsFor, 'free units for its nodes');
});

test('beyond the limit of replacements the cluster is lost, and all that the step changed is saved and told', () => {
  const replacements = policy.cluster.maxReplacements;
  const lastOne = renting(1, { replacements: replacements - 1 }, () => ending);
  assert.equal(step(lastOne).wanted.length, 1);
  const rows = { ...renting(1, { replacements }, () => ending), jobs: [sampleJob({ state: 'running' }, 3)] };
  const after = step(rows);
  assert.deepEqual([after.cluster.endReason, after.wanted, after.jobs[0]?.state], ['lost', [], 'lost']);
  assert.deepEqual(told(after), ['cluster.head-lost', 'cluster.ending', 'job.lost']);
  assert.ok(after.rows.some((row) => row.kind === 'job' && row.state === 'lost'));
});

test('an ending cluster waits for each lease to be settled, and only then for its refund', () => {
  const ended = endCluster(renting(2), 'renter', now, policy);
  assert.deepEqual(told(ended), ['cluster.ending', 'lease.ending', 'lease.ending']);
  assert.equal(step(ended).settled, false);
  const half = {
    ...ended,
    leases: ended.leases.map((lease, i) => ({ ...lease, stopped: true, state: i === 0 ? ('settled' as const) : lease.state })),
  };
  assert.match(step(half).cluster.waitsFor, /^worker-2: its last minute$/);
  const all = { ...half, leases: half.leases.map((lease) => ({ ...lease, state: 'settled' as const })) };
  assert.equal(step(all).settled, true);
  assert.deepEqual(endCluster(ended, 'time', now + 1, policy).rows, []);
});

test('events are numbered on from those before', () => {
  const after = endCluster(renting(1, { events: 41 }), 'renter', now, policy);
  assert.deepEqual(
    after.rows.flatMap((row) => (row.kind === 'event' ? [row.seq] : [])),
    [42, 43],
  );
  assert.equal(after.cluster.events, 43);
});

test('a lease ends with its node, and its cluster counts it as missing', () => {
  const rows = renting(2);
  const [head, member] = rows.leases;
  assert.ok(head && member);
  const seen = { lease: sampleLease(2), generation: 1, incarnation: 1, step: 'failed', detail: 'killed' } as const;
  const failed = observe(member, { ...seen, address: null, rayNodeId: null, jobs: [], closing: null, idleMs: 0 }, true, now + 5, policy);
  assert.deepEqual([failed.state, failed.endedAt, failed.endReason], ['ending', now + 5, 'node failed: killed']);
  assert.equal(step({ ...rows, leases: [head, failed] }).wanted.length, 1);
});
