// One network of real processes: jobs, stock Ray tools, other accounts, the loss of each part, and what control gets to see.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { iogClient, openTunnel, tunnelUrl, type IogClient } from '@iog/client';
import type { ClusterId, ClusterView, JobView, LeaseId, LeaseView, Receipt } from '@iog/protocol';
import { assertNothingLeft, clear, openListeners, processesOf, type Seen } from './processes.ts';
import { assertAddsUp } from './receipt-checks.ts';
import { iog, iogJson, makePlace, root, until, up, type Up } from './rig.ts';
import { marks, steadyJob } from './steady-job.ts';

const place = makePlace();
const network = path.join(place.home, 'network');
let live: Up;
let client: IogClient;
let key = '';
let cluster: ClusterId;
let firstJob: JobView;
let killedAt = 0;

before(async () => {
  live = await up(place);
  ({ key } = JSON.parse(fs.readFileSync(path.join(place.home, 'profile.json'), 'utf8')) as { key: string });
  client = iogClient({ url: live.url, key, patienceMs: 20_000 });
});
after(async () => {
  client.close();
  await clear(place.dir);
});

const show = (): Promise<ClusterView> => client.call('cluster.show', { params: { cluster } });
const activeLeases = async (): Promise<LeaseView[]> => (await show()).leases.filter(({ state }) => state === 'active');
const processOf = (mark: string): Seen | undefined => processesOf(place.dir).find(({ command }) => command.includes(mark));

test('a failing job makes `iog run` exit with its code', async () => {
  const folder = folderWith('failing', 'note.txt', 'nothing to run');
  const { code, err } = await iog(place, ['run', '--nodes', '1', '--dir', folder, '--', 'python', '-c', 'import sys; sys.exit(7)']);
  assert.equal(code, 7, err.slice(-2_000));
});

test('`iog run` runs a folder on two nodes, and --keep leaves the cluster', async () => {
  const words = ['run', '--nodes', '2', '--keep', '--dir', path.join(root, 'examples/digits-sweep'), '--', 'python', 'sweep.py'];
  const kept = await iogJson<{ job: JobView; cluster: ClusterId }>(place, words);
  ({ cluster, job: firstJob } = kept);
  assert.equal(firstJob.state, 'succeeded');
  assert.equal((await activeLeases()).length, 2);
  assert.deepEqual(openListeners(processesOf(place.dir)), []);
});

test('the stock `ray job submit` and `ray job logs` work through the tunnel', async () => {
  const folder = folderWith('stock', 'x.py', 'print("said by " + "stock ray")\n');
  const ray = path.join(root, '.cache/python/bin/ray');
  const submit = [ray, 'job', 'submit', '--submission-id', 'stock-1', '--working-dir', folder, '--', 'python', 'x.py'];
  const sent = await iog(place, ['ray', cluster, '--', ...submit]);
  assert.equal(sent.code, 0, sent.out + sent.err);
  assert.match(sent.out, /said by stock ray/);
  const logs = await iog(place, ['ray', cluster, '--', ray, 'job', 'logs', 'stock-1']);
  assert.equal(logs.code, 0, logs.err);
  assert.match(logs.out, /said by stock ray/);
});

test('another account sees nothing of this one and reaches nothing of it', async () => {
  const home = path.join(place.dir, 'bob');
  await iogJson(place, ['account', 'create', 'bob', '--home', home]);
  const profile = JSON.parse(fs.readFileSync(path.join(home, 'profile.json'), 'utf8')) as { key: string };
  const bob = iogClient({ url: live.url, key: profile.key });
  const [lease] = await activeLeases();
  assert.ok(lease);
  const job = firstJob.id;
  const tries: Record<string, () => Promise<unknown>> = {
    cluster: () => bob.call('cluster.show', { params: { cluster } }),
    end: () => bob.call('cluster.end', { params: { cluster }, body: {} }),
    jobs: () => bob.call('job.list', { params: { cluster } }),
    job: () => bob.call('job.show', { params: { job } }),
    stop: () => bob.call('job.stop', { params: { job }, body: {} }),
    log: () => bob.logSegment(job, 0),
    receipt: () => bob.call('receipt.show', { params: { cluster } }),
    minutes: () => bob.call('cluster.minutes', { params: { lease: lease.id } }),
    device: () => bob.call('device.show', { params: { device: lease.device } }),
    drain: () => bob.call('device.drain', { params: { device: lease.device }, body: {} }),
  };
  for (const [name, run] of Object.entries(tries))
    await assert.rejects(run, (error: { problem?: { status?: number } }) => error.problem?.status === 404, name);
  for (const list of ['cluster.list', 'device.list'] as const) assert.deepEqual(await bob.items(list, {}), []);
  const tunnel = openTunnel({ url: tunnelUrl(live.url), headers: bob.authorization() });
  await assert.rejects(tunnel.connect({ lease: lease.id, target: 'dashboard', key: new Uint8Array(32) }), { status: 403 });
  tunnel.close();
  bob.close();
});

test('control is killed under a job: it comes back, and the job succeeds', async () => {
  const job = await steadyJob(place, client, cluster, 'under-control');
  const leases = await activeLeases();
  const killed = await kill('main.ts control');
  await until('control to come back', 20_000, () => {
    const next = processOf('main.ts control');
    return next !== undefined && next.pid !== killed;
  });
  const done = await job.finish();
  assert.equal(done.state, 'succeeded', done.detail);
  assert.equal(done.attempt, 1);
  assert.deepEqual(ids(await activeLeases()), ids(leases), 'no lease was lost');
});

