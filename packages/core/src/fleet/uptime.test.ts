import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { dayOf, eitherUp, markMinute, uptimeBytes, uptimeOf } from './uptime.ts';

const now = 1_800_000_000_000;
const day = dayOf(now);
const blank = () => new Uint8Array(uptimeBytes);

function marked(minutes: readonly number[]): Uint8Array {
  const bits = blank();
  for (const minute of minutes) markMinute(bits, day * 86_400_000 + minute * 60_000 + 7);
  return bits;
}

test('only minutes that control saw count, from the enrolment on, at most thirty days back', () => {
  const control = new Map([[day, marked([1, 2, 3, 4])]]);
  const enrolledAt = day * 86_400_000;
  const of = (up: number[], since = enrolledAt) => {
    const found = uptimeOf(new Map([[day, marked(up)]]), control, since, now);
    return found && [found.upMinutes, found.observedMinutes];
  };
  assert.deepEqual(of([1, 2, 9]), [2, 4]);
  assert.deepEqual(of([1, 2], enrolledAt + 120_000), [1, 3]);
  assert.equal(uptimeOf(new Map(), new Map(), enrolledAt, now), null);
  assert.equal(uptimeOf(new Map(), new Map([[day - 31, marked([5])]]), 0, now), null);
});

test('law: put together in any order, however often, the bits are those that either has', () => {
  const some = fc.uint8Array({ minLength: uptimeBytes, maxLength: uptimeBytes });
  fc.assert(
    fc.property(some, some, (a, b) => {
      const both = eitherUp(a, b);
      assert.deepEqual(both, eitherUp(b, a));
      assert.deepEqual(eitherUp(both, a), both);
    }),
  );
});

test('a minute is new once', () => {
  const bits = blank();
  assert.deepEqual([markMinute(bits, now), markMinute(bits, now), markMinute(bits, now + 60_000)], [true, false, true]);
});
