// The Ray head dies under a job that may be retried: the cluster forms anew, and the job runs again to its end.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { iogClient } from '@iog/client';
import type { ClusterView } from '@iog/protocol';
import { assertNothingLeft, clear, processesOf } from './processes.ts';
import { assertAddsUp } from './receipt-checks.ts';
import { iogJson, makePlace, until, up } from './rig.ts';
import { steadyJob } from './steady-job.ts';

test('a lost head ends the incarnation; the job is retried on the next, and the receipt names both', async (t) => {
  const place = makePlace();
  t.after(() => clear(place.dir));
  const { url, running } = await up(place);
  const { key } = JSON.parse(fs.readFileSync(path.join(place.home, 'profile.json'), 'utf8')) as { key: string };
  const client = iogClient({ url, key });
  t.after(() => client.close());
  const { id: cluster } = await iogJson<ClusterView>(place, ['cluster', 'create', '--nodes', '1']);
  const show = (): Promise<ClusterView> => client.call('cluster.show', { params: { cluster } });
  await until('the cluster to run', 60_000, async () => (await show()).state === 'running');
  const job = await steadyJob(place, client, cluster, 'under-head', { retries: 1 });

  const gcs = processesOf(place.dir).find(({ name }) => name === 'gcs_server');
  assert.ok(gcs);
  process.kill(gcs.pid, 'SIGKILL');
  await until('the next incarnation to run', 75_000, async () => {
    const { incarnation, state } = await show();
    return incarnation === 2 && state === 'running';
  });
  const done = await job.finish();
  assert.equal(done.state, 'succeeded', done.detail);
  assert.equal(done.attempt, 2);

  await client.call('cluster.end', { params: { cluster }, body: {} });
  await until('the cluster to end', 60_000, async () => (await show()).state === 'ended');
  const receipt = await client.call('receipt.show', { params: { cluster } });
  assertAddsUp(receipt);
  assert.deepEqual(
    receipt.leases.map(({ incarnation }) => incarnation).toSorted((a, b) => (a < b ? -1 : 1)),
    [1, 2],
  );
  running.kill('SIGTERM');
  assert.equal((await running.ended).code, 0);
  await assertNothingLeft(place.dir, 5_000);
});
