// The spool: whatever a crash leaves behind, what was added before stands, in its own bytes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import type { LeaseId } from '@iog/protocol';
import { realDisk } from '../disk.ts';
import { openSpool, type Spooled } from './spool.ts';

const root = mkdtempSync(join(tmpdir(), 'iog-spool-'));
after(() => rmSync(root, { recursive: true, force: true }));
const lease = `lea_${'0'.repeat(26)}` as LeaseId;
const fresh = (): string => mkdtempSync(join(root, 'd-'));
const sample = (index: number, closing = false): Spooled => ({
  segment: 0,
  index,
  closing,
  signed: { bytes: `b${index}`, signature: `s${index}` },
});
const indexes = (dir: string): number[] =>
  openSpool(dir)
    .waiting(lease, 1_000)
    .map(({ index }) => index);

test('a torn tail is cut off, wherever it tore, and the next sample follows the last whole one', () => {
  const dir = fresh();
  const spool = openSpool(dir);
  for (let i = 0; i < 5; i++) spool.add(lease, sample(i));
  const path = join(dir, `${lease}.chain`);
  const whole = readFileSync(path);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length }), (length) => {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const lines = whole.subarray(0, length).toString().split('\n').length - 1;
      const reopened = openSpool(dir);
      assert.equal(reopened.waiting(lease, 1_000).length, lines);
      reopened.add(lease, sample(lines));
      assert.deepEqual(
        indexes(dir),
        Array.from({ length: lines + 1 }, (_, i) => i),
      );
    }),
    { numRuns: 60 },
  );
});

test('garbage after the whole samples is cut off', () => {
  const dir = fresh();
  openSpool(dir).add(lease, sample(0));
  appendFileSync(join(dir, `${lease}.chain`), '{"segment":0,"index":"x"}\n{"more":');
  assert.deepEqual(indexes(dir), [0]);
  openSpool(dir).add(lease, sample(1));
  assert.deepEqual(indexes(dir), [0, 1]);
});

test('kill -9 while adding: everything that was said to be added is there, once, in order', async () => {
  const dir = fresh();
  const program = `
    import { openSpool } from ${JSON.stringify(new URL('./spool.ts', import.meta.url).href)};
    const spool = openSpool(${JSON.stringify(dir)});
    for (let index = 0; ; index++) {
      spool.add(${JSON.stringify(lease)}, { segment: 0, index, closing: false, signed: { bytes: 'b' + index, signature: 's' + index } });
      process.stdout.write(index + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data: Buffer) => {
    said += data.toString();
    if (said.split('\n').length > 20) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  const added = said.split('\n').slice(0, -1).map(Number);
  const found = indexes(dir);
  assert.ok(added.length >= 20);
  assert.ok(found.length >= added.length);
  assert.deepEqual(
    found,
    found.map((_, i) => i),
  );
});

test('acknowledged samples go; the file goes with the acknowledgement of the closing one', () => {
  const dir = fresh();
  const spool = openSpool(dir);
  spool.add(lease, sample(0));
  spool.add(lease, sample(1));
  spool.add(lease, sample(2, true));
  assert.deepEqual(spool.closing(lease), sample(2, true));
  spool.acknowledge(lease, { segment: 0, index: 1 });
  assert.deepEqual(spool.waiting(lease, 10), [sample(2, true)]);
  spool.acknowledge(lease, { segment: 0, index: 2 });
  assert.deepEqual(spool.leases(), []);
  assert.equal(existsSync(join(dir, `${lease}.chain`)), false);
});

test('a full disk: nothing is added, nothing is glued together, and adding works again later', () => {
  const dir = fresh();
  let isFull = false;
  const spool = openSpool(dir, {
    ...realDisk,
    append(path, bytes) {
      if (!isFull) return realDisk.append(path, bytes);
      appendFileSync(path, bytes.subarray(0, 7));
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    },
  });
  spool.add(lease, sample(0));
  isFull = true;
  assert.throws(() => spool.add(lease, sample(1)), /ENOSPC/);
  isFull = false;
  spool.add(lease, sample(1));
  assert.deepEqual(indexes(dir), [0, 1]);
});
