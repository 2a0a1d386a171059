// Makes the recordings of the previous build: what passed on a device's link in a whole life of a lease, and every row that its control wrote.
// `node tests/upgrade/record.ts`: two minutes. Never run for a version that has its recording: that one stays as it is.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { until } from '../../crash/until.ts';
import { type UpgradeNetwork, endNodes, upgradeNetwork, upgradePolicy } from './network.ts';
import { previousCommit, unpackPrevious } from './previous.ts';
import { rentAndRun } from './renting.ts';

const recorded = path.join(import.meta.dirname, 'recorded');
const recordedRows = path.join(import.meta.dirname, '../../packages/control/src/store/test/earlier');
const policy = {
  ...upgradePolicy,
  session: { ...upgradePolicy.session, beatEveryMs: 2_000, pulseEveryMs: 2_000 },
  evidence: { ...upgradePolicy.evidence, sampleEveryMs: 4_000 },
};

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'iog-record-'));
const network = await upgradeNetwork(dir, policy);
try {
  await record(network, unpackPrevious(dir));
} finally {
  await network.end();
  fs.rmSync(dir, { recursive: true, force: true });
}

function fileOf(device: string): string {
  return path.join(dir, `${device}.jsonl`);
}

async function record(net: UpgradeNetwork, root: string): Promise<void> {
  const control = await net.control(root);
  const homes = [await net.enrolled(), await net.enrolled(), await net.enrolled()];
  const workers = new Map(await Promise.all(homes.map(async (home) => [home.id, await net.worker(root, home, fileOf(home.id))] as const)));
  const cluster = await rentAndRun(net, 2);
  const { leases } = await cluster.show();
  const head = leases.find(({ role }) => role === 'head');
  const member = leases.find(({ role }) => role === 'member');
  const lost = homes.find(({ id }) => id === member?.device);
  if (!head || !member || !lost) throw new Error('a cluster without a head or a member');
  // The member is lost; the head's worker seals the cluster's secret for its replacement.
  await workers.get(lost.id)?.kill();
  endNodes(lost.dir);
  await until('a replacement', 60_000, async () => (await cluster.show()).leases.filter(({ state }) => state === 'active').length === 2);
  await until('a verdict', 120_000, async () => (await net.client.items('cluster.minutes', { params: { lease: head.id } })).length > 0);
  await cluster.finishJob();
  await cluster.end();
  await net.client.call('receipt.show', { params: { cluster: cluster.id } });
  fs.mkdirSync(recorded, { recursive: true });
  fs.copyFileSync(fileOf(head.device), path.join(recorded, 'link-1.jsonl'));
  // A second cluster is in the middle of its life when the rows are read.
  await rentAndRun(net, 1);
  await control.stop();
  const database = new DatabaseSync(net.store, { readOnly: true });
  const bodies = database.prepare('SELECT body FROM rows ORDER BY kind, id').all();
  database.close();
  fs.writeFileSync(path.join(recordedRows, `rows-${previousCommit}.jsonl`), bodies.map(({ body }) => `${String(body)}\n`).join(''));
}
