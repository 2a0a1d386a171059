// The recorded worker of the link's version 1 lives its life again under this build's control: same words, in the same order, about new rows.
import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { readRows } from '@iog/control';
import type { Assignment, Receipt } from '@iog/protocol';
import { decodeBody } from '../packages/control/src/store/body.ts';
import { catalogOf } from '../packages/control/src/store/catalog.ts';
import { earlierBodies } from '../packages/control/src/store/test/earlier/rows.ts';
import { tables } from '../packages/control/src/tables.ts';
import { connectFake, enrolFake } from '../packages/control/src/test/fake-device.ts';
import { createOf, fund, quoteOf } from '../packages/control/src/test/renting.ts';
import { type Rig, quickPolicy, startRig, until } from '../packages/control/src/test/rig.ts';
import { type RecordedWorker, recordedWorker } from './upgrade/recorded-worker.ts';
import { recording } from './upgrade/recording.ts';
import { lackingIn } from './upgrade/row-shapes.ts';
import { assertAddsUp } from './system/receipt-checks.ts';

const evidence = { ...quickPolicy.evidence, windowMs: 2_000 };
const cluster = { ...quickPolicy.cluster, stopWithinMs: 2_000 };
const session = { ...quickPolicy.session, lostAfterMs: 1_500, silentAfterMs: 1_000 };

/** What in an assignment decides what comes next. */
const shapeOf = (assignments: readonly Assignment[]): string =>
  JSON.stringify(assignments.map(({ role, jobs, sealFor, sealedSecret }) => [role, jobs.length, sealFor.length, sealedSecret === null]));

interface Stage {
  /** Does what the recorded people did before control could say this. */
  before(assignments: readonly Assignment[]): Promise<void>;
  readonly rented: () => string;
  readonly job: () => string;
}

/** The people and the other devices of the recording. */
async function stage(rig: Rig, t: TestContext): Promise<Stage> {
  const member = await connectFake(rig, await enrolFake(rig));
  t.after(() => member.close());
  let [rented, job] = ['', ''];
  const rent = async (): Promise<void> => {
    await until('both devices', async () => {
      const { body } = await rig.call<{ items: unknown[] }>('GET', '/v1/offers');
      return body.items.length === 2;
    });
    const created = await createOf(rig, await quoteOf(rig, { nodes: 2 }));
    assert.equal(created.status, 200, JSON.stringify(created.body));
    rented = created.body.id;
  };
  const submit = async (): Promise<void> => {
    await until('the cluster to run', async () => (await rig.call('GET', `/v1/clusters/${rented}`)).body['state'] === 'running');
    const wanted = { name: 'j', sealedEntrypoint: 'c2VhbGVk', retries: 0 };
    const submitted = await rig.call('POST', `/v1/clusters/${rented}/jobs`, wanted);
    assert.equal(submitted.status, 200, JSON.stringify(submitted.body));
    job = String(submitted.body['id']);
  };
  const loseMember = async (): Promise<void> => {
    const spare = await connectFake(rig, await enrolFake(rig));
    t.after(() => spare.close());
    await until('the spare', async () => (await spare.view()).state === 'admitted');
    member.close();
  };
  return {
    rented: () => rented,
    job: () => job,
    async before([assignment]) {
      if (!assignment) assert.equal((await rig.call('POST', `/v1/clusters/${rented}/end`)).status, 200);
      else if (rented === '') await rent();
      else if (assignment.jobs.length > 0 && job === '') await submit();
      else if (assignment.sealFor.length > 0) await loseMember();
    },
  };
}

async function replay(worker: RecordedWorker, people: Stage): Promise<void> {
  let shape = shapeOf([]);
  for (const { from, message } of recording) {
    if (from === 'worker') worker.say(message);
    else if (message.type !== 'assignments') await worker.meets(message);
    else {
      const next = shapeOf(message.assignments);
      if (next === shape) continue;
      await people.before(message.assignments);
      shape = next;
      await worker.meets(message, ({ assignments }) => shapeOf(assignments) === next);
    }
    assert.equal(worker.closed(), undefined, `after ${message.type}`);
  }
}

test('a worker of version 1 lives the whole life of a lease under this control, and is paid; no earlier row lacks a field', async (t) => {
  const rig = await startRig(t, { session, evidence, cluster });
  await fund(rig);
  const enrolled = await enrolFake(rig, { cores: [0], memoryBytes: 4_000_000_000, diskBytes: 0, gpus: [] });
  // The cheapest device becomes the head, and one core holds no second node.
  const prices = { coreMicro: '1', memoryGbMicro: '1', gpuMicro: {} };
  assert.equal((await rig.call('POST', `/v1/devices/${enrolled.id}/prices`, prices)).status, 200);
  const worker = recordedWorker(rig.url, enrolled);
  t.after(() => worker.close());
  const people = await stage(rig, t);
  await replay(worker, people);

  assert.equal(worker.welcomed(), 1);
  assert.ok(worker.received.every(({ type }) => type !== 'bye' && type !== 'refused'));
  const show = async (route: string) => (await rig.call('GET', route)).body;
  await until('the cluster to end', async () => (await show(`/v1/clusters/${people.rented()}`))['state'] === 'ended', 30_000);
  const { body: receipt } = await rig.call<Receipt>('GET', `/v1/clusters/${people.rented()}/receipt`);
  assertAddsUp(receipt);
  const own = receipt.leases.find(({ device }) => device === enrolled.id);
  assert.ok(own !== undefined && own.startedAt !== null && own.endedAt !== null);
  assert.equal((await show(`/v1/jobs/${people.job()}`))['state'], 'succeeded');
  assert.equal((await show(`/v1/devices/${enrolled.id}`))['connected'], true);

  // The rows of this life are of all kinds: no earlier row may lack, as it is read now, a field that all of now have.
  const now = await readRows({ kind: 'sqlite', path: path.join(rig.dir, 'control.sqlite') });
  const { rowOf } = catalogOf(tables);
  assert.deepEqual(lackingIn(earlierBodies.map(rowOf), now), []);
  const unread = earlierBodies.map((body) => decodeBody(body) as object);
  assert.deepEqual(lackingIn(unread, now), ['device.followsBook', 'minute.absences'], 'the comparison finds what is known to be lacking');
});
