import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { openSqlite } from './store/sqlite/open.ts';
import { tables } from './tables.ts';
import { startControl } from './control.ts';
import { quickPolicy, startRig, until } from './test/rig.ts';

const settings = { host: '127.0.0.1', port: 0, name: 'test', policy: quickPolicy, log: () => undefined };

test('a data directory that is in use is refused, and is free again after the stop', async (t) => {
  const rig = await startRig(t);
  await assert.rejects(startControl({ ...settings, dir: rig.dir }), { name: 'StoreFault', code: 'store.in-use' });
  assert.equal((await rig.call('GET', '/v1/account')).status, 200);
  await rig.restart();
  assert.equal((await rig.call('GET', '/v1/account')).status, 200);
});

test('a port that is taken is refused, and leaves the data directory free', async (t) => {
  const rig = await startRig(t);
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-control-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  await assert.rejects(startControl({ ...settings, dir, port: Number(new URL(rig.url).port) }), { code: 'EADDRINUSE' });
  const second = await startControl({ ...settings, dir });
  await second.stop();
});

test('a clock that was set back does not take the time back', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-control-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const reached = Date.now() + 3_600_000;
  const store = openSqlite({ path: path.join(dir, 'control.sqlite'), tables });
  const key = { kind: 'clock', id: 'clock' } as const;
  await store.commit({ reads: [{ key, version: 0 }], writes: [{ ...key, now: reached } as never] });
  await store.close();

  const control = await startControl({ ...settings, dir });
  const shown = async () => ((await (await fetch(`${control.url}/v1/network`)).json()) as { now: number }).now;
  const [first, second] = [await shown(), await shown()];
  await control.stop();
  assert.ok(first >= reached && second >= first);
});

test('the network keeps its key over a restart, readable by its user alone', async (t) => {
  const rig = await startRig(t);
  const { publicKey } = rig.control;
  await rig.restart();
  assert.equal(rig.control.publicKey, publicKey);
  assert.equal(fs.statSync(path.join(rig.dir, 'network.key')).mode & 0o777, 0o600);
});

test('a stop does not wait for sockets that never said hello, nor for streams', async (t) => {
  const rig = await startRig(t);
  const silent = new WebSocket(`${rig.url.replace('http', 'ws')}/v1/link`);
  silent.on('error', () => undefined);
  await until('the socket to open', () => silent.readyState === silent.OPEN);
  const startedAt = Date.now();
  await rig.restart();
  assert.ok(Date.now() - startedAt < 3_000);
});

test('one account sees and steers nothing of another', async (t) => {
  const rig = await startRig(t);
  const mine = await rig.key();
  const { secret: key, account } = await rig.account('other');
  await rig.call('POST', '/v1/faucet', { amountMicro: '5' });
  for (const list of ['devices', 'clusters', 'entries']) {
    const { status, body } = await rig.call<{ items: unknown[] }>('GET', `/v1/${list}`, undefined, { key });
    assert.deepEqual([list, status, body.items], [list, 200, []]);
  }
  const { body: keys } = await rig.call<{ items: { account: string }[] }>('GET', '/v1/keys', undefined, { key });
  assert.deepEqual(
    keys.items.map((each) => each.account),
    [account.id],
  );
  const revoked = await rig.call('POST', `/v1/keys/${mine.view.id}/revoke`, {}, { key });
  assert.equal(revoked.body.code, 'not-found');
  assert.equal((await rig.call('GET', '/v1/account', undefined, { key: mine.secret })).status, 200);
  const { body: balance } = await rig.call<{ availableMicro: string }>('GET', '/v1/balance', undefined, { key });
  assert.equal(balance.availableMicro, '0');
});
