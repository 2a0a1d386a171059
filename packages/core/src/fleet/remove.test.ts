// Removing a device that still holds units: only where its leases are settled and their time to say that they stopped is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { laptopPolicy as policy, problemOf } from '@iog/protocol';
import type { LeaseRow } from '../rows.ts';
import { sampleLeaseRow } from '../ledger/sample-cluster.ts';
import { offerView } from '../market/offer.ts';
import { place } from '../placement/place.ts';
import { remove } from './device.ts';
import { sampleDevice, sampleLease, sampleNow as now } from './sample-device.ts';
import { takeSlice } from './units.ts';

const slice = (core: number) => ({ cores: [core], memoryBytes: 1, gpus: [] });
const holding = (...leases: readonly number[]) =>
  sampleDevice(1, { live: leases.map((n, core) => ({ lease: sampleLease(n), slice: slice(core) })) });
const settled = (n: number, changes: Partial<LeaseRow> = {}) => sampleLeaseRow(n, { state: 'settled', stopBy: now - 1, ...changes });

test('a device that is gone for ever is removed once its leases are settled and past their time, and its units are offered no more', () => {
  const decision = remove(holding(1, 2), [settled(1), settled(2, { stopBy: now })], now);
  assert.ok(decision.ok);
  const removed = decision.value;
  assert.deepEqual([removed.state, removed.live, decision.rows], ['removed', [], [removed]]);
  assert.equal(offerView(removed, { connected: true, rttMs: 1 }, now, policy), null);
  const demand = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1, durationMs: 60_000 };
  assert.equal(place([{ device: removed, connected: true, rttMs: 1 }], demand, now, policy).emptiedBy?.filter, 'admitted');
  assert.deepEqual(remove(removed, [], now), { ok: true, rows: [], value: removed });
});

for (const [name, lease, said] of [
  ['a lease lives', sampleLeaseRow(1), /It is free once its leases have ended and stopped\.$/],
  [
    'a lease ends',
    sampleLeaseRow(1, { state: 'ending', stopBy: now + 5_000 }),
    /It is free once .*; without its word, in 5\.0 s at the earliest\.$/,
  ],
  [
    'a lease waits for its last verdict',
    sampleLeaseRow(1, { state: 'ending', stopBy: now - 5_000 }),
    /It is free once its leases are settled\.$/,
  ],
  ['a settled lease may still say that it stopped', settled(1, { stopBy: now + 1 }), /without its word, in 1 ms at the earliest/],
  ['a lease is not known', undefined, /It is free once its leases have ended/],
] as const) {
  test(`busy, and the next step says until when: ${name}`, () => {
    const decision = remove(holding(1, 2), [...(lease ? [lease] : []), settled(2)], now);
    assert.ok(!decision.ok);
    const { code, context } = decision.rejection;
    assert.deepEqual([code, context['leases']], ['device.busy', 1]);
    assert.match(problemOf(decision.rejection).next, said);
  });
}

test('law: a device with any live lease is never removed, and a removed one holds nothing', () => {
  const row = fc.record({
    state: fc.constantFrom('reserved', 'active', 'ending', 'settled'),
    stopInMs: fc.option(fc.integer({ min: -9, max: 9 })),
  });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 2 }), (rows) => {
      const leases = rows.map(({ state, stopInMs }, i) =>
        sampleLeaseRow(i + 1, { state, stopBy: stopInMs === null ? null : now + stopInMs }),
      );
      const device = leases.reduce((held, lease, core) => {
        const taken = takeSlice(held, lease.id, slice(core));
        assert.ok(taken.ok);
        return taken.value;
      }, sampleDevice(1));
      const decision = remove(device, leases, now);
      assert.equal(
        decision.ok,
        leases.every((lease) => lease.state === 'settled' && lease.stopBy !== null && lease.stopBy <= now),
      );
      if (decision.ok) assert.deepEqual(decision.value.live, []);
    }),
  );
});
