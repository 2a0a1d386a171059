// The disk fails under real processes: it is full, read-only, damaged, or somebody else's. Each is said plainly, destroys nothing, and passes with its cause.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { ApiError, askQuote, iogClient, rentCluster, type IogClient } from '@iog/client';
import { checkLaws, readRows } from '@iog/control';
import { hashApiSecret } from '@iog/seal';
import { type Child, StartRefused, startChild } from '../../crash/child.ts';
import { type Account, newAccount, startNetwork } from '../../crash/network.ts';
import { lightPolicy } from '../../crash/policy.ts';
import { comeToEnd } from '../../crash/rest.ts';
import { clear } from './processes.ts';
import { until } from './rig.ts';

const mounts = new Set<string>();
const withoutMounts = mayMount() ? false : 'this user may mount no file system';

interface Place {
  readonly dir: string;
  readonly data: string;
  readonly owner: Account;
  start(this: void, port?: number): Promise<{ child: Child; client: IogClient }>;
}

async function place(t: TestContext): Promise<Place> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crash-disk-'));
  t.after(() => leaveNothing(dir));
  const data = path.join(dir, 'control');
  fs.mkdirSync(data, { mode: 0o700 });
  const owner = await newAccount('owner');
  const firstAccount = { name: owner.name, keyHash: hashApiSecret(owner.key), recipient: owner.recipient };
  return {
    dir,
    data,
    owner,
    async start(port = 0) {
      const task = { dir: data, host: '127.0.0.1', port, name: 'disk', policy: lightPolicy, firstAccount };
      const { child, up } = await startChild('control', task, path.join(dir, 'control.log'));
      const client = iogClient({ url: up['url'] ?? '', key: owner.key, patienceMs: 300 });
      t.after(async () => {
        client.close();
        await child.kill();
      });
      return { child, client };
    },
  };
}

const draw = (client: IogClient, n: number) =>
  client.call('faucet.draw', { body: { amountMicro: String(n) }, idempotencyKey: `draw-number-${n}` });
const rowsOf = (data: string) => readRows({ kind: 'sqlite', path: path.join(data, 'control.sqlite') });
const refusedAs = (code: string, says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StartRefused, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  return true;
};

test(
  'a full disk: writes are refused as unavailable, reads go on, and so do writes once there is room',
  { skip: withoutMounts },
  async (t) => {
    const { data, start } = await place(t);
    mountTmpfs(data, '4m');
    const { client, child } = await start();
    await draw(client, 1);
    const filler = fillUp(data);
    const failure = await until('the disk to be full for control', 10_000, async () => {
      for (let n = 2; n < 40; n++) {
        try {
          await draw(client, n);
        } catch (error) {
          return { n, error };
        }
      }
      return undefined;
    });
    assert.ok(failure.error instanceof ApiError);
    assert.equal(failure.error.problem.code, 'control.unavailable', failure.error.message);
    assert.match(failure.error.message, /full/);
    const before = await client.call('balance.show', {});
    assert.ok(BigInt(before.availableMicro) >= 1n);
    fs.rmSync(filler);
    await draw(client, failure.n);
    const after = await client.call('balance.show', {});
    assert.equal(BigInt(after.availableMicro), BigInt(before.availableMicro) + BigInt(failure.n), 'drawn once');
    assert.deepEqual(checkLaws(await rowsOf(data)), []);
    await child.kill();
  },
);

test('a read-only data directory: control refuses to start and says so; nothing in it changes', { skip: withoutMounts }, async (t) => {
  const { data, start } = await place(t);
  const first = await start();
  await draw(first.client, 5);
  await first.child.kill();
  const rows = await rowsOf(data);
  assert.equal(spawnSync('mount', ['--bind', data, data]).status, 0);
  mounts.add(data);
  assert.equal(spawnSync('mount', ['-o', 'remount,ro,bind', data]).status, 0);
  await assert.rejects(start(), refusedAs('store.readonly', /cannot be written: let the user of this process write/));
  unmount(data);
  const again = await start();
  assert.equal((await again.client.call('balance.show', {})).availableMicro, '5');
  assert.deepEqual(
    (await rowsOf(data)).filter(({ kind }) => kind === 'entry'),
    rows.filter(({ kind }) => kind === 'entry'),
  );
});

