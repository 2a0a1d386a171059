// Extending: what it adds, what it moves, and why not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Demand, accruedUp, longestClusterMs } from '@iog/protocol';
import type { BalanceRow, ClusterRow, DeviceRow, KeyRow, LeaseRow, Row } from '../rows.ts';
import { sampleAccount, sampleDevice } from '../fleet/sample-device.ts';
import { availableOf, holdOf } from '../ledger/index.ts';
import { sampleCluster, sampleEntry } from '../ledger/sample-cluster.ts';
import { type Extending, extendCluster } from './extend.ts';
import { now, renting } from './sample-renting.ts';
import { exposure, stepCluster } from './step.ts';
import { policy } from './sample-renting.ts';

const key = { kind: 'key', id: 'k'.repeat(64), account: sampleAccount, spendCapMicro: null, spentMicro: 1_000_000n } as unknown as KeyRow;
const available = availableOf(sampleAccount);
const balance = (id: string, amountMicro: bigint): [string, BalanceRow] => [id, { kind: 'balance', id, currency: 'TUSD', amountMicro }];

function devicesOf(leases: readonly LeaseRow[], changes: Partial<DeviceRow> = {}): ReadonlyMap<string, DeviceRow> {
  const prices = { coreMicro: '60000', memoryGbMicro: '0', gpuMicro: { default: '1' } };
  return new Map(leases.map(({ device }, i) => [device, sampleDevice(i, { id: device, prices, ...changes })]));
}

function asked(changes: Partial<Extending> = {}, cluster: Partial<ClusterRow> = {}, nodes = 2): Extending {
  const rows = renting(nodes, { topRateMicroPerHour: 60_000n, ...cluster });
  const balances = new Map([balance(available, 500_000n), balance(holdOf(sampleCluster), 1_000_000n)]);
  const devices = devicesOf(rows.leases);
  return { wanted: { byMs: 3_600_000 }, ...rows, devices, key, caller: key, balances, entryId: sampleEntry(1), ...changes };
}
const codeOf = (extending: Extending, at = now) => {
  const extended = extendCluster(extending, at);
  return extended.ok ? 'ok' : extended.rejection.code;
};
const rowOf = <K extends Row['kind']>(rows: readonly Row[], kind: K) =>
  rows.filter((row): row is Extract<Row, { kind: K }> => row.kind === kind);

test('the end moves, and what all nodes cost in that time is held: by the cluster, its key, and the ledger', () => {
  const extended = extendCluster(asked(), now);
  assert.ok(extended.ok);
  const { value, rows } = extended;
  assert.deepEqual([value.endsAt, value.capMicro, value.heldMicro], [now + 2 * 3_600_000, 1_120_000n, 1_120_000n]);
  assert.equal(rowOf(rows, 'key')[0]?.spentMicro, 1_120_000n);
  assert.deepEqual(
    rowOf(rows, 'balance').map(({ amountMicro }) => amountMicro),
    [380_000n, 1_120_000n],
  );
  assert.deepEqual([rowOf(rows, 'entry')[0]?.entry, rowOf(rows, 'event')[0]?.detail], ['hold', '1 h longer, 0.12 TUSD more held']);
});

test('a node that is missing counts with the most that it may cost', () => {
  const whole = asked();
  const lost = whole.leases.map((lease, i) => (i === 1 ? { ...lease, state: 'ending' as const } : lease));
  const extended = extendCluster({ ...whole, leases: lost, cluster: { ...whole.cluster, topRateMicroPerHour: 90_000n } }, now);
  assert.ok(extended.ok && extended.value.capMicro === 1_150_000n);
});

const cap = (capMicro: string) => {
  const extended = extendCluster(asked({ wanted: { byMs: 3_600_000, capMicro } }), now);
  return extended.ok && [extended.value.capMicro, rowOf(extended.rows, 'entry').length];
};

test('a smaller cap is taken, a larger one is not, and none at all adds time alone', () => {
  assert.deepEqual(
    [cap('7'), cap('999999999'), cap('0')],
    [
      [1_000_007n, 1],
      [1_120_000n, 1],
      [1_000_000n, 0],
    ],
  );
});

