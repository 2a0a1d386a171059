// What set-up would take on arm64, found out on any machine: every pinned package has a wheel there. Nothing is installed.
// uv's dry run compares no hashes: that the locks hold those of the arm64 wheels is not shown here, but for Node.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '../..');
const platform = 'aarch64-unknown-linux-gnu';

test('Node: the lock pins a package for Linux on arm64 by hash, of the version for x64, with the same program', () => {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; integrity: string; os: string[] | string; cpu: string[] | string; bin: unknown }>;
  };
  const [arm, x64] = ['arm64', 'x64'].map((name) => packages[`node_modules/node-linux-${name}`]);
  assert.ok(arm && x64);
  assert.deepEqual([[arm.os].flat(), [arm.cpu].flat()], [['linux'], ['arm64']]);
  assert.match(arm.integrity, /^sha512-/);
  assert.notEqual(arm.integrity, x64.integrity);
  assert.deepEqual([arm.version, arm.bin], [x64.version, x64.bin]);
});

for (const [lock, wanted] of [
  ['uv.lock', 'uv'],
  ['requirements.lock', 'ray'],
] as const) {
  for (const version of ['3.10', '3.14']) {
    test(`${lock}: Python ${version} on arm64 finds ${wanted} and all it needs`, () => {
      const { status, stderr } = resolve(lock, version);
      assert.equal(status, 0, stderr);
      const pinned = new RegExp(`^${wanted}==(\\S+)`, 'm').exec(fs.readFileSync(path.join(root, 'python', lock), 'utf8'))?.[1];
      assert.ok(stderr.includes(` + ${wanted}==${pinned}\n`), stderr);
    });
  }
}

function resolve(lock: string, version: string): { status: number | null; stderr: string } {
  const target = fs.mkdtempSync(path.join(os.tmpdir(), 'arm64-'));
  try {
    const words = ['pip', 'install', '--dry-run', '--require-hashes', '--no-build', '--python-platform', platform];
    const file = path.resolve(path.join(root, 'python'), lock);
    return spawnSync(path.join(root, '.cache/python/bin/uv'), [...words, '--python-version', version, '--target', target, '-r', file], {
      encoding: 'utf8',
      timeout: 60_000,
    });
  } finally {
    fs.rmSync(target, { recursive: true, force: true });
  }
}
