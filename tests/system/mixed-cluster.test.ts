// A head of one shape with a member of another, for less time: Ray sees both shapes, the group ends in its time while the cluster goes on
// and is extended, and the receipt adds up.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { iogClient } from '@iog/client';
import type { ClusterView, JobView } from '@iog/protocol';
import { assertNothingLeft, clear } from './processes.ts';
import { assertAddsUp } from './receipt-checks.ts';
import { iog, iogJson, makePlace, until, up } from './rig.ts';

const program = `import json, ray
ray.init()
print("shapes", json.dumps(sorted(round(sum(node["Resources"][kind] for kind in ("memory", "object_store_memory")) / 1e8) for node in ray.nodes() if node["Alive"])))
`;

const member = (view: ClusterView) => view.leases.find(({ group }) => group === 1);

test('a mixed cluster loses a group to its time and not to a loss, is extended, and is billed for each', async (t) => {
  const place = makePlace();
  t.after(() => clear(place.dir));
  const { url, running } = await up(place);
  const { key } = JSON.parse(fs.readFileSync(path.join(place.home, 'profile.json'), 'utf8')) as { key: string };
  const client = iogClient({ url, key });
  t.after(() => client.close());
  const shapes = ['--cores', '1', '--memory', '1GB', '--for', '10m', '--member', '1x cores=1,memory=1.5GB,for=90s'];
  const made = await iogJson<ClusterView>(place, ['cluster', 'create', ...shapes]);
  const show = (): Promise<ClusterView> => client.call('cluster.show', { params: { cluster: made.id } });
  await until('the cluster to run', 120_000, async () => (await show()).state === 'running');
  const folder = path.join(place.dir, 'job');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'shapes.py'), program);
  const { id: job } = await iogJson<JobView>(place, ['job', 'submit', made.id, '--dir', folder, '--', 'python', 'shapes.py']);
  const { out } = await iog(place, ['job', 'logs', job, '--follow']);
  assert.match(out, /shapes \[10, 15\]/);

  await until('the group to be over', 240_000, async () => member(await show())?.state === 'settled');
  const after = await show();
  assert.equal(member(after)?.endReason, 'its time is over');
  assert.equal(member(after)?.endedAt, made.createdAt + 90_000);
  assert.deepEqual([after.state, after.leases.length], ['running', 2], 'nothing takes its place');

  const headRate = BigInt(made.leases.find(({ role }) => role === 'head')?.rateMicroPerHour ?? '0');
  const longer = await iogJson<ClusterView>(place, ['cluster', 'extend', made.id, '--for', '2m']);
  assert.equal(longer.endsAt, made.endsAt + 120_000);
  const addedMicro = BigInt(longer.capMicro) - BigInt(made.capMicro);
  assert.equal(addedMicro, (headRate * 120_000n + 3_599_999n) / 3_600_000n, 'a group that is over costs nothing more');

  await client.call('cluster.end', { params: { cluster: made.id }, body: {} });
  await until('the cluster to end', 60_000, async () => (await show()).state === 'ended');
  const receipt = await client.call('receipt.show', { params: { cluster: made.id } });
  assertAddsUp(receipt);
  assert.equal(receipt.heldMicro, longer.capMicro);
  assert.equal(receipt.entries.filter(({ kind }) => kind === 'hold').length, 2);
  running.kill('SIGTERM');
  assert.equal((await running.ended).code, 0);
  await assertNothingLeft(place.dir, 5_000);
});
