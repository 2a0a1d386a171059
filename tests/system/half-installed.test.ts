// Set-up after a set-up that was killed half way: what is half there is made whole, and a second run has nothing to do.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');

test('a half-installed node_modules is repaired, and the next start finds everything done', () => {
  const clone = fs.mkdtempSync(path.join(os.tmpdir(), 'half-installed-'));
  try {
    for (const name of ['package.json', 'package-lock.json', '.npmrc', 'scripts', 'python', 'packages', 'apps']) {
      fs.cpSync(path.join(root, name), path.join(clone, name), { recursive: true, filter: (file) => !file.includes('node_modules') });
    }
    // As a killed `npm ci` leaves it: a package without its files, a binary that is none, and no stamp.
    fs.mkdirSync(path.join(clone, 'node_modules/.bin'), { recursive: true });
    fs.mkdirSync(path.join(clone, 'node_modules/ws'), { recursive: true });
    fs.writeFileSync(path.join(clone, 'node_modules/.bin/node'), 'cut off');

    const first = setUp(clone);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /packages/);
    const node = spawnSync(path.join(clone, 'node_modules/.bin/node'), ['--version'], { encoding: 'utf8' });
    assert.match(node.stdout, /^v26\./);
    assert.ok(fs.existsSync(path.join(clone, 'node_modules/ws/package.json')));

    const second = setUp(clone);
    assert.deepEqual([second.status, second.stdout, second.stderr], [0, '', '']);
  } finally {
    fs.rmSync(clone, { recursive: true, force: true });
  }
});

function setUp(clone: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['scripts/bootstrap.mjs'], { cwd: clone, encoding: 'utf8', timeout: 200_000 });
}
