import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { ChainHead } from '../rows.ts';
import { bootMs, chain, hashOf, place, placed, take } from './sample-chain.ts';

const start = 1_000_000;
const head: ChainHead = {
  segment: 2,
  index: 5,
  hash: 'a'.repeat(64),
  monoMs: start + bootMs,
  at: start,
  offsetMs: -bootMs,
  closing: false,
};

function arriving(at: number, at0: { segment: number; index: number; prev: string }, arrivedAt = at) {
  const snapshot = take(at, at0);
  return { snapshot, hash: hashOf(snapshot), arrivedAt };
}

test('the next sample continues the chain', () => {
  const result = place(arriving(start + 10_000, { segment: 2, index: 6, prev: head.hash }), head);
  assert.equal(result.kind, 'placed');
  assert.ok(result.kind === 'placed' && result.sample.whole && result.chain.index === 6 && result.sample.at === start + 10_000);
});

test('a resend is known, and what is older is ignored', () => {
  const again = { ...arriving(start, { segment: 2, index: 5, prev: '' }), hash: head.hash };
  assert.equal(place(again, head).kind, 'known');
  assert.equal(place(arriving(start - 1, { segment: 2, index: 4, prev: '' }), head).kind, 'ignored');
  assert.equal(place(arriving(start + 1, { segment: 1, index: 90, prev: '' }), head).kind, 'ignored');
});

test('other bytes in the same place contradict, and the chain stays where it is', () => {
  const result = place(arriving(start + 5, { segment: 2, index: 5, prev: 'b'.repeat(64) }), head);
  assert.ok(result.kind === 'contradiction' && result.sample.contradiction === true && !result.sample.whole);
});

for (const [name, at, where] of [
  ['a hole', 10_000, { segment: 2, index: 7, prev: head.hash }],
  ['a wrong link', 10_000, { segment: 2, index: 6, prev: 'b'.repeat(64) }],
  ['a clock that went back', -1, { segment: 2, index: 6, prev: head.hash }],
  ['a segment that does not begin at 0', 10_000, { segment: 3, index: 1, prev: '' }],
  ['a segment that pretends to continue', 10_000, { segment: 3, index: 0, prev: head.hash }],
] as const)
  test(`${name} is placed, and not whole`, () => {
    const result = place(arriving(start + at, where, start + 20_000), head);
    assert.ok(result.kind === 'placed' && !result.sample.whole);
    assert.ok(result.sample.at >= head.at);
  });

test('a restarted worker opens a whole segment, dated by its arrival', () => {
  const result = place(arriving(3, { segment: 3, index: 0, prev: '' }, start + 9_000), head);
  assert.ok(result.kind === 'placed' && result.sample.whole && result.sample.at === start + 9_000);
});

test('a pulse that the sample names bounds its date from below', () => {
  const late = arriving(start + 1_000, { segment: 2, index: 6, prev: head.hash }, start + 60_000);
  const result = place(late, head, start + 30_000);
  assert.ok(result.kind === 'placed' && result.sample.at === start + 30_000);
});

test('law: dates never go back, and are never later than the arrival, however late and jittery', () => {
  const steps = fc.array(fc.record({ stepMs: fc.integer({ min: 0, max: 30_000 }), delayMs: fc.integer({ min: 0, max: 90_000 }) }), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, (plan) => {
      let at = start;
      const taken = chain({ times: plan.map(({ stepMs }) => (at += stepMs)), delayMs: (i) => plan[i]?.delayMs ?? 0 });
      const samples = placed(taken);
      assert.equal(samples.length, taken.length);
      assert.ok(samples.every((sample, i) => sample.whole && sample.at <= sample.arrivedAt && sample.at >= (samples[i - 1]?.at ?? 0)));
    }),
  );
});

test('law: duplicates and resends of what was held change nothing', () => {
  const times = Array.from({ length: 12 }, (_, i) => start + i * 10_000);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 10 }), (resends) => {
      const taken = chain({ times });
      const once = placed(taken);
      // Each resend comes at once after a sample at or behind it, as a worker sends again what was not acknowledged.
      const noisy = taken.flatMap((each, i) => [
        each,
        ...resends.filter(([after, which]) => after === i && which <= i).map(([, which]) => taken[which] ?? each),
      ]);
      assert.deepEqual(placed(noisy), once);
    }),
  );
});
