// What a key keeps open ends with it: by its revocation, by its time, and also where the wake-up was lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rejection } from '@iog/protocol';
import type { KeyRow } from '@iog/core';
import { localSignals } from '../signals.ts';
import { admittedFake } from '../test/fake-device.ts';
import { testPorts } from '../test/ports.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { startRig, until } from '../test/rig.ts';
import { openWith } from '../test/opened.ts';
import { keyWatch } from './key-watch.ts';

const key: KeyRow = {
  kind: 'key',
  id: 'a'.repeat(64),
  key: `key_${'0'.repeat(26)}` as KeyRow['key'],
  account: `acc_${'0'.repeat(26)}` as KeyRow['account'],
  name: 'key',
  scopes: ['read'],
  createdAt: 0,
  expiresAt: null,
  revokedAt: null,
  spendCapMicro: null,
  spentMicro: 0n,
};

test('a watched key ends once: woken at once, or found by the clock; one that was let go of is not told', async (t) => {
  const rig = testPorts(t);
  const told: string[] = [];
  const ended = (name: string) => (why: Rejection) => void told.push(`${name} ${why.code}`);
  await rig.write(key);
  const woken = keyWatch(rig.ports, 3_600_000);
  const deaf = keyWatch({ ...rig.ports, signals: localSignals() }, 20);
  t.after(() => (woken.stop(), deaf.stop()));
  woken.watch(key.id, 'read', ended('woken'));
  woken.watch(key.id, 'read', ended('let go'))();
  deaf.watch(key.id, 'read', ended('deaf'));
  woken.watch('unknown', 'read', ended('unknown'));
  woken.watch(key.id, 'rent', ended('scope'));
  await until('what is wrong from the start', () => told.length === 2);
  assert.deepEqual(told.splice(0).toSorted(), ['scope key.scope', 'unknown key.unknown']);

  await rig.write({ ...key, revokedAt: 1 });
  await until('the clock to find it', () => told.length === 1);
  rig.ports.signals.wake('key', key.id);
  rig.ports.signals.wake('key', key.id);
  await until('the wake-up', () => told.length === 2);
  assert.deepEqual(told, ['deaf key.revoked', 'woken key.revoked']);
});

test('a key that expires is found by the clock, and a store that fails for once is asked again', async (t) => {
  const rig = testPorts(t);
  const told: string[] = [];
  await rig.write({ ...key, expiresAt: rig.ports.clock.now() + 1_000 });
  let failing = true;
  const store: typeof rig.ports.store = {
    ...rig.ports.store,
    load: (keys) => (failing ? Promise.reject(new Error('the disk is away')) : rig.ports.store.load(keys)),
  };
  const watch = keyWatch({ ...rig.ports, store }, 20);
  t.after(() => watch.stop());
  watch.watch(key.id, 'read', (why) => void told.push(why.code));
  rig.pass(1_000);
  await until('a failed look', () => rig.lines.some((line) => line.event === 'key.unwatched'));
  assert.deepEqual(told, []);
  failing = false;
  await until('the look after', () => told.length > 0);
  assert.deepEqual(told, ['key.expired']);
});

test('streams of events and tunnels end with their key, revoked or expired, and those of others go on', async (t) => {
  const rig = await startRig(t);
  await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const revoked = await rig.key();
  const brief = await rig.key({ expiresAt: Date.now() + 1_500 });
  const [ofRevoked, ofBrief, ofFirst] = [
    await openWith(rig, cluster.id, revoked.secret),
    await openWith(rig, cluster.id, brief.secret),
    await openWith(rig, cluster.id, rig.secret),
  ];
  assert.deepEqual([ofRevoked(), ofFirst()], [2, 2]);
  await rig.call('POST', `/v1/keys/${revoked.view.id}/revoke`);
  await until('the revoked key to have nothing open', () => ofRevoked() === 0, 2_000);
  await until('the expired key to have nothing open', () => ofBrief() === 0, 5_000);
  assert.ok(Date.now() >= (brief.view.expiresAt ?? 0));
  assert.equal(ofFirst(), 2);
});
