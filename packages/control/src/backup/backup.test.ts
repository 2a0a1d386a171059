// A backup is one moment, whole, the same from either store; restored into either, the network is what it was.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { toHex } from '@iog/seal';
import { startControl } from '../control.ts';
import { openStore } from '../store/choose.ts';
import { StoreFault } from '../store/store.ts';
import { testServer } from '../store/postgres/test/server.ts';
import { tables } from '../tables.ts';
import { sampleNetwork } from '../laws/test/sample-network.ts';
import { admittedFake } from '../test/fake-device.ts';
import { createOf, fund, quoteOf } from '../test/renting.ts';
import { type Rig, quickPolicy, startRig } from '../test/rig.ts';
import { checkBackup } from './check-backup.ts';
import { checkStore } from './check-store.ts';
import { BackupDamaged, rowsFile } from './manifest.ts';
import { PlaceTaken, restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

function place(t: TestContext): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-backup-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}
const files = (folder: string) => fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
const settings = { host: '127.0.0.1', port: 0, name: 'test', policy: quickPolicy, log: () => undefined };

async function putPackage(rig: Rig, bytes: Uint8Array): Promise<string> {
  const name = createHash('sha256').update(bytes).digest('hex');
  const headers = { authorization: `Bearer ${rig.secret}`, 'content-type': 'application/octet-stream', 'idempotency-key': 'package-1' };
  const sent = await fetch(`${rig.url}/v1/blobs/${name}`, { method: 'PUT', headers, body: bytes as never });
  assert.equal(sent.status, 200, await sent.text());
  return name;
}

test('a backup beside a running control restores to a network that goes on, with its key, blobs and clusters', async (t) => {
  const dir = place(t);
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  t.after(() => device.close());
  await fund(rig);
  const blob = await putPackage(rig, Buffer.from('sealed bytes'));
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const made = await writeBackup({ dir: rig.dir }, path.join(dir, 'b'));
  assert.deepEqual(made.manifest.absentBlobs, []);
  assert.ok(made.manifest.files.some((file) => file.path.endsWith(blob)));
  // What comes after is not in it.
  await fund(rig, '5');

  const { report } = await restoreBackup(path.join(dir, 'b'), { dir: path.join(dir, 'again') });
  assert.ok(report.holds);
  assert.ok(report.laws.every(({ asked }) => asked >= 0) && (report.rows['cluster'] ?? 0) === 1);
  const again = await startControl({ ...settings, dir: path.join(dir, 'again') });
  t.after(() => again.stop());
  assert.equal(again.publicKey, rig.control.publicKey);
  const get = async (route: string) => {
    const sent = await fetch(again.url + route, { headers: { authorization: `Bearer ${rig.secret}` } });
    return { status: sent.status, body: (await sent.json()) as Record<string, string> };
  };
  assert.equal((await get(`/v1/clusters/${cluster.id}`)).body['id'], cluster.id);
  assert.equal((await get('/v1/balance')).body['availableMicro'], String(10_000_000n - BigInt(cluster.heldMicro)));
  assert.ok(fs.existsSync(path.join(dir, 'again/blobs/packages', cluster.account, blob)));
  // It takes new money and keeps its laws.
  const draw = {
    method: 'POST',
    headers: { authorization: `Bearer ${rig.secret}`, 'content-type': 'application/json', 'idempotency-key': 'restored-1' },
  };
  assert.equal((await fetch(`${again.url}/v1/faucet`, { ...draw, body: '{"amountMicro":"7"}' })).status, 200);
  assert.ok((await checkStore(path.join(dir, 'again'))).holds);
});

test('blobs in a folder that controls share are taken from there, and restored to such a one', async (t) => {
  const dir = place(t);
  const rig = await startRig(t);
  const blob = await putPackage(rig, Buffer.from('sealed bytes'));
  const [shared, own] = [path.join(dir, 'shared'), path.join(rig.dir, 'blobs')];
  fs.cpSync(own, shared, { recursive: true });
  fs.rmSync(own, { recursive: true });
  const without = await writeBackup({ dir: rig.dir }, path.join(dir, 'without'));
  assert.equal(without.manifest.absentBlobs.length, 1);
  const made = await writeBackup({ dir: rig.dir, blobs: shared }, path.join(dir, 'b'));
  assert.deepEqual(made.manifest.absentBlobs, []);

  const [again, sharedAgain] = [path.join(dir, 'again'), path.join(dir, 'shared-again')];
  await restoreBackup(path.join(dir, 'b'), { dir: again, blobs: sharedAgain });
  assert.ok(files(sharedAgain).some((name) => name.endsWith(blob)));
  assert.ok(!files(again).some((name) => name.endsWith(blob)));
});

