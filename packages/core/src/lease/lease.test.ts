import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type ObservedLease, nodeSteps } from '@iog/protocol';
import type { LeaseRow } from '../rows.ts';
import { sampleLease } from '../fleet/sample-device.ts';
import { sampleLeaseRow } from '../ledger/sample-cluster.ts';
import { now, policy } from '../cluster/sample-renting.ts';
import { endLease, loseLease, observe, runMs } from './lease.ts';

const reserved = sampleLeaseRow(1, { state: 'reserved', startedAt: null });
const active = sampleLeaseRow(1, { step: 'ready' });
const seen = (changes: Partial<ObservedLease> = {}): ObservedLease => ({
  lease: sampleLease(1),
  generation: 1,
  incarnation: 1,
  step: 'ready',
  detail: '',
  address: null,
  rayNodeId: null,
  jobs: [],
  closing: null,
  idleMs: 0,
  ...changes,
});
const look = (lease: LeaseRow, changes: Partial<ObservedLease> = {}, at = now + 1_000, proven = true) =>
  observe(lease, seen(changes), proven, at, policy);

test('money begins when the node is ready and its units are proven', () => {
  assert.deepEqual([look(reserved).state, look(reserved).startedAt], ['active', now + 1_000]);
  assert.equal(look(reserved, {}, now, false).state, 'reserved');
  assert.equal(look(reserved, { step: 'joining' }).state, 'reserved');
  assert.equal(look(look(reserved), {}, now + 9_000).startedAt, now + 1_000);
});

test('law: words of another generation or incarnation change nothing', () => {
  const other = fc.constantFrom({ generation: 0 }, { generation: 2 }, { incarnation: 0 }, { incarnation: 2 });
  fc.assert(
    fc.property(fc.constantFrom(reserved, active), other, fc.constantFrom(...nodeSteps), (lease, changes, step) => {
      assert.equal(look(lease, { step, ...changes }), lease);
    }),
  );
});

test('law: whatever is reported, a lease never comes back to life, T2 is not before T1, and the same words again change nothing', () => {
  const report = fc.record({ step: fc.constantFrom(...nodeSteps), idleMs: fc.nat(100_000), detail: fc.string() });
  const order = ['reserved', 'active', 'ending', 'settled'];
  fc.assert(
    fc.property(fc.array(report, { maxLength: 12 }), (reports) => {
      let lease = reserved;
      for (const [i, words] of reports.entries()) {
        const next = look(lease, words, now + i * 100);
        assert.ok(order.indexOf(next.state) >= order.indexOf(lease.state));
        assert.ok(next.stopped || !lease.stopped);
        assert.ok(next.endedAt === null || next.endedAt >= (next.startedAt ?? 0));
        assert.equal(look(next, words, now + i * 100 + 50), next);
        lease = next;
      }
    }),
  );
});

test('a node that dies or stops ends its lease at once, and says that nothing runs', () => {
  const failed = look(active, { step: 'failed', detail: 'out of memory' });
  assert.deepEqual(
    [failed.state, failed.stopped, failed.endedAt, failed.endReason],
    ['ending', true, now + 1_000, 'node failed: out of memory'],
  );
  const never = look(reserved, { step: 'stopped' });
  assert.deepEqual([never.state, never.endedAt, runMs(never, now + 5_000)], ['ending', null, 0]);
});

test('an end keeps its first time and reason, and gives the worker its time to stop', () => {
  const ended = endLease(active, 'first', now + 5_000, now + 5_000, policy);
  assert.deepEqual([ended.endedAt, ended.stopBy], [now + 5_000, now + 5_000 + policy.cluster.stopWithinMs]);
  assert.equal(endLease(ended, 'second', now + 9_000, now + 9_000, policy), ended);
  assert.equal(endLease(active, 'early', now - 5_000, now, policy).endedAt, active.startedAt);
  const stopped = look(ended, { step: 'stopped', closing: { segment: 1, index: 4 } }, now + 6_000);
  assert.deepEqual(
    [stopped.state, stopped.stopped, stopped.endedAt, stopped.closing],
    ['ending', true, now + 5_000, { segment: 1, index: 4 }],
  );
});

test('a silent device is paid up to its last evidence', () => {
  const chain = { segment: 1, index: 3, hash: 'h', monoMs: 1, at: now + 30_000, offsetMs: 0, closing: false };
  assert.equal(loseLease({ ...active, chain }, now + 90_000, policy).endedAt, now + 30_000);
  assert.equal(loseLease(active, now + 90_000, policy).endedAt, active.startedAt);
});

test('idleness is written in steps, and ends at once', () => {
  const idle = look(active, { idleMs: 20_000 });
  assert.equal(idle.idleMs, 20_000);
  assert.equal(look(idle, { idleMs: 24_999 }), idle);
  assert.equal(look(idle, { idleMs: 25_000 }).idleMs, 25_000);
  assert.equal(look(idle, { idleMs: 0 }).idleMs, 0);
});
