// Packing: what goes in, what stays out, the same bytes again, and what is refused.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { unzipSync } from 'fflate';
import { packFolder, PackError } from './pack.ts';

const base = mkdtempSync(path.join(tmpdir(), 'iog-pack-'));
after(() => rmSync(base, { recursive: true, force: true }));
function folder(name: string, files: Readonly<Record<string, string>>): string {
  const dir = path.join(base, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, file)), { recursive: true });
    writeFileSync(path.join(dir, file), text);
  }
  return dir;
}

test('code goes in; history, caches and environments stay out', () => {
  const dir = folder('a', {
    'sweep.py': 'x',
    'lib/b.py': 'y',
    '.git/HEAD': 'z',
    'lib/__pycache__/b.pyc': 'z',
    'node_modules/m/i.js': 'z',
    '.venv/p': 'z',
  });
  symlinkSync('sweep.py', path.join(dir, 'link.py'));
  const found = unzipSync(packFolder(dir));
  assert.deepEqual(Object.keys(found), ['lib/b.py', 'link.py', 'sweep.py']);
  assert.equal(Buffer.from(found['link.py'] ?? []).toString(), 'x');
});

test('the same files give the same bytes, whatever their times', () => {
  const dir = folder('b', { 'a.py': 'x', 'b.sh': 'y' });
  chmodSync(path.join(dir, 'b.sh'), 0o755);
  const before = packFolder(dir);
  utimesSync(path.join(dir, 'a.py'), 1, 1);
  assert.deepEqual(packFolder(dir), before);
});

test('refusals name the file and what to do', () => {
  assert.throws(() => packFolder(path.join(base, 'none')), /There is no folder/);
  assert.throws(() => packFolder(folder('empty', { '.git/HEAD': 'x' })), /holds no files/);
  const big = folder('big', { 'data.bin': 'x'.repeat(2_000) });
  assert.throws(() => packFolder(big, 1_000), PackError);
  assert.throws(() => packFolder(path.join(big, 'data.bin')), /is a file/);
  const leak = folder('leak', { 'a.py': 'x' });
  symlinkSync('/etc/hostname', path.join(leak, 'out'));
  assert.throws(() => packFolder(leak), /leads out of the folder/);
  const loop = folder('loop', { 'sub/a.py': 'x' });
  symlinkSync('..', path.join(loop, 'sub/up'));
  assert.throws(() => packFolder(loop), /a folder above it/);
  const dangling = folder('dangling', { 'a.py': 'x' });
  symlinkSync('missing', path.join(dangling, 'b'));
  assert.throws(() => packFolder(dangling), /to nothing/);
});