test('rows of either store make the same bytes, and go into either', async (t) => {
  const dir = place(t);
  const server = await testServer();
  t.after(() => server.stop());
  const postgres = (schema: string) => ({ kind: 'postgres', url: server.url(schema) }) as const;
  const rows = [...sampleNetwork(), { kind: 'shelf', id: 'odd \u0000 id', bytes: 1, $name: { $bigint: '1' } } as never];
  const first = path.join(dir, 'one');
  fs.mkdirSync(first);
  fs.writeFileSync(
    path.join(first, 'network.key'),
    JSON.stringify({ publicKey: 'k', secretKey: 's', pulseSecret: toHex(new Uint8Array(32)) }),
  );
  const store = await openStore(first, undefined, tables);
  await store.commit({ reads: [], writes: rows });
  await store.close();

  await writeBackup({ dir: first }, path.join(dir, 'b1'));
  await restoreBackup(path.join(dir, 'b1'), { dir: path.join(dir, 'two'), store: postgres('two') });
  await writeBackup({ dir: path.join(dir, 'two'), store: postgres('two') }, path.join(dir, 'b2'));
  await restoreBackup(path.join(dir, 'b2'), { dir: path.join(dir, 'three') });
  await writeBackup({ dir: path.join(dir, 'three') }, path.join(dir, 'b3'));
  const text = (backup: string) => fs.readFileSync(path.join(dir, backup, rowsFile), 'utf8');
  assert.ok(text('b1').includes('odd'));
  assert.equal(text('b2'), text('b1'));
  assert.equal(text('b3'), text('b1'));
  assert.deepEqual((await checkStore('', postgres('two'))).rows, (await checkStore(first)).rows);
  await assert.rejects(restoreBackup(path.join(dir, 'b1'), { dir: path.join(dir, 'four'), store: postgres('two') }), PlaceTaken);
  await assert.rejects(
    checkStore('', postgres('nothing')),
    (error) => error instanceof StoreFault && /holds no network/.test(error.message),
  );
});

test('a backup that was changed, cut or not finished is told, and nothing is restored from it or over something', async (t) => {
  const dir = place(t);
  const rig = await startRig(t);
  await putPackage(rig, Buffer.from('sealed bytes'));
  const backup = path.join(dir, 'b');
  const { manifest } = await writeBackup({ dir: rig.dir }, backup);
  assert.ok((await checkBackup(backup)).report.holds);
  await assert.rejects(writeBackup({ dir: rig.dir }, backup), BackupDamaged);
  await assert.rejects(restoreBackup(backup, { dir: rig.dir }), PlaceTaken);
  await assert.rejects(checkBackup(dir), BackupDamaged);

  for (const file of manifest.files.map((each) => path.join(backup, each.path))) {
    const bytes = fs.readFileSync(file);
    const other = Buffer.from(bytes);
    other[bytes.length >> 1] = (other[bytes.length >> 1] ?? 0) ^ 1;
    for (const wrong of [other, bytes.subarray(0, -1), Buffer.concat([bytes, bytes])]) {
      fs.writeFileSync(file, wrong);
      await assert.rejects(restoreBackup(backup, { dir: path.join(dir, 'again') }), BackupDamaged, file);
    }
    fs.rmSync(file);
    await assert.rejects(checkBackup(backup), BackupDamaged);
    fs.writeFileSync(file, bytes);
  }
  assert.ok(!fs.existsSync(path.join(dir, 'again')));
  const text = fs.readFileSync(path.join(backup, 'manifest.json'), 'utf8');
  fs.writeFileSync(path.join(backup, 'manifest.json'), text.replace('"rows.jsonl"', '"blobs/../../rows.jsonl"'));
  await assert.rejects(checkBackup(backup), BackupDamaged);
});

test('half a restored network does not run', async (t) => {
  const dir = place(t);
  fs.writeFileSync(path.join(dir, 'restore.unfinished'), '');
  await assert.rejects(startControl({ ...settings, dir }), (error) => error instanceof StoreFault && error.code === 'store.corrupt');
});

test('a law that is broken is in the report, with what shows it', async (t) => {
  const dir = place(t);
  const store = await openStore(dir, undefined, tables);
  const [first, ...rest] = sampleNetwork();
  await store.commit({ reads: [], writes: [{ ...first, amountMicro: -9_999n } as never, ...rest] });
  await store.close();
  const report = await checkStore(dir);
  assert.equal(report.holds, false);
  const broken = report.laws.filter(({ broken: found }) => found.length > 0).map(({ law }) => law);
  assert.deepEqual(broken, ['everyBalanceIsItsEntries', 'everyCurrencySumsToZero']);
});
