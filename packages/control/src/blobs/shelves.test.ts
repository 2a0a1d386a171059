// Quotas and the sweep of blobs, over a real store and a real directory.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { sha256hex } from '@iog/seal';
import type { ClusterRow, JobRow } from '@iog/core';
import { type TestPorts, testPorts } from '../test/ports.ts';
import { blobShelves } from './shelves.ts';
import { orphanScan, sweepBlobs } from './sweep.ts';

const dayMs = 24 * 3_600_000;
const shelf = 'acc_1/packages';

function shelved(t: TestContext, quotaBytes = 100) {
  const rig = testPorts(t);
  const shelves = blobShelves(rig.ports);
  const put = async (name: string, bytes: number, maxBytes = 1_000) => {
    const keepUntil = rig.ports.clock.now() + dayMs;
    const done = await shelves.put({ name: `packages/acc_1/${name}`, shelf, keepUntil, quotaBytes, maxBytes }, Buffer.alloc(bytes, 'x'));
    return done.ok ? 'ok' : done.rejection.code;
  };
  return { ...rig, put, used: async () => (await rig.row('shelf', shelf))?.bytes ?? 0, files: () => filesOf(rig) };
}
function filesOf({ dir }: TestPorts): string[] {
  return readdirSync(path.join(dir, 'blobs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .toSorted();
}
async function sweepAll(rig: TestPorts): Promise<void> {
  while (await sweepBlobs(rig.ports));
}

test('of forty uploads at once exactly those get in that fit', async (t) => {
  const rig = shelved(t);
  const done = await Promise.all(Array.from({ length: 40 }, (_, i) => rig.put(`n${i}`, 9)));
  assert.equal(done.filter((code) => code === 'ok').length, 11);
  assert.equal(done.filter((code) => code === 'blob.quota').length, 29);
  assert.equal(await rig.used(), 99);
  assert.equal(rig.files().length, 11);
  assert.equal(await rig.put('n0', 9), 'ok', 'what is there needs no more room');
  assert.equal(await rig.used(), 99);
});

test('twins of one name count once, with the bytes of the one that stayed', async (t) => {
  const rig = shelved(t);
  assert.deepEqual(await Promise.all([rig.put('a', 40), rig.put('a', 60), rig.put('a', 50)]), ['ok', 'ok', 'ok']);
  const found = await rig.ports.blobs.get('packages/acc_1/a');
  found?.stream.destroy();
  assert.equal(await rig.used(), found?.bytes);
});

test('an upload that is refused gives its room back, also beside a good one of its name', async (t) => {
  const rig = shelved(t);
  const digest = sha256hex(Buffer.alloc(60, 'x'));
  assert.equal(await rig.put('large', 20, 10), 'blob.too-large');
  assert.deepEqual(await Promise.all([rig.put(digest, 60), rig.put(digest, 61)]), ['ok', 'request.refused']);
  assert.equal(await rig.put('0'.repeat(64), 30), 'request.refused');
  await sweepAll(rig);
  assert.equal(await rig.used(), 60);
  assert.deepEqual(rig.files(), [digest]);
});

test('a blob goes when it is due, its room with it; one that is kept longer stays', async (t) => {
  const rig = shelved(t);
  await rig.put('a', 40);
  rig.pass(dayMs / 2);
  await rig.put('b', 50);
  await sweepAll(rig);
  assert.deepEqual(rig.files(), ['a', 'b']);
  rig.pass(dayMs / 2);
  await sweepAll(rig);
  assert.deepEqual(rig.files(), ['b']);
  assert.equal(await rig.used(), 50);
  await rig.put('b', 50);
  rig.pass(dayMs / 2);
  await sweepAll(rig);
  assert.deepEqual(rig.files(), ['b'], 'uploaded again, it is kept anew');
  rig.pass(dayMs);
  await sweepAll(rig);
  assert.deepEqual([rig.files(), await rig.used(), await rig.ids('blob', 'due')], [[], 0, []]);
});

test('a removal that a crash cut off, before or after the bytes went, is finished; meanwhile nothing is put in its place', async (t) => {
  const rig = shelved(t);
  await rig.put('a', 40);
  await rig.put('b', 40);
  for (const name of ['a', 'b']) {
    const row = await rig.row('blob', `packages/acc_1/${name}`);
    assert.ok(row);
    await rig.write({ ...row, state: 'going' });
  }
  await rig.ports.blobs.remove('packages/acc_1/a');
  assert.equal(await rig.put('a', 40), 'control.unavailable');
  await sweepAll(rig);
  assert.deepEqual([rig.files(), await rig.used()], [[], 0]);
  assert.equal(await rig.put('a', 40), 'ok');
});

test('an upload that a crash cut off counts until it comes again or is due', async (t) => {
  const rig = shelved(t);
  const name = 'packages/acc_1/a';
  await rig.write({ kind: 'blob', id: name, shelf, bytes: 60, state: 'coming', keepUntil: rig.ports.clock.now() + dayMs });
  await rig.write({ kind: 'shelf', id: shelf, bytes: 60 });
  assert.equal(await rig.put('b', 50), 'blob.quota');
  assert.equal(await rig.put('a', 30), 'ok');
  assert.equal(await rig.used(), 30);
  assert.equal(await rig.put('b', 50), 'ok');
});

test('a package without a row, as an earlier build left them, is kept for what the jobs of its account leave', async (t) => {
  const rig = shelved(t);
  const endsAt = rig.ports.clock.now() + 3 * dayMs;
  const named = { kind: 'job', id: 'job_1', cluster: 'clu_1', assigned: { package: 'named' } } as unknown as JobRow;
  await rig.write(
    { kind: 'cluster', id: 'clu_1', account: 'acc_1', state: 'running', jobs: ['job_1'], endsAt } as unknown as ClusterRow,
    named,
  );
  for (const name of ['named', 'loose']) await rig.ports.blobs.put(`packages/acc_1/${name}`, Buffer.from('x'), 10);
  while (await orphanScan(rig.ports).step());
  rig.pass(2 * dayMs);
  await sweepAll(rig);
  assert.deepEqual(rig.files(), ['named']);
  rig.pass(dayMs + rig.ports.policy.retention.blobMs);
  await sweepAll(rig);
  assert.deepEqual(rig.files(), []);
});

test('files that no row knows are found once, kept for a day, and removed; others are left alone', async (t) => {
  const rig = shelved(t);
  await rig.put('known', 10);
  for (let i = 0; i < 230; i++) await rig.ports.blobs.put(`logs/job_gone/${i}`, Buffer.from('x'), 10);
  await rig.ports.blobs.put('packages/acc_1/lost', Buffer.from('x'), 10);
  const scan = orphanScan(rig.ports);
  assert.equal(await scan.step(), true);
  assert.equal(await scan.step(), false);
  await sweepAll(rig);
  assert.equal(rig.files().length, 232);
  assert.equal(await rig.put('lost', 1), 'ok', 'one that comes again is counted');
  assert.equal(await rig.used(), 11);
  rig.pass(dayMs);
  await sweepAll(rig);
  assert.deepEqual([rig.files(), await rig.used()], [[], 0]);
});
