// A data directory that was copied: the process whose life of the replica is over stops, and says what to do. The last words of a stop.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, after, test } from 'node:test';
import { generateAgeIdentity, hashApiSecret, makeApiSecret, randomBytes } from '@iog/seal';
import { startControl } from '../control.ts';
import { type LogLine, usualPeriods } from '../ports.ts';
import { readRows } from '../store/read-rows.ts';
import { testServer } from '../store/postgres/test/server.ts';
import { connectFake, enrolFake } from '../test/fake-device.ts';
import { quickPolicy, remoteRig, until } from '../test/rig.ts';

const server = await testServer();
after(() => server.stop());

async function controls(t: TestContext, schema: string) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-superseded-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const secret = makeApiSecret(randomBytes(32));
  const { recipient } = await generateAgeIdentity();
  const firstAccount = { name: 'first', keyHash: hashApiSecret(secret), recipient };
  const store = { kind: 'postgres', url: server.url(schema) } as const;
  const periods = { ...usualPeriods, replicaMs: 50 };
  const shared = { store, host: '127.0.0.1', port: 0, name: 'copied', policy: quickPolicy, firstAccount, periods };
  const start = async (name: string) => {
    const lines: LogLine[] = [];
    const control = await startControl({ ...shared, dir: path.join(dir, name), log: (line) => lines.push(line) });
    t.after(() => control.stop());
    return { control, lines };
  };
  return { dir, store, start, rigOf: (url: string) => remoteRig(url, secret, quickPolicy) };
}

test('of two controls over one directory and its copy the earlier one stops, and says what to do', { timeout: 60_000 }, async (t) => {
  const { dir, start } = await controls(t, 'copied');
  const { control } = await start('a');
  const ended = assert.rejects(control.ended, { code: 'replica.superseded', message: /remove the file replica\.id from the copy/ });
  fs.mkdirSync(path.join(dir, 'b'), { mode: 0o700 });
  for (const file of ['network.key', 'replica.id']) fs.copyFileSync(path.join(dir, 'a', file), path.join(dir, 'b', file));
  const later = await start('b');
  await ended;
  await assert.rejects(fetch(`${control.url}/v1/network`));
  assert.equal((await fetch(`${later.control.url}/v1/network`)).status, 200);
  await later.control.stop();
  await later.control.ended;
});

test('a control that stops while another lives writes down how its sessions ended', { timeout: 60_000 }, async (t) => {
  const { dir, store, start, rigOf } = await controls(t, 'told');
  const { control } = await start('a');
  fs.mkdirSync(path.join(dir, 'b'), { mode: 0o700 });
  fs.copyFileSync(path.join(dir, 'a/network.key'), path.join(dir, 'b/network.key'));
  await start('b');
  const rig = rigOf(control.url);
  const { id } = await connectFake(rig, await enrolFake(rig));
  const last = async () => {
    const rows = await readRows(store, ['presence']);
    return rows.find((row) => row.id === id)?.sessions.at(-1);
  };
  await until('the session to be told', async () => (await last()) !== undefined);
  await control.stop();
  assert.notEqual((await last())?.closedAt ?? null, null);
});
