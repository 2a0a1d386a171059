// Counters and the chain: what the sources say is read rightly, and the chain is whole, signed and never goes back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Compile } from 'typebox/compile';
import { SnapshotSchema, type DeviceId, type LeaseId, type Snapshot } from '@iog/protocol';
import { fromBase64url, generateSigningKey, sha256hex, sign, verify } from '@iog/seal';
import { hostCores, parseCoreList, parseCuda, parseGpus } from '../inventory.ts';
import { coreCounters, parseSchedstat, parseStat, parseUsagePerCpu } from './counters.ts';
import { ownCpu, parsePidStat } from './own-cpu.ts';
import { sampler } from './sampler.ts';
import { openSpool } from './spool.ts';

const dir = mkdtempSync(join(tmpdir(), 'iog-sampler-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('each source of busy time is read in milliseconds', () => {
  const schedstat = 'version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 5000000 7 9\ndomain0 3 1 2\ncpu1 0 0 0 0 0 0 2500000 7 9\n';
  assert.deepEqual(
    [...parseSchedstat(schedstat)],
    [
      [0, 5],
      [1, 2.5],
    ],
  );
  assert.deepEqual(
    [...parseUsagePerCpu('5000000 7000000 \n')],
    [
      [0, 5],
      [1, 7],
    ],
  );
  assert.deepEqual([...parseUsagePerCpu('what\n')], []);
  assert.deepEqual([...parseStat('cpu  9 9 9 9\ncpu0 1 2 3 100 50 4 5 70 0 0\n')], [[0, 150]]);
});

const only =
  (wanted: string, text: string) =>
  (path: string): string => {
    if (path !== wanted) throw new Error('ENOENT');
    return text;
  };

test('the most truthful source that is there is taken; without any the method says so', () => {
  assert.equal(coreCounters(only('/proc/schedstat', 'cpu3 0 0 0 0 0 0 8000000 0 0\n')).busyMs([3, 4]), 8);
  assert.equal(coreCounters(only('/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu', '1000000 2000000\n')).method, 'cgroup-v1');
  assert.equal(coreCounters(only('/proc/stat', 'cpu0 1 0 0 0 0 0 0\n')).method, 'stat');
  assert.equal(coreCounters(only('/nowhere', '')).method, 'none');
});

test('this host has counters that grow while we work', () => {
  const counters = coreCounters();
  const before = counters.busyMs(hostCores());
  const untilMs = Date.now() + 10_000;
  while (counters.busyMs(hostCores()) <= before) assert.ok(Date.now() < untilMs, 'the counters of this host stand still');
});

test('own time: descendants but no tenants, and it never falls when a process vanishes', async () => {
  const busy =
    'const untilMs = Date.now() + 150; while (Date.now() < untilMs); process.stdout.write("done"); setTimeout(() => {}, 60_000);';
  const start = async () => {
    const child = spawn(process.execPath, ['-e', busy], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return child;
  };
  const ours = await start();
  const tenant = await start();
  const own = ownCpu(process.pid);
  const all = ownCpu(process.pid);
  const tenants = new Set([tenant.pid ?? 0]);
  const withoutTenant = own.ms(tenants);
  assert.ok(all.ms(new Set()) >= withoutTenant + 50);
  assert.ok(withoutTenant >= 50);
  const gone = new Promise((resolve) => ours.once('close', resolve));
  ours.kill('SIGKILL');
  await gone;
  assert.ok(own.ms(tenants) >= withoutTenant);
  tenant.kill('SIGKILL');
  assert.deepEqual(parsePidStat(`7 (a b) c) S 3 ${Array(9).fill(0).join(' ')} 11 4 1 1 20 0 1 0 999 0`), {
    pid: 7,
    parent: 3,
    born: '999',
    ticks: 15,
  });
});

test('a chain: hashed to the one before, signed, valid, and counters that fall are held', () => {
  const key = generateSigningKey();
  const spool = openSpool(dir);
  const lease = `lea_${'1'.repeat(26)}` as LeaseId;
  const device = `dev_${'1'.repeat(26)}` as DeviceId;
  let monoMs = 1_000;
  const chain = sampler(lease, {
    device,
    segment: 3,
    spool,
    sign: (domain, bytes) => sign(key.secretKey, domain, bytes),
    monoMs: () => (monoMs += 5),
    pulse: () => '',
  });
  chain.take({ busyMs: 100.9, tenantMs: 50, ownMs: 5, method: 'stat' }, false);
  chain.take({ busyMs: 90, tenantMs: 60, ownMs: 4, method: 'stat' }, false);
  assert.deepEqual(chain.take({ busyMs: 120, tenantMs: 60, ownMs: 6, method: 'stat' }, true), { segment: 3, index: 2 });
  const check = Compile(SnapshotSchema);
  let prev = '';
  const read = spool.waiting(lease, 10).map(({ signed }) => {
    const bytes = fromBase64url(signed.bytes);
    assert.ok(verify(key.publicKey, 'evidence', bytes, signed.signature));
    const snapshot = JSON.parse(new TextDecoder().decode(bytes)) as Snapshot;
    assert.ok(check.Check(snapshot));
    assert.equal(snapshot.prev, prev);
    prev = sha256hex(bytes);
    return snapshot;
  });
  assert.deepEqual(
    read.map(({ busyMs, tenantMs, ownMs }) => [busyMs, tenantMs, ownMs]),
    [
      [100, 50, 5],
      [100, 60, 5],
      [120, 60, 6],
    ],
  );
  assert.deepEqual(
    read.map(({ closing }) => closing),
    [false, false, true],
  );
});

test('an inventory tolerates nonsense', () => {
  assert.deepEqual(parseCoreList('0-2,5,x,7-'), [0, 1, 2, 5]);
  const csv = 'GPU-1a, NVIDIA H100 80GB HBM3, 81559\nnonsense\nGPU-2b, , 5\nGPU-1a, again, 5\nGPU-3c, A "100", [N/A]\n';
  assert.deepEqual(parseGpus(csv), [{ uuid: 'GPU-1a', model: 'NVIDIA H100 80GB HBM3', memoryBytes: 81_559 * 1024 * 1024 }]);
  assert.deepEqual(
    ['CUDA Version: 12.8', 'CUDA Version: N/A', 'CUDA UMD Version: 13.1', ''].map((words) =>
      parseCuda(`| NVIDIA-SMI 570.86.15     Driver Version: 570.86.15      ${words}     |\n`),
    ),
    ['12.8', undefined, '13.1', undefined],
  );
});
