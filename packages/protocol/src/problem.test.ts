// Problem documents: what their sentences are filled with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemOf } from './problem.ts';

test('amounts are told as money, in the currency of the context', () => {
  const context = { capMicro: '5000000', spentMicro: '0', needsMicro: '12345678', currency: 'TUSD' };
  const { detail } = problemOf({ code: 'key.spend-cap', context });
  assert.equal(detail, 'This key may spend 5.00 TUSD in all and 0.00 TUSD are spent or held; 12.345678 TUSD more would pass it.');
  assert.equal(
    problemOf({ code: 'faucet.limit', context: { limitMicro: '100000000' } }).detail,
    'The faucet gives at most 100.00 to an account.',
  );
});

function nextOf(noun: string): string {
  return problemOf({ code: 'not-found', context: { noun, id: 'x' } }).next;
}

test('what was not found names the list that would show it', () => {
  assert.equal(nextOf('cluster'), 'See what there is: `iog cluster list`.');
  assert.equal(nextOf('job'), 'See what there is: `iog job list <cluster>`.');
  assert.equal(nextOf('lease'), 'See what there is: `iog cluster show <cluster>`.');
});
