// Every law holds of a small network whose books are right, and each one sees the one change that breaks it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '@iog/core';
import { checkLaws, laws } from './check-laws.ts';
import { accountWith, entry, keyOfFounder, lease, sampleNetwork, slice } from './test/sample-network.ts';

/** The network with one row changed: by kind, the first that `is` it. */
function changed<K extends Row['kind']>(kind: K, change: (row: Extract<Row, { kind: K }>) => object | undefined, n = 0): Row[] {
  let left = n;
  return sampleNetwork().flatMap((row) => {
    if (row.kind !== kind || left-- !== 0) return [row];
    const next = change(row as Extract<Row, { kind: K }>);
    return next === undefined ? [] : [{ ...row, ...next }];
  });
}

/** For each law, rows that break it. */
const broken: Record<string, Row[]> = {
  everyEntryIsBalanced: [...sampleNetwork(), entry(9, ['network/faucet', -1n])],
  everyCurrencySumsToZero: changed('balance', () => ({ amountMicro: -10_001n })),
  everyBalanceIsItsEntries: changed('entry', () => undefined, 3),
  noBalanceIsBelowZero: changed('balance', () => ({ amountMicro: -1n }), 1),
  everyHoldAddsUp: changed('balance', () => undefined, 3),
  everyClusterPaysItsLeases: changed('cluster', () => ({ paidMicro: 1_001n, refundedMicro: 3_999n })),
  everyLeaseIsPaidForProvenTime: changed('lease', () => ({ paidMicro: 999n })),
  everyKeySpendsWhatItsClustersHold: changed('key', () => ({ spentMicro: 1n })),
  noUnitIsInTwoLeases: changed('device', ({ live }) => ({ live: [...live, { lease: lease(2), slice: slice(0) }] })),
  noLeaseHoldsMoreThanWasMeasured: changed('device', ({ units }) => ({ units: { ...units, memoryBytes: 9 } })),
  everySliceBelongsToItsLease: changed('device', () => ({ live: [] })),
  everyMinuteIsDecidedInOrder: changed('minute', () => undefined),
  everyLeaseCountsItsVerdicts: changed('minute', () => ({ verdict: { kind: 'violated' } })),
  everyLeaseIsOfItsGroup: changed('lease', () => ({ group: 1 })),
  everySettledLeaseIsDecidedWhole: changed('lease', () => ({ endedAt: 90_001 })),
  everyClusterKnowsItsLeases: changed('cluster', () => ({ leases: [] }), 1),
  everyClusterKnowsItsJobs: changed('job', () => undefined),
  everyStoryIsWhole: changed('event', () => undefined, 1),
  everyEndedClusterRests: changed('job', () => ({ state: 'running' })),
  everyAccountHasAnOwner: [...sampleNetwork(), accountWith({ members: [] })],
  everyKeyIsOfAMember: [...sampleNetwork(), accountWith({ members: [] }), keyOfFounder],
  everyReceiptSaysWhatTheRowsSay: changed('receipt', ({ receipt }) => ({ receipt: { ...receipt, refundedMicro: '3999' } })),
};

test('a network whose books are right breaks no law', () => {
  assert.deepEqual(checkLaws(sampleNetwork()), []);
});

test('each law has its breach', () => {
  assert.deepEqual(Object.keys(broken).toSorted(), Object.keys(laws).toSorted());
});

for (const [law, rows] of Object.entries(broken)) {
  test(`${law} is seen to be broken, with its row and numbers`, () => {
    const found = checkLaws(rows).filter((each) => each.law === law);
    assert.ok(found.length > 0, `found instead: ${JSON.stringify(checkLaws(rows))}`);
    assert.ok(found.every(({ subject, detail }) => subject !== '' && detail !== ''));
  });
}

test('a lease that the cap cut short is paid what there was', () => {
  const rows = changed('lease', () => ({ rateMicroPerHour: 600_000n, accruedMicro: 10_000n }));
  assert.equal(checkLaws(rows).length, 1, 'while the rest was given back, it is owed');
});
