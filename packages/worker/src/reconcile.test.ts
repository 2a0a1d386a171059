// Leases brought to what control wants, over a double of the runtime (RuntimeDouble): generations, restarts, stops, failures.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Assignment, ClusterId, DeviceId, LeaseId, ObservedLease } from '@iog/protocol';
import { encodeSecrets, generateAgeIdentity, generateSigningKey, newClusterSecrets, open, sealTo, sign, toBase64url } from '@iog/seal';
import { sampler } from './evidence/sampler.ts';
import { openSpool } from './evidence/spool.ts';
import type { LeasePorts } from './lease/lease-node.ts';
import { openRecords } from './lease/record.ts';
import { Sampling } from './lease/sampling.ts';
import { realClock, type Clock } from './ports.ts';
import { Reconciler } from './reconcile.ts';
import { RuntimeDouble } from './test/runtime-double.ts';

const root = mkdtempSync(join(tmpdir(), 'iog-reconcile-'));
after(() => rmSync(root, { recursive: true, force: true }));
const lease = `lea_${'3'.repeat(26)}` as LeaseId;
const device = `dev_${'3'.repeat(26)}` as DeviceId;
const own = await generateAgeIdentity();
const signing = generateSigningKey();
const secrets = await newClusterSecrets();
const sealedSecret = toBase64url(await sealTo([own.recipient], encodeSecrets(secrets)));