test('groups that still run get as much more; one that is over stays over', () => {
  const shape = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000 };
  const demand: Demand = { ...shape, durationMs: 3_600_000, more: [{ ...shape }, { ...shape, durationMs: 60_000 }] };
  const groups = [3_600_000, 3_600_000, 60_000].map((ms) => ({ topRateMicroPerHour: 60_000n, endsAt: now + ms }));
  const base = asked({}, { demand, groups });
  const leases = base.leases.map((lease, i) => (i === 0 ? lease : { ...lease, group: 1 }));
  const extended = extendCluster({ ...base, leases }, now + 60_000);
  assert.ok(extended.ok);
  assert.deepEqual(
    extended.value.groups?.map(({ endsAt }) => endsAt - now),
    [7_200_000, 7_200_000, 60_000],
  );
  assert.equal(extended.value.capMicro, 1_120_000n);
});

for (const [code, extending, at] of [
  ['cluster.state', asked({}, { state: 'ending' }), now],
  ['cluster.state', asked({}, { state: 'ended' }), now],
  ['cluster.state', asked(), now + 3_600_000],
  ['ok', asked(), now + 3_599_999],
  ['request.refused', asked({}, { endsAt: now + longestClusterMs - 3_599_999 }), now],
  ['ok', asked({}, { endsAt: now + longestClusterMs - 3_600_000 }), now],
  ['request.refused', asked({ wanted: { byMs: 60_000, capMicro: '-1' } }), now],
  ['balance.short', asked({ balances: new Map([balance(available, 119_999n)]) }), now],
  ['ok', asked({ balances: new Map([balance(available, 120_000n)]) }), now],
  ['key.spend-cap', asked({ key: { ...key, spendCapMicro: 1_119_999n } }), now],
  ['ok', asked({ key: { ...key, spendCapMicro: 1_120_000n } }), now],
  ['key.other', asked({ caller: { ...key, id: 'o'.repeat(64), spendCapMicro: 9_999_999n } }), now],
  ['ok', asked({ caller: { ...key, id: 'o'.repeat(64) } }), now],
] as const) {
  test(`${code}: ${extending.cluster.state}, ends in ${extending.cluster.endsAt - at} ms, spends ${extending.key.spendCapMicro ?? 'freely'}`, () => {
    assert.equal(codeOf(extending, at), code);
  });
}

test('a supplier who takes a device out, or asks more for it now, is not held to the old terms; one who asks less is', () => {
  const whole = asked();
  const dear = { coreMicro: '60001', memoryGbMicro: '0', gpuMicro: { default: '1' } };
  for (const [code, changes] of [
    ['request.refused', { state: 'draining' }],
    ['request.refused', { state: 'removed' }],
    ['request.refused', { prices: dear }],
    ['ok', { prices: { ...dear, coreMicro: '1' } }],
    ['ok', { proof: null }],
  ] as const)
    assert.equal(codeOf({ ...whole, devices: devicesOf(whole.leases, changes) }), code);
  assert.equal(codeOf({ ...whole, devices: new Map() }), 'request.refused');
  const lost = whole.leases.map((lease) => ({ ...lease, state: 'ending' as const }));
  assert.equal(codeOf({ ...whole, leases: lost, devices: new Map() }), 'ok', 'a device of a lease that is over has no word in it');
});

test('law: stepped each second and extended at any of them, a cluster never runs past its cap or its end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.record({ at: fc.nat(300), byMs: fc.integer({ min: 60_000, max: 120_000 }), capMicro: fc.option(fc.nat(4_000)) }), {
        maxLength: 4,
      }),
      (nodes, asks) => {
        const capMicro = accruedUp(60_000n * BigInt(nodes), 120_000);
        let rows = stepCluster(
          renting(nodes, { capMicro, heldMicro: capMicro, endsAt: now + 120_000, topRateMicroPerHour: 60_000n }),
          now,
          policy,
        );
        let addedMs = 0;
        for (let second = 1; rows.cluster.state === 'running' && second < 1_000; second++) {
          const at = now + second * 1_000;
          for (const { byMs, capMicro: most } of asks.filter((ask) => ask.at === second)) {
            const wanted = { byMs, ...(most === null ? {} : { capMicro: String(most) }) };
            const extended = extendCluster(asked({ ...rows, wanted, balances: new Map([balance(available, 10n ** 9n)]) }), at);
            if (!extended.ok) continue;
            addedMs += byMs;
            rows = { ...rows, cluster: extended.value };
          }
          rows = stepCluster(rows, at, policy);
        }
        assert.equal(rows.cluster.state, 'ending');
        assert.equal(rows.cluster.endsAt, now + 120_000 + addedMs);
        assert.ok((rows.cluster.endingAt ?? 0) <= rows.cluster.endsAt);
        assert.ok(exposure(rows.leases, now + 10_000_000) <= rows.cluster.capMicro);
      },
    ),
    { numRuns: 200 },
  );
});
