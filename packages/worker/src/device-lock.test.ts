// The lock of a device: one holder at a time, by any path; it ends with its holder, also by kill -9.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lockDevice } from './device-lock.ts';

const inUse = { name: 'DeviceInUse', code: 'device.in-use', message: /is run by another worker already, process \d+: stop that one first/ };

test('a second worker of one folder is refused until the first lets go, by whatever path', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'iog-device-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const other = join(dir, 'same');
  symlinkSync(dir, other);
  const lock = await lockDevice(dir, 0);
  await assert.rejects(lockDevice(other, 0), inUse);
  const waits = lockDevice(other, 5_000);
  await lock.release();
  await (await waits).release();
  await (await lockDevice(other, 0)).release();
});

test('the lock of a worker that was killed is free', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'iog-device-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const code = `const { lockDevice } = await import(process.argv[1]); await lockDevice(process.argv[2], 0); console.log('held'); setInterval(() => 0, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, join(import.meta.dirname, 'device-lock.ts'), dir]);
  await once(child.stdout, 'data');
  await assert.rejects(lockDevice(dir, 0), { ...inUse, pid: child.pid });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await lockDevice(dir, 0)).release();
});

test('of many that come at once one holds it; a long path does no harm, and nothing is left behind', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'iog-device-'));
  t.after(() => rmSync(root, { recursive: true }));
  const dir = join(root, 'd'.repeat(120));
  mkdirSync(dir);
  let held = 0;
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const lock = await lockDevice(dir, 20_000);
      held += 1;
      assert.equal(held, 1);
      await new Promise((resolve) => setImmediate(resolve));
      held -= 1;
      await lock.release();
    }),
  );
  assert.deepEqual(readdirSync(dir), []);
});

test('a name that anyone may bind, in no folder, locks nobody out', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'iog-device-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const { dev, ino } = statSync(dir);
  const other = net.createServer().listen({ path: `\0iog-device-${dev}-${ino}` });
  t.after(() => other.close());
  await once(other, 'listening');
  await (await lockDevice(dir, 0)).release();
});