/** Real, but its timers keep no process alive: a test that fails leaves samplings behind. */
const clock: Clock = {
  ...realClock,
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

let segments = 0;
/** A worker's start over `dir`: records and spool are read back, the runtime double stays what it is. */
async function boot(dir: string, runtime: RuntimeDouble) {
  const spool = openSpool(join(dir, 'spool'));
  const records = openRecords(join(dir, 'leases'));
  const sealed: string[] = [];
  const segment = segments++;
  const chain = sampler(lease, {
    device,
    segment,
    spool,
    sign: (domain, bytes) => sign(signing.secretKey, domain, bytes),
    monoMs: () => 1,
    pulse: () => '',
  });
  const ports: LeasePorts = {
    runtime,
    keys: { ageIdentity: own.identity },
    clock,
    log: () => undefined,
    save: (record) => records.save(record),
    sampling: (id, cores) =>
      new Sampling(id, cores, {
        counters: { method: 'stat', busyMs: () => 100 },
        ownMs: () => 1,
        sampler: chain,
        everyMs: () => 60_000,
        taken: () => undefined,
        clock,
        log: () => undefined,
      }),
    jobs: () => assert.fail('no jobs are assigned here'),
    sendSealed: (_lease, _device, bytes) => sealed.push(bytes) > 0,
    isAcknowledged: (id) => spool.closing(id) === undefined,
    changed: () => undefined,
  };
  const reconciler = new Reconciler({ lease: ports, load: () => records.load(), forgotten: (id) => spool.drop(id) });
  await reconciler.restore();
  const assign = async (...assignments: Assignment[]): Promise<ObservedLease[]> => {
    reconciler.assign(assignments);
    await reconciler.settled();
    return reconciler.observe();
  };
  return { reconciler, spool, sealed, assign };
}

function assignment(change: Partial<Assignment> = {}): Assignment {
  return {
    lease,
    cluster: `clu_${'3'.repeat(26)}` as ClusterId,
    generation: 1,
    incarnation: 0,
    role: 'member',
    slice: { cores: [0], memoryBytes: 1, gpus: [] },
    sealedSecret,
    renterRecipient: own.recipient,
    clusterRecipient: secrets.ageRecipient,
    head: { host: '127.0.0.1', gcs: 6001, dashboard: 6002 },
    jobs: [],
    sealFor: [],
    ...change,
  };
}

const fresh = (): string => mkdtempSync(join(root, 'd-'));

test('a member waits for its secret, then for its head, starts once, and is ready when its node is', async () => {
  const runtime = new RuntimeDouble();
  const { assign, reconciler } = await boot(fresh(), runtime);
  assert.deepEqual(
    (await assign(assignment({ sealedSecret: null, head: null }))).map(({ detail }) => detail),
    ["waits for the cluster's secret"],
  );
  assert.deepEqual(
    (await assign(assignment({ head: null }))).map(({ step, detail }) => [step, detail]),
    [['preparing', "waits for the head's address"]],
  );
  await assign(assignment());
  await assign(assignment());
  assert.equal(runtime.started.length, 1);
  runtime.last.become({ step: 'ready', detail: '', rayNodeId: 'n1' });
  assert.deepEqual(
    reconciler.observe().map(({ step, rayNodeId }) => [step, rayNodeId]),
    [['ready', 'n1']],
  );
  await reconciler.letGo(true);
});

test('a head tells its address as soon as it has one', async () => {
  const { assign, reconciler } = await boot(fresh(), new RuntimeDouble());
  const [seen] = await assign(assignment({ role: 'head', head: null }));
  assert.deepEqual(seen?.address, { host: '127.0.0.1', gcs: 7001, dashboard: 7002 });
  await reconciler.letGo(true);
});

test('a node that has ended is not begun again by a list that was overtaken, also where the disk could not take its closing sample', async () => {
  const runtime = new RuntimeDouble();
  const { assign, spool, reconciler } = await boot(fresh(), runtime);
  await assign(assignment());
  runtime.last.become({ step: 'ready', detail: '', rayNodeId: 'n1' });
  const add = spool.add.bind(spool);
  spool.add = () => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  assert.deepEqual(
    (await assign()).map(({ step, closing }) => [step, closing]),
    [['stopped', null]],
  );
  await assign(assignment());
  assert.equal(runtime.started.length, 1);
  spool.add = add;
  const [seen] = await assign();
  assert.ok(seen?.step === 'stopped' && seen.closing !== null, 'the chain is closed once there is room');
  await assign(assignment({ generation: 2 }));
  assert.equal(runtime.started.length, 2, 'a newer generation is another matter');
  await reconciler.letGo(false);
});

test('a lease that vanishes is stopped, closed, told until acknowledged, then forgotten for good', async () => {
  const runtime = new RuntimeDouble();
  const dir = fresh();
  const { assign, reconciler, spool } = await boot(dir, runtime);
  await assign(assignment());
  runtime.last.become({ step: 'ready', detail: '', rayNodeId: 'n1' });
  const [seen] = await assign();
  assert.equal(runtime.last.isStopped, true);
  assert.equal(seen?.step, 'stopped');
  const { closing } = seen;
  assert.ok(closing);
  for (let beats = 0; beats < 10; beats++) assert.equal(reconciler.observe().length, 1);
  spool.acknowledge(lease, closing);
  reconciler.observe();
  assert.deepEqual(reconciler.observe(), []);
  await assign(assignment());
  assert.equal(runtime.started.length, 1);
  const next = await boot(dir, runtime);
  await next.assign(assignment());
  assert.equal(runtime.started.length, 1);
  await next.assign(assignment({ generation: 2 }));
  assert.equal(runtime.started.length, 2);
  await next.reconciler.letGo(true);
});

test('the newest generation wins, before and after a restart', async () => {
  const runtime = new RuntimeDouble();
  const dir = fresh();
  const first = await boot(dir, runtime);
  await first.assign(assignment({ generation: 2 }));
  await first.assign(assignment({ generation: 1 }));
  assert.deepEqual(
    runtime.started.map(({ generation }) => generation),
    [2],
  );
  const [seen] = await first.assign(assignment({ generation: 3, incarnation: 1 }));
  assert.deepEqual(
    runtime.started.map(({ generation, isStopped }) => [generation, isStopped]),
    [
      [2, true],
      [3, false],
    ],
  );
  assert.deepEqual([seen?.generation, seen?.incarnation, seen?.closing], [3, 1, null]);
  await first.reconciler.letGo(true);
  const second = await boot(dir, runtime);
  await second.assign(assignment({ generation: 2 }));
  assert.equal(runtime.started.length, 2);
  assert.equal(runtime.last.isStopped, false);
  await second.reconciler.letGo(true);
});

test('a restarted worker takes up a node that outlived it, and opens a new segment of its chain at once', async () => {
  const runtime = new RuntimeDouble();
  const dir = fresh();
  const first = await boot(dir, runtime);
  await first.assign(assignment());
  runtime.last.become({ step: 'ready', detail: '', rayNodeId: 'n1' });
  await first.reconciler.letGo(true);
  const second = await boot(dir, runtime);
  assert.deepEqual(runtime.swept, [lease]);
  assert.deepEqual(
    second.reconciler.observe().map(({ step }) => step),
    ['ready'],
  );
  const [seen] = await second.assign(assignment());
  assert.deepEqual([seen?.step, runtime.started.length, runtime.last.isStopped], ['ready', 1, false]);
  const [ended] = await second.assign();
  assert.equal(ended?.closing?.segment, segments - 1);
});

test('a node that did not outlive its worker, or that dies, is told as failed and never started again under its generation', async () => {
  const runtime = new RuntimeDouble();
  const dir = fresh();
  const first = await boot(dir, runtime);
  await first.assign(assignment());
  runtime.last.become({ step: 'failed', detail: 'killed', rayNodeId: null });
  assert.deepEqual(
    (await first.assign(assignment())).map(({ step, detail }) => [step, detail]),
    [['failed', 'killed']],
  );
  await first.reconciler.letGo(true);
  const second = await boot(dir, runtime);
  assert.deepEqual(
    second.reconciler.observe().map(({ step }) => step),
    ['failed'],
  );
  assert.deepEqual(
    (await second.assign(assignment())).map(({ step }) => step),
    ['failed'],
  );
  assert.equal(runtime.started.length, 1);
  assert.deepEqual(
    (await second.assign()).map(({ step }) => step),
    ['stopped'],
  );
});

test('a secret is sealed for another device only if the recipient is signed by that device', async () => {
  const other = generateSigningKey();
  const { identity, recipient } = await generateAgeIdentity();
  const { assign, sealed, reconciler } = await boot(fresh(), new RuntimeDouble());
  const forged = {
    lease,
    device,
    publicKey: signing.publicKey,
    recipient,
    recipientSignature: sign(other.secretKey, 'recipient', new TextEncoder().encode(recipient)),
  };
  await assign(assignment({ sealFor: [forged] }));
  assert.deepEqual(sealed, []);
  const signed = { ...forged, publicKey: other.publicKey };
  await assign(assignment({ sealFor: [signed] }));
  await assign(assignment({ sealFor: [signed] }));
  assert.equal(sealed.length, 1);
  assert.deepEqual(await open(identity, Buffer.from(sealed[0] ?? '', 'base64url')), encodeSecrets(secrets));
  await reconciler.letGo(true);
});

test('a secret that is not for this device fails the lease with words', async () => {
  const stranger = await generateAgeIdentity();
  const { assign } = await boot(fresh(), new RuntimeDouble());
  const foreign = toBase64url(await sealTo([stranger.recipient], encodeSecrets(secrets)));
  assert.deepEqual(
    (await assign(assignment({ sealedSecret: foreign }))).map(({ step }) => step),
    ['failed'],
  );
});