test('a worker is killed under a job: it takes its node up again, and the job goes on', async () => {
  const job = await steadyJob(place, client, cluster, 'under-worker');
  const leases = await activeLeases();
  const head = leases.find(({ role }) => role === 'head');
  assert.ok(head);
  const folder = workerOf(head.id);
  const killed = await kill(`--supervised --dir ${folder}`);
  await until('the worker to come back', 20_000, () => {
    const next = processOf(`--supervised --dir ${folder}`);
    return next !== undefined && next.pid !== killed;
  });
  const done = await job.finish();
  assert.equal(done.state, 'succeeded', done.detail);
  assert.deepEqual(ids(await activeLeases()), ids(leases), 'no lease was lost');
});

test('a node is killed under a job: its lease ends, a replacement joins, and the job succeeds on two nodes', async () => {
  const job = await steadyJob(place, client, cluster, 'under-node', { asksRay: true });
  const leases = await activeLeases();
  const lost = leases.find(({ role }) => role === 'member');
  assert.ok(lost);
  await kill(folderOf(lost.id), 'raylet');
  killedAt = Date.now();
  let last = '';
  await until(
    'a replacement',
    75_000,
    async () => {
      const view = await show();
      last = JSON.stringify({
        state: view.state,
        waitsFor: view.waitsFor,
        leases: view.leases.map(({ id, state, step, detail }) => [id, state, step, detail]),
      });
      const ended = view.leases.find(({ id }) => id === lost.id);
      const active = view.leases.filter(({ state }) => state === 'active');
      return ended?.endedAt !== null && ended?.endedAt !== undefined && active.length === 2;
    },
    () => last,
  );
  const done = await job.finish();
  assert.equal(done.state, 'succeeded', done.detail);
  const { out } = await iog(place, ['job', 'logs', job.id]);
  assert.match(out, /IOG_RESULT 2/);
});

test('control holds no word of the job, of its output, or of the secrets', async () => {
  const [lease] = await activeLeases();
  assert.ok(lease);
  const token = fs.readFileSync(path.join(folderOf(lease.id), 'token'), 'utf8').trim();
  const files = [...fs.globSync(`${network}/control/**`), `${network}/control.log`].filter((file) => fs.statSync(file).isFile());
  const bytes = Buffer.concat(files.map((file) => fs.readFileSync(file)));
  assert.ok(bytes.includes('under-control'), 'the search finds what control does know: names');
  const words = { token, key, source: marks.source, output: marks.output, stock: 'said by stock ray', program: 'SVC(C=c' };
  for (const [name, word] of Object.entries(words)) {
    assert.ok(word.length > 6, name);
    for (const form of [word, Buffer.from(word).toString('base64').slice(0, -4), Buffer.from(word).toString('hex')])
      assert.equal(bytes.includes(form), false, `${name} is in control's folder`);
  }
});

test('the receipt after all losses adds up, and what was lost is refunded', async () => {
  await client.call('cluster.end', { params: { cluster }, body: {} });
  await until('the cluster to end', 60_000, async () => (await show()).state === 'ended');
  const receipt: Receipt = await client.call('receipt.show', { params: { cluster } });
  assertAddsUp(receipt);
  assert.equal(receipt.leases.length, 3);
  const [lost] = receipt.leases.filter(({ endReason }) => !endReason.startsWith('the cluster ended'));
  assert.ok(lost, JSON.stringify(receipt.leases.map(({ endReason }) => endReason)));
  assert.ok((lost.endedAt ?? Infinity) <= killedAt + 3_000, `the lost lease ended ${Number(lost.endedAt) - killedAt} ms after the loss`);
  const last = receipt.leases.find(({ startedAt }) => (startedAt ?? 0) > killedAt);
  assert.ok(last, 'the replacement is paid from when it joined');
  const listed = await client.call('balance.show', {});
  assert.equal(listed.heldMicro, '0', 'nothing stays held');
});

test('the supervisor is killed with a node running: within 40 s nothing is left', async () => {
  const { id } = await iogJson<ClusterView>(place, ['cluster', 'create', '--nodes', '1']);
  cluster = id;
  await until('a raylet', 60_000, () => processesOf(place.dir).some(({ name }) => name === 'raylet'));
  process.kill(live.running.pid, 'SIGKILL');
  await assertNothingLeft(place.dir, 40_000);
});

/** Kills the process whose command line has the mark (and that has the name, if given), and waits until it is gone. */
async function kill(mark: string, name?: string): Promise<number> {
  const found = processesOf(place.dir).find((seen) => seen.command.includes(mark) && (name === undefined || seen.name === name));
  assert.ok(found, `a process with ${mark}`);
  process.kill(found.pid, 'SIGKILL');
  await until(`${found.pid} to be gone`, 5_000, () => !processesOf(place.dir).some(({ pid }) => pid === found.pid));
  return found.pid;
}

const ids = (leases: readonly LeaseView[]): LeaseId[] => leases.map(({ id }) => id).toSorted();

function recordOf(lease: LeaseId): string {
  const [record] = fs.globSync(`${network}/worker-*/nodes/${lease}.json`);
  assert.ok(record, `a node of ${lease}`);
  return record;
}
const workerOf = (lease: LeaseId): string => path.dirname(path.dirname(recordOf(lease)));
const folderOf = (lease: LeaseId): string => (JSON.parse(fs.readFileSync(recordOf(lease), 'utf8')) as { tempDir: string }).tempDir;

function folderWith(name: string, file: string, text: string): string {
  const folder = path.join(place.dir, name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, file), text);
  return folder;
}
