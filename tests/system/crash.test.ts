// A short run of the crash harness: real processes under load, killed at named points and at random; nothing acknowledged is lost, no law broken.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const rounds = 10;
const main = path.join(import.meta.dirname, '../../crash/main.ts');

test(`${rounds} rounds of kill -9: nothing is lost, every law holds, every cluster ends with its receipt`, async () => {
  const seed = process.env['IOG_SEED'] ?? '20';
  const child = spawn(process.execPath, [main, '--rounds', String(rounds), '--seed', seed, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString('utf8')));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, `seed ${seed}\n${err.slice(-4_000)}`);
  const report = JSON.parse(out) as {
    rounds: number;
    lost: number;
    lawsBroken: number;
    receipts: number;
    acknowledged: Record<string, number>;
  };
  assert.deepEqual([report.rounds, report.lost, report.lawsBroken], [rounds, 0, 0]);
  assert.ok(
    report.receipts > 0 && (report.acknowledged['cluster.create'] ?? 0) > 0 && (report.acknowledged['job.submit'] ?? 0) > 0,
    'there was a load',
  );
});
