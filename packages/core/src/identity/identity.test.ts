import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { accountScopes, makeId, scopes, type KeyId, type NewKey, type Scope } from '@iog/protocol';
import { sampleAccount, sampleId, sampleNow } from '../fleet/sample-device.ts';
import type { KeyRow } from '../rows.ts';
import { accountView, authorise, createAccount, createKey, keyView, revokeKey, spendWithin } from './identity.ts';

const now = sampleNow;
const id: KeyId = makeId('key', now, new Uint8Array(16));
const wanted: NewKey = { name: 'laptop', hash: 'a'.repeat(64), scopes: ['read', 'rent'] };

function keyWith(changes: Partial<KeyRow> = {}): KeyRow {
  const made = createKey({ wanted, maker: null, now, id, account: sampleAccount });
  assert.ok(made.ok);
  return { ...made.value, ...changes };
}
function codeOf(asked: Partial<NewKey>, maker: KeyRow | null, account = sampleAccount): string {
  const made = createKey({ wanted: { ...wanted, ...asked }, maker, now, id, account });
  return made.ok ? 'ok' : made.rejection.code;
}

test('a key may do what its scopes say, while it lives', () => {
  assert.equal(authorise(keyWith(), 'rent', now), undefined);
  assert.equal(authorise(undefined, 'read', now)?.code, 'key.unknown');
  assert.deepEqual(authorise(keyWith(), 'admin', now), { code: 'key.scope', context: { scope: 'admin' } });
  const expiring = keyWith({ expiresAt: now + 10 });
  assert.equal(authorise(expiring, 'read', now + 9), undefined);
  assert.equal(authorise(expiring, 'read', now + 10)?.code, 'key.expired');
  assert.equal(authorise(keyWith({ revokedAt: now, expiresAt: now }), 'read', now)?.code, 'key.revoked');
});

test('a revoked key stays revoked at the time it was', () => {
  const revoked = revokeKey(keyWith(), now + 1);
  assert.ok(revoked.ok && revoked.value.revokedAt === now + 1 && revoked.rows.length === 1);
  const again = revokeKey(revoked.value, now + 2);
  assert.ok(again.ok && again.value.revokedAt === now + 1 && again.rows.length === 0);
});

test('law: a key gives no scope that its maker lacks', () => {
  const some = fc.subarray([...scopes], { minLength: 1 });
  fc.assert(
    fc.property(some, some, (has: Scope[], asks: Scope[]) => {
      const isWithin = asks.every((scope) => has.includes(scope));
      assert.equal(codeOf({ scopes: asks }, keyWith({ scopes: has })), isWithin ? 'ok' : 'key.scope');
    }),
  );
});

test('the first key of another account may do anything there, but not run the network', () => {
  const operator = keyWith({ scopes: ['operate'] });
  const other = sampleId('acc', 9);
  assert.equal(codeOf({ scopes: [...accountScopes] }, operator, other), 'ok');
  assert.equal(codeOf({ scopes: ['read', 'operate'] }, keyWith({ scopes: [...scopes] }), other), 'request.refused');
  assert.equal(codeOf({ scopes: ['read'] }, operator), 'key.scope');
});

test('a key must expire in the future, and its cap is not below zero', () => {
  assert.equal(codeOf({ expiresAt: now }, null), 'request.refused');
  assert.equal(codeOf({ expiresAt: now + 1 }, null), 'ok');
  assert.equal(codeOf({ spendCapMicro: '-1' }, null), 'request.refused');
});

test('a key that expires makes none that outlives it', () => {
  const expiring = keyWith({ scopes: [...scopes], expiresAt: now + 100 });
  assert.equal(codeOf({}, expiring), 'request.refused');
  assert.equal(codeOf({ expiresAt: now + 101 }, expiring), 'request.refused');
  assert.equal(codeOf({ expiresAt: now + 100 }, expiring), 'ok');
  assert.equal(codeOf({}, expiring, sampleId('acc', 9)), 'ok');
});

test('a key with a spend cap cannot get round it by making another', () => {
  const capped = keyWith({ scopes: [...scopes], spendCapMicro: 10n });
  assert.equal(codeOf({ scopes: ['rent'], spendCapMicro: '1' }, capped), 'request.refused');
  assert.equal(codeOf({ scopes: ['admin'] }, capped), 'request.refused');
  assert.equal(codeOf({ scopes: ['read', 'supply'] }, capped), 'ok');
  assert.equal(codeOf({ scopes: ['rent'] }, capped, sampleId('acc', 9)), 'ok');
});

test('spending stays within the cap, holds included', () => {
  const key = keyWith({ spendCapMicro: 10n, spentMicro: 7n });
  assert.equal(spendWithin(key, 3n, 'TUSD'), undefined);
  const context = { capMicro: '10', spentMicro: '7', needsMicro: '4', currency: 'TUSD' };
  assert.deepEqual(spendWithin(key, 4n, 'TUSD'), { code: 'key.spend-cap', context });
  assert.equal(spendWithin(keyWith(), 10n ** 20n, 'TUSD'), undefined);
});

test('an account comes with its first key, and views show no hash', () => {
  const made = createAccount({ wanted: { name: 'lab', key: wanted }, maker: null, now, id: sampleAccount, keyId: id });
  assert.ok(made.ok && made.rows.length === 2);
  assert.deepEqual(accountView(made.value.account), { id: sampleAccount, name: 'lab', createdAt: now, recipient: null });
  assert.equal(keyView(made.value.key).id, id);
  assert.equal(JSON.stringify(keyView(made.value.key)).includes(wanted.hash), false);
});
