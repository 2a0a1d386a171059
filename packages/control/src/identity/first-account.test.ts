// The first account, and what its key and those of other accounts get when an earlier IOG had no scope `operate`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountScopes, scopes, type Scope } from '@iog/protocol';
import type { AccountRow, KeyRow } from '@iog/core';
import { testPorts } from '../test/ports.ts';
import { makeFirstAccount } from './first-account.ts';

const first = { name: 'owner', keyHash: 'a'.repeat(64), recipient: `age1${'q'.repeat(58)}` };

function accountOf(digit: string, createdAt: number): AccountRow {
  return { kind: 'account', id: `acc_${digit.repeat(26)}` as AccountRow['id'], name: `n${digit}`, createdAt, recipient: null };
}
function keyOf(account: AccountRow, hash: string, had: readonly Scope[], changes: Partial<KeyRow> = {}): KeyRow {
  return {
    kind: 'key',
    id: hash.repeat(64),
    key: `key_${hash.repeat(26)}` as KeyRow['key'],
    account: account.id,
    name: 'first',
    scopes: [...had],
    createdAt: account.createdAt,
    expiresAt: null,
    revokedAt: null,
    spendCapMicro: null,
    spentMicro: 0n,
    ...changes,
  };
}

test('the first account has every scope, and a second start makes nothing', async (t) => {
  const rig = testPorts(t);
  await makeFirstAccount(rig.ports, first);
  await makeFirstAccount(rig.ports, first);
  await makeFirstAccount(rig.ports, { ...first, keyHash: 'b'.repeat(64) });
  assert.equal((await rig.ids('account', 'all')).length, 1);
  assert.deepEqual((await rig.row('key', first.keyHash))?.scopes, [...scopes]);
  assert.equal(await rig.row('key', 'b'.repeat(64)), undefined);
});

test('keys from before get what they had in other words, once', async (t) => {
  const rig = testPorts(t);
  const [owner, bob, carol] = [accountOf('0', 1), accountOf('1', 2), accountOf('2', 3)];
  const before = ['read', 'rent', 'supply'] as const;
  await rig.write(owner, bob, carol, keyOf(owner, 'a', accountScopes), keyOf(owner, 'c', before, { createdAt: 1 }));
  await rig.write(keyOf(bob, '1', before), keyOf(bob, '2', before, { createdAt: 9 }), keyOf(carol, '3', ['read']));
  const scopesOf = async (hash: string) => (await rig.row('key', hash.repeat(64)))?.scopes;
  await makeFirstAccount(rig.ports, first);
  assert.deepEqual(await scopesOf('a'), [...scopes]);
  assert.deepEqual(await scopesOf('1'), [...accountScopes]);
  assert.deepEqual([await scopesOf('c'), await scopesOf('2'), await scopesOf('3')], [before, before, ['read']]);

  const late = accountOf('4', 5);
  await rig.write(late, keyOf(late, '4', before));
  await makeFirstAccount(rig.ports, first);
  assert.deepEqual(await scopesOf('4'), before);
});
