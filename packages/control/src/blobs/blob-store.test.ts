// The blob store against a real directory.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { BlobFault, blobFaultOf } from './blob-fault.ts';
import { type BlobStore, blobStore } from './blob-store.ts';

function fresh(t: TestContext): { dir: string; blobs: BlobStore } {
  const root = mkdtempSync(join(tmpdir(), 'iog-blobs-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const dir = join(root, 'blobs');
  return { dir, blobs: blobStore(dir) };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function read(blobs: BlobStore, name: string): Promise<Buffer | null> {
  const found = await blobs.get(name);
  return found && buffer(found.stream);
}

test('what was put is read again, streamed or not, after reopening, and only its owner may', async (t) => {
  const { dir, blobs } = fresh(t);
  const bytes = randomBytes(300_000);
  const name = `packages/${sha256(bytes)}`;
  assert.deepEqual(await blobs.put(name, inChunks(bytes, 7_000), 300_000), { ok: true, bytes: 300_000, kept: false });
  assert.deepEqual(await blobs.put('logs/job_1/0', new Uint8Array(0), 0), { ok: true, bytes: 0, kept: false });

  const again = blobStore(dir);
  assert.deepEqual(await read(again, name), bytes);
  assert.deepEqual(await read(again, 'logs/job_1/0'), Buffer.alloc(0));
  assert.equal(statSync(join(dir, name)).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'packages')).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(join(dir, '.unfinished')), []);
});

test('a blob is written once: another under its name keeps the first, also when both come at once', async (t) => {
  const { blobs } = fresh(t);
  const both = await Promise.all(['first', 'second'].map((text) => blobs.put('logs/1', Buffer.from(text), 100)));
  assert.deepEqual(
    both.map((put) => put.ok && put.kept).toSorted((a, b) => Number(a) - Number(b)),
    [false, true],
  );
  const kept = await read(blobs, 'logs/1');
  assert.deepEqual(await blobs.put('logs/1', Buffer.from('a third, longer'), 100), { ok: true, bytes: kept?.length, kept: true });
  assert.deepEqual(await read(blobs, 'logs/1'), kept);
});

test('too much, another hash, a broken source: nothing is left of it', async (t) => {
  const { dir, blobs } = fresh(t);
  const bytes = Buffer.from('sealed');
  const large = await blobs.put('a', inChunks(bytes, 2), 5);
  assert.deepEqual(large, { ok: false, rejection: { code: 'blob.too-large', context: { limit: 5 } } });
  const other = await blobs.put(`packages/${'0'.repeat(64)}`, bytes, 100);
  assert.equal(!other.ok && other.rejection.code, 'request.refused');
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield* inChunks(bytes, 3);
    throw new Error('the caller hung up');
  }
  await assert.rejects(blobs.put('a', breaking(), 100), /the caller hung up/);

  assert.equal(await blobs.exists('a'), false);
  assert.equal(await blobs.get('a'), null);
  assert.deepEqual(readdirSync(dir), ['.unfinished']);
  assert.deepEqual(readdirSync(join(dir, '.unfinished')), []);
});

test('removing is idempotent; a name may be put again after it', async (t) => {
  const { blobs } = fresh(t);
  await blobs.put('a/b', Buffer.from('1'), 10);
  assert.equal(await blobs.exists('a/b'), true);
  await blobs.remove('a/b');
  await blobs.remove('a/b');
  assert.equal(await blobs.exists('a/b'), false);
  assert.equal((await blobs.put('a/b', Buffer.from('2'), 10)).ok, true);
});

test('all blobs are listed, and nothing that is none', async (t) => {
  const { dir, blobs } = fresh(t);
  const listed = async (): Promise<string[]> => (await Array.fromAsync(blobs.names())).toSorted();
  assert.deepEqual(await listed(), []);
  for (const name of ['a', 'logs/1', 'logs/2', 'packages/x/y']) await blobs.put(name, Buffer.from('x'), 10);
  await blobs.remove('logs/1');
  writeFileSync(join(dir, '.unfinished', 'half'), 'x');
  writeFileSync(join(dir, 'READ ME'), 'x');
  assert.deepEqual(await listed(), ['a', 'logs/2', 'packages/x/y']);
});

test('what a dead process left half written is swept away', (t) => {
  const { dir } = fresh(t);
  writeFileSync(join(dir, '.unfinished', 'half'), 'x');
  blobStore(dir);
  assert.deepEqual(readdirSync(join(dir, '.unfinished')), []);
});

for (const name of ['', '/a', 'a/', 'a//b', '..', 'a/../b', '.unfinished/x', 'A', 'a b', 'a\0', 'a\n', 'x'.repeat(201)]) {
  test(`no blob is named ${JSON.stringify(name.slice(0, 20))}`, async (t) => {
    const { blobs } = fresh(t);
    await assert.rejects(blobs.put(name, Buffer.from('x'), 10), /not the name of a blob/);
    await assert.rejects(blobs.get(name), /not the name of a blob/);
  });
}

test('a full disk is the fault store.full', { skip: process.platform === 'linux' ? false : 'there is no /dev/full here' }, async () => {
  const cause: unknown = await appendFile('/dev/full', 'x').catch((error: unknown) => error);
  const fault = blobFaultOf(cause);
  assert.equal(fault instanceof BlobFault && fault.code, 'store.full');
});

test('a directory that cannot be written is the fault store.failed', async (t) => {
  const { dir, blobs } = fresh(t);
  writeFileSync(join(dir, 'logs'), 'a file where a directory should be');
  await assert.rejects(blobs.put('logs/1', Buffer.from('x'), 10), (error) => error instanceof BlobFault && error.code === 'store.failed');
});
