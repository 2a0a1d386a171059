// Waiting before asking again: as told, spread out, and within the patience.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { pauseBefore, retryAfterMs } from './retry.ts';

test('law: never sooner than told, never much later, and by itself at most two seconds', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 0, max: 100_000 }), chance, (tries, toldMs, dice) => {
      const pauseMs = pauseBefore(tries, toldMs, dice);
      assert.ok(pauseMs >= toldMs && pauseMs >= 50);
      assert.ok(pauseMs <= Math.max(2_000, toldMs * 1.25));
    }),
  );
});

test('Retry-After is seconds or a date', () => {
  assert.equal(retryAfterMs('3'), 3_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 4_000), 6_000);
  assert.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 60_000), 0);
  for (const nothing of [undefined, '', '-1', 'soon', '1e9']) assert.equal(retryAfterMs(nothing), 0);
});
