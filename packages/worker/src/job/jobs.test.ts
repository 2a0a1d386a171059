// Jobs of a head over doubles of Ray (RayDouble) and of control's blobs and logs (StoreDouble): real seals, real records on disk.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AssignedJob, JobId } from '@iog/protocol';
import { canonical, generateAgeIdentity, sealTo, sha256hex, toBase64url } from '@iog/seal';
import { realClock } from '../ports.ts';
import { JobLog } from './job-log.ts';
import { openJobRecords } from './job-record.ts';
import { Jobs } from './jobs.ts';
import { RayDouble, StoreDouble } from '../test/job-doubles.ts';

const root = mkdtempSync(join(tmpdir(), 'iog-jobs-'));
after(() => rmSync(root, { recursive: true, force: true }));
const id = `job_${'5'.repeat(26)}` as JobId;
const cluster = await generateAgeIdentity();
const renter = await generateAgeIdentity();
const recipients = [renter.recipient, cluster.recipient];
const sealed = async (bytes: Uint8Array): Promise<Uint8Array> => sealTo([cluster.recipient], bytes);
const sealedEntrypoint = toBase64url(await sealed(canonical({ entrypoint: 'python sweep.py', env: { IOG_NODES: '2' } })));

function start(dir: string, ray: RayDouble, store: StoreDouble, isReady = (): boolean => true): Jobs {
  const records = openJobRecords(join(dir, 'jobs'));
  return new Jobs({
    ray,
    http: store.http,
    records,
    ageIdentity: cluster.identity,
    recipients,
    isReady,
    clock: realClock,
    log: () => undefined,
    changed: () => undefined,
  });
}

