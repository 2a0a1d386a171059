// An upgrade of a network that is in use: the real previous build and this one, process by process, over the same folders, with light nodes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkLaws, readRows } from '@iog/control';
import { linkVersions, type Receipt } from '@iog/protocol';
import { nodesIn } from '../../crash/light/runtime.ts';
import { until } from '../../crash/until.ts';
import { type Home, type Part, type UpgradeNetwork, upgradeNetwork } from '../upgrade/network.ts';
import { today, unpackPrevious } from '../upgrade/previous.ts';
import { type RunningCluster, rentAndRun } from '../upgrade/renting.ts';
import { assertAddsUp } from './receipt-checks.ts';

interface Scene {
  readonly network: UpgradeNetwork;
  readonly previous: string;
  readonly homes: readonly Home[];
  readonly cluster: RunningCluster;
  control: Part;
  workers: Part[];
}

/** The previous build's control and two workers, and a cluster of two nodes with a job. */
async function scene(t: TestContext): Promise<Scene> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-upgrade-'));
  const previous = unpackPrevious(dir);
  const network = await upgradeNetwork(dir);
  t.after(async () => {
    await network.end();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  const control = await network.control(previous);
  const homes = [await network.enrolled(), await network.enrolled()];
  const workers = await Promise.all(homes.map((home) => network.worker(previous, home)));
  return { network, previous, homes, cluster: await rentAndRun(network, 2), control, workers };
}

const nodePids = ({ homes }: Scene): number[] => homes.flatMap(({ dir }) => nodesIn(path.join(dir, 'light-nodes')).map(({ pid }) => pid));

async function upgradeControl(at: Scene): Promise<void> {
  await at.control.stop();
  at.control = await at.network.control(today);
  await settled(at);
}

async function upgradeWorkers(at: Scene): Promise<void> {
  for (const [i, home] of at.homes.entries()) {
    await at.workers[i]?.stop();
    at.workers[i] = await at.network.worker(today, home);
    await settled(at);
  }
}

/** Every device is in a session, and the cluster runs on the leases that it had. */
async function settled({ network, cluster, homes }: Scene): Promise<void> {
  await until('every device to be connected', 60_000, async () => {
    const views = await Promise.all(homes.map(({ id }) => network.client.call('device.show', { params: { device: id } })));
    return views.every(({ connected }) => connected);
  });
  const { state, incarnation, leases } = await cluster.show();
  assert.deepEqual([state, incarnation, leases.length], ['running', 1, homes.length]);
  assert.equal((await cluster.showJob()).state, 'running');
}

async function verdictsUntil({ network, cluster }: Scene, minutes: number): Promise<void> {
  const { leases } = await cluster.show();
  for (const { id } of leases)
    await until(`${minutes} verdicts of ${id}`, 150_000, async () => {
      const found = await network.client.items('cluster.minutes', { params: { lease: id } });
      return found.length >= minutes;
    });
}

/** Lets the job end, ends the cluster, and gives a receipt that adds up over rows that break no law. */
async function finish(at: Scene): Promise<Receipt> {
  const { network, cluster } = at;
  const done = await cluster.finishJob();
  assert.deepEqual([done.state, done.attempt], ['succeeded', 1], done.detail);
  await cluster.end();
  const receipt = await network.client.call('receipt.show', { params: { cluster: cluster.id } });
  assertAddsUp(receipt);
  assert.equal(receipt.leases.length, at.homes.length);
  for (const lease of receipt.leases) {
    const grounds = JSON.stringify(lease.verdicts.filter(({ verdict }) => verdict !== 'proven'));
    assert.equal(lease.minutes.unproven + lease.minutes.violated, 0, `every minute is proven: ${grounds}`);
  }
  assert.deepEqual(checkLaws(await readRows({ kind: 'sqlite', path: network.store })), []);
  return receipt;
}

/** The versions of all sessions, as today's control logged them. */
function versionsIn({ network: { dir } }: Scene): number[] {
  const lines = fs.readFileSync(path.join(dir, 'control.log'), 'utf8').split('\n');
  return lines.flatMap((line) => (line.includes('"session.opened"') ? ((JSON.parse(line) as { version?: number }).version ?? []) : []));
}

test('control first: workers of the version before keep their leases, every minute is proven; then they are replaced and re-adopt their nodes', async (t) => {
  const at = await scene(t);
  const before = nodePids(at);
  await upgradeControl(at);
  assert.deepEqual(new Set(versionsIn(at)), new Set([linkVersions.min]));
  await verdictsUntil(at, 1);
  await upgradeWorkers(at);
  assert.ok(versionsIn(at).includes(linkVersions.max));
  assert.deepEqual(nodePids(at), before, 'the nodes are the same processes');
  await verdictsUntil(at, 2);
  const receipt = await finish(at);
  assert.ok(receipt.leases.every(({ minutes }) => minutes.proven >= 2));
});

test('workers first: they speak the version of a control before theirs, and re-adopt their nodes under it; then control is replaced', async (t) => {
  const at = await scene(t);
  const before = nodePids(at);
  await upgradeWorkers(at);
  assert.deepEqual(nodePids(at), before, 'the nodes are the same processes');
  await upgradeControl(at);
  assert.deepEqual(new Set(versionsIn(at)), new Set([linkVersions.max]));
  await finish(at);
});
