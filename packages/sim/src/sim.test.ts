// A part of the swarm in a fixed time: no law breaks, the same seed gives the same trace, what was reached is reached, and laws can fail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeedReport } from './child.ts';
import { together } from './coverage.ts';
import { faultsOf, neverReached } from './reach.ts';
import { sabotages } from './sabotage/list.ts';
import { shrink } from './shrink.ts';
import { swarm } from './swarm.ts';
import { type Fault, faultKinds } from './faults/plan.ts';

const options = { devices: 6, renters: 3, controls: 1, hours: 2 };
/** What so few seeds do not meet. It gets shorter, not longer: whoever adds a state or an error makes somebody meet it. */
const seldom = new Set([
  'step failed',
  'end of cluster failed',
  'end of cluster lost',
  'end of cluster idle',
  'job lost',
  'job stopped',
  'error device.busy',
  'error device.gone',
  'error device.overlap',
  'error device.removed',
  'error enrolment.approved',
  'error enrolment.invalid',
  'error enrolment.unknown',
  'error job.state',
  'error key.revoked',
  'error key.scope',
  'error key.spend-cap',
  'error key.unknown',
  'error not-found',
  'error quote.altered',
  'error quote.expired',
  'error quote.foreign',
  'error secrets.mismatch',
]);

let reports: readonly SeedReport[] = [];

test('six seeds break no law, and meet what a network meets', async () => {
  reports = await swarm({ options, seeds: [1, 2, 3, 4, 5, 6], heard: () => false });
  assert.deepEqual(
    reports.flatMap(({ seed, broken }) => (broken ? [{ seed, ...broken }] : [])),
    [],
  );
  const counts = together(reports.map((report) => report.counts));
  assert.ok(faultsOf(counts).all > 1_000, `only ${faultsOf(counts).all} faults`);
  const fired = faultKinds.filter((kind) => faultsOf(counts).kinds.some(([name]) => name === kind));
  assert.ok(fired.length >= 15, `only these faults: ${fired.join(', ')}`);
  assert.deepEqual(
    neverReached(counts).filter((name) => !seldom.has(name) && !name.startsWith('fault ')),
    [],
  );
});

test('the same seed gives the same trace in another process', async () => {
  const [again] = await swarm({ options, seeds: [2], heard: () => false });
  assert.equal(again?.hash, reports.find(({ seed }) => seed === 2)?.hash);
});

const caught = {
  'a receipt says another sum': 'everyReceiptSaysWhatTheRowsSay',
  'a worker goes on with what is assigned no longer': '9 the network comes to rest',
};
for (const [name, breaks] of Object.entries(caught))
  test(`the laws can fail: ${name}`, async () => {
    const sabotage = sabotages.find((each) => each.name === name);
    assert.ok(sabotage);
    let law = '';
    const heard = ({ broken }: SeedReport): boolean => {
      law = broken?.law ?? '';
      return broken !== null;
    };
    await swarm({ options, seeds: [1, 2, 3, 4], edits: sabotage.edits, processes: 1, heard });
    assert.equal(law, breaks);
  });

test('a list of faults is shortened to those that matter', async () => {
  const faults = Array.from({ length: 40 }, (_, id) => ({ id }) as Fault);
  const kept = await shrink(faults, 200, (some) => Promise.resolve([7, 31].every((wanted) => some.some(({ id }) => id === wanted))));
  assert.deepEqual(
    kept.map(({ id }) => id),
    [7, 31],
  );
});
