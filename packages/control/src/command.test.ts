// A command's answer: the one that is given is the one that is kept, whatever has moved on between its decision and its commit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accept } from '@iog/core';
import { randomBytes } from '@iog/seal';
import { type Call, command } from './command.ts';
import type { ControlPorts } from './ports.ts';
import { openSqlite } from './store/sqlite/open.ts';
import { tables } from './tables.ts';

test('a repeated request gets the answer that it got, to the letter, although its view tells the time', async (t) => {
  const store = openSqlite({ path: ':memory:', tables });
  t.after(() => store.close());
  let now = 1_000;
  const ports = { store, clock: { now: () => now++ }, random: randomBytes, log: () => undefined } as unknown as ControlPorts;
  const key = { account: `acc_${'0'.repeat(26)}`, key: 'key' };
  const call = { key, route: 'device.drain', idempotencyKey: 'drain-0001', request: 'req', body: {} } as unknown as Call<'device.drain'>;
  const ask = () =>
    command(
      ports,
      call,
      'device',
      async () => Promise.resolve(accept([], undefined)),
      () => ({ waitsFor: `last seen at ${now++}` }) as never,
    );
  const [first, again] = [await ask(), await ask()];
  assert.ok('answer' in first && 'body' in again);
  assert.deepEqual(JSON.parse(again.body), first.answer);
});