test('a damaged database: said as damage, left as it is, and good again once it is restored', async (t) => {
  const { data, start } = await place(t);
  const first = await start();
  for (let n = 1; n <= 60; n++) await draw(first.client, n);
  await first.child.kill();
  const file = path.join(data, 'control.sqlite');
  const database = new DatabaseSync(file);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  const whole = fs.readFileSync(file);
  const damaged = Buffer.from(whole);
  // The last page is the youngest: what a torn write at the end of the file hits.
  damaged.fill(0xa5, damaged.length - 4_096);
  fs.writeFileSync(file, damaged);

  const said: string[] = [];
  try {
    const { client, child } = await start();
    for (const ask of [
      () => client.call('entry.list', { query: { limit: 1_000 } }),
      () => client.items('activity.list', {}),
      () => draw(client, 100),
    ])
      await ask().catch((error: unknown) => said.push(`${error instanceof ApiError ? error.problem.code : ''} ${String(error)}`));
    await child.kill();
  } catch (error) {
    assert.ok(error instanceof StartRefused, String(error));
    said.push(`${error.code} ${error.message}`);
  }
  await assert.rejects(() => rowsOf(data), { code: 'store.corrupt' });
  assert.ok(said.length > 0, 'the damage is not passed over');
  for (const line of said) assert.match(line, /damaged: stop/);
  fs.writeFileSync(file, whole);
  for (const beside of ['-wal', '-shm']) fs.rmSync(file + beside, { force: true });
  const { client } = await start();
  assert.equal((await client.call('balance.show', {})).availableMicro, String((60 * 61) / 2));
  assert.deepEqual(checkLaws(await rowsOf(data)), []);
});

test('a second control on the same directory is refused, and names the first, which goes on', async (t) => {
  const { data, start } = await place(t);
  const { client, child } = await start();
  await draw(client, 7);
  await assert.rejects(start(), refusedAs('store.in-use', new RegExp(`in use by process ${child.pid}: stop that process`)));
  await draw(client, 8);
  assert.deepEqual(checkLaws(await rowsOf(data)), []);
});

test('a second worker on the same device is refused; the first goes on', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crash-disk-'));
  t.after(() => leaveNothing(dir));
  const network = await startNetwork({ dir, policy: lightPolicy, workers: 1, python: null, store: 'sqlite', controls: 1 });
  t.after(() => network.stop());
  const [device] = network.devices;
  assert.ok(device);
  const client = network.client(network.owner);
  const show = () => client.call('device.show', { params: { device: device.id } });
  const { epoch } = await until('the device', 20_000, async () => {
    const view = await show();
    return view.connected && view;
  });
  const task = { dir: device.dir, url: network.urls[0] ?? '', rootPid: process.pid, python: null };
  const second = startChild('worker', task, path.join(dir, 'second.log'));
  await assert.rejects(second, refusedAs('device.in-use', /is run by another worker already(, process \d+)?: stop that one first/));
  const { connected, epoch: later } = await show();
  assert.deepEqual([connected, later], [true, epoch], 'its session was not taken from it');
});

test(
  'a full disk under a worker: its evidence pauses and says why, and goes on in the same chain once there is room',
  { skip: withoutMounts },
  async (t) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crash-disk-'));
    t.after(() => leaveNothing(dir));
    const home = path.join(dir, 'worker-1');
    fs.mkdirSync(home, { mode: 0o700 });
    mountTmpfs(home, '2m');
    const network = await startNetwork({ dir, policy: lightPolicy, workers: 1, python: null, store: 'sqlite', controls: 1 });
    t.after(() => network.stop());
    const client = network.client(network.owner);
    await until('the device', 20_000, async () =>
      (await client.items('device.list', {})).some(({ state, connected }) => connected && state === 'admitted'),
    );
    await draw(client, 10_000_000);
    const quote = await askQuote(client, { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 500_000_000, durationMs: 3_600_000 });
    assert.ok(!('nothingFits' in quote));
    const { cluster } = await rentCluster(client, { name: 'full', quote, renterRecipient: network.owner.recipient });
    const lease = async () => (await client.call('cluster.show', { params: { cluster: cluster.id } })).leases[0];
    await until('the node', 20_000, async () => (await lease())?.state === 'active');
    const filler = fillUp(home);
    await until('the pause to be told', 20_000, async () => /evidence is paused: .*ENOSPC/.test((await lease())?.detail ?? ''));
    fs.rmSync(filler);
    await until('the evidence to go on', 20_000, async () => (await lease())?.detail === '');
    assert.equal((await lease())?.state, 'active');
    await client.call('cluster.end', { params: { cluster: cluster.id }, body: {} });
    await comeToEnd(network, 30_000);
    assert.deepEqual(checkLaws(await network.rows()), []);
    await network.stop();
  },
);

function mayMount(): boolean {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'crash-probe-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]).status === 0;
  if (mounted) unmount(dir);
  fs.rmdirSync(dir);
  return mounted;
}

function mountTmpfs(dir: string, size: string): void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=700`, 'tmpfs', dir], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  mounts.add(dir);
}

/** Mounts go first: a folder that carries one cannot be removed. */
async function leaveNothing(dir: string): Promise<void> {
  for (const mounted of mounts) if (mounted.startsWith(dir)) unmount(mounted);
  await clear(dir);
}

function unmount(dir: string): void {
  mounts.delete(dir);
  spawnSync('umount', ['--lazy', dir]);
}

/** Takes all the room there is; gives the file that holds it. */
function fillUp(dir: string): string {
  const file = path.join(dir, 'filler');
  const fd = fs.openSync(file, 'w');
  try {
    for (;;) fs.writeSync(fd, Buffer.alloc(4_096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  } finally {
    fs.closeSync(fd);
  }
  return file;
}