async function until(isThere: () => boolean, what: string): Promise<void> {
  const untilMs = Date.now() + 15_000;
  while (!isThere()) {
    assert.ok(Date.now() < untilMs, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const fresh = (): string => mkdtempSync(join(root, 'd-'));
const job = (change: Partial<AssignedJob> = {}): AssignedJob => ({
  job: id,
  attempt: 1,
  sealedEntrypoint,
  package: null,
  stop: false,
  ...change,
});

test('a job is opened, submitted with its package, and told as ended only when its whole log is at control', async () => {
  const ray = new RayDouble();
  const store = new StoreDouble();
  const blob = await sealed(Buffer.from('zip'));
  store.blobs.set(sha256hex(blob), blob);
  const jobs = start(fresh(), ray, store);
  jobs.want([job({ package: sha256hex(blob) })]);
  await until(() => jobs.observed()[0]?.state === 'running', 'the job to run');
  assert.deepEqual(ray.submitted, [
    {
      submissionId: id,
      entrypoint: 'python sweep.py',
      env: { IOG_NODES: '2' },
      metadata: { attempt: '1' },
      packageUri: 'gcs://package.zip',
    },
  ]);
  assert.equal(Buffer.from(ray.uploaded[0] ?? []).toString(), 'zip');
  assert.equal(jobs.idleMs(), 0);
  ray.log = 'hello\nIOG_RESULT {"ok":true}\n';
  ray.job = { status: 'SUCCEEDED', exitCode: 0 };
  await until(() => jobs.observed()[0]?.state === 'succeeded', 'the job to end');
  assert.equal(await store.text(renter.identity), ray.log);
  assert.equal(await store.text(cluster.identity), ray.log);
  assert.deepEqual(jobs.observed()[0], {
    job: id,
    attempt: 1,
    state: 'succeeded',
    exitCode: 0,
    detail: '',
    tasksPerNode: { n1: 3, n2: 4 },
    logSegments: store.segments.size,
  });
});

test('a restart in the middle: the job is not submitted again, and no byte of its log is lost or doubled', async () => {
  const ray = new RayDouble();
  const store = new StoreDouble();
  const dir = fresh();
  const first = start(dir, ray, store);
  first.want([job()]);
  await until(() => first.observed()[0]?.state === 'running', 'the job to run');
  ray.log = 'ä'.repeat(50_000);
  await until(() => store.segments.size > 0, 'a first segment');
  await first.abandon();
  ray.log += 'b'.repeat(100_000);
  const second = start(dir, ray, store);
  second.want([job()]);
  await until(() => store.segments.size > 1, 'a second segment');
  store.failures = 3;
  ray.log += 'the end\n';
  ray.job = { status: 'FAILED', exitCode: 7, message: 'it failed' };
  await until(() => second.observed()[0]?.state === 'failed', 'the job to end');
  assert.equal(ray.submitted.length, 1);
  assert.equal(await store.text(renter.identity), ray.log);
  assert.equal(second.observed()[0]?.exitCode, 7);
  assert.doesNotMatch(second.observed()[0]?.detail ?? '', /it failed/, 'what Ray quotes of the log goes to nobody');
});

test('segments that an earlier head left are kept: a later attempt goes on behind them', async () => {
  const ray = new RayDouble();
  const store = new StoreDouble();
  store.segments.set(0, await sealTo(recipients, Buffer.from('from an earlier head\n')));
  const jobs = start(fresh(), ray, store);
  jobs.want([job({ attempt: 2 })]);
  await until(() => ray.submitted.length === 1, 'the submission');
  ray.log = 'second\n';
  ray.job = { status: 'SUCCEEDED' };
  await until(() => jobs.observed()[0]?.state === 'succeeded', 'the job to end');
  assert.equal(await store.text(renter.identity), 'from an earlier head\nsecond\n');
  assert.equal(jobs.observed()[0]?.logSegments, 2);
});

test('a stop goes to Ray; one that comes before the start never starts', async () => {
  const ray = new RayDouble();
  const jobs = start(fresh(), ray, new StoreDouble());
  jobs.want([job()]);
  await until(() => jobs.observed()[0]?.state === 'running', 'the job to run');
  jobs.want([job({ stop: true })]);
  await until(() => jobs.observed()[0]?.state === 'stopped', 'the job to stop');
  assert.ok(ray.stops > 0);
  const late = new RayDouble();
  const others = start(fresh(), late, new StoreDouble());
  others.want([job({ stop: true })]);
  await until(() => others.observed()[0]?.state === 'stopped', 'the job to be stopped');
  assert.equal(late.submitted.length, 0);
});

test('while its head starts a job is fetched and opened, Ray is tried without end, and idleness does not count', async () => {
  const ray = new RayDouble();
  const store = new StoreDouble();
  const blob = await sealed(Buffer.from('zip'));
  store.blobs.set(sha256hex(blob), blob);
  ray.isUp = false;
  let tried = 0;
  const info = ray.info.bind(ray);
  ray.info = () => ((tried += 1), info());
  let isReady = false;
  const jobs = start(fresh(), ray, store, () => isReady);
  jobs.want([job({ package: sha256hex(blob) })]);
  await until(() => tried > 25, 'more tries than a ready head would be given');
  assert.deepEqual([jobs.observed()[0]?.state, jobs.observed()[0]?.detail, jobs.idleMs()], ['waiting', '', 0]);
  store.blobs.clear();
  ray.isUp = true;
  await until(() => jobs.observed()[0]?.state === 'running', 'the job to run before the head is ready');
  assert.equal(Buffer.from(ray.uploaded[0] ?? []).toString(), 'zip');
  ray.job = { status: 'SUCCEEDED' };
  await until(() => jobs.observed()[0]?.state === 'succeeded', 'the job to end');
  assert.equal(jobs.idleMs(), 0);
  isReady = true;
  await until(() => jobs.idleMs() > 0, 'idleness to count');
});

test('a head that ends before Ray answers: its jobs are let go at once, and nothing is submitted', async () => {
  const ray = new RayDouble();
  ray.isUp = false;
  const jobs = start(fresh(), ray, new StoreDouble(), () => false);
  jobs.want([job()]);
  await jobs.finish();
  ray.isUp = true;
  assert.equal(ray.submitted.length, 0);
  assert.equal(jobs.observed()[0]?.state, 'waiting');
});

test('a job that is let go while its submission is under way is stopped until Ray says that it is over', async () => {
  const ray = new RayDouble();
  ray.stopsInVain = 1;
  const submission = Promise.withResolvers<void>();
  ray.gate = submission.promise;
  const jobs = start(fresh(), ray, new StoreDouble());
  jobs.want([job()]);
  await until(() => ray.submitted.length === 1, 'the submission to be under way');
  jobs.want([]);
  assert.equal(ray.stops, 0);
  submission.resolve();
  await until(() => ray.job?.status === 'STOPPED', 'the job to be stopped');
  assert.equal(ray.stops, 2);
});

test('what is not sealed to this cluster, or is another package, fails with words', async () => {
  const stranger = await generateAgeIdentity();
  const foreign = toBase64url(await sealTo([stranger.recipient], canonical({ entrypoint: 'x', env: {} })));
  const store = new StoreDouble();
  store.blobs.set('0'.repeat(64), Buffer.from('something else'));
  const cases: [Partial<AssignedJob>, RegExp][] = [
    [{ sealedEntrypoint: foreign }, /entrypoint is not sealed to this cluster/],
    [{ package: '0'.repeat(64) }, /not the one that was submitted/],
    [{ package: '1'.repeat(64) }, /cannot be fetched/],
  ];
  for (const [change, words] of cases) {
    const ray = new RayDouble();
    const jobs = start(fresh(), ray, store);
    jobs.want([job(change)]);
    await until(() => jobs.observed()[0]?.state === 'failed', 'the job to fail');
    assert.match(jobs.observed()[0]?.detail ?? '', words);
    assert.equal(ray.submitted.length, 0);
  }
});

test('a log beyond the limit is cut, says so, and keeps its end', async () => {
  const store = new StoreDouble();
  const ports = {
    job: id,
    attempt: 1,
    recipients,
    http: store.http,
    records: openJobRecords(fresh()),
    clock: realClock,
    log: () => undefined,
    changed: () => undefined,
  };
  const log = new JobLog({ ...ports, mostBytes: 1_000 });
  log.take(0, Buffer.from('a'.repeat(40_000)));
  log.take(40_000, Buffer.from('IOG_RESULT {}\n'));
  log.end();
  await log.run(new AbortController().signal);
  const text = await store.text(renter.identity);
  assert.match(text, /^a{1000}\n\[the log is longer than/);
  assert.ok(text.endsWith('IOG_RESULT {}\n'));
  assert.ok(text.length < 40_000);
});
