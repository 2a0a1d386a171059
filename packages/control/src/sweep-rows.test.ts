// What is forgotten, when, and what never is: over a real store, with a clock that the test sets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, ActivityId, ClusterId, JobId } from '@iog/protocol';
import { type ClusterRow, type JobRow, type LeaseRow, type ReceiptRow, eventId, reject } from '@iog/core';
import { newId } from './ports.ts';
import { rowSweeps } from './sweep-rows.ts';
import { type TestPorts, testPorts } from './test/ports.ts';
import { type Call, command } from './command.ts';

const dayMs = 24 * 3_600_000;
const account = `acc_${'0'.repeat(26)}` as AccountId;

async function sweepAll({ ports }: TestPorts): Promise<void> {
  for (const sweep of Object.values(rowSweeps(ports))) for (let i = 0; (await sweep()) && i < 50; i++);
}
async function clusterOf(rig: TestPorts, state: ClusterRow['state'], events: number): Promise<ClusterId> {
  const id = newId(rig.ports, 'clu');
  const job: JobId = newId(rig.ports, 'job');
  const now = rig.ports.clock.now();
  const cluster = { kind: 'cluster', id, account, state, events, jobs: [job], endedAt: state === 'ended' ? now : null } as unknown;
  await rig.write(cluster as ClusterRow, { kind: 'job', id: job, cluster: id, account } as unknown as JobRow);
  const told = { kind: 'event', cluster: id, at: now, event: 'told', subject: id, detail: '' } as const;
  await rig.write(...Array.from({ length: events }, (_, i) => ({ ...told, id: eventId(id, i + 1), seq: i + 1 })));
  return id;
}

test('replies, enrolments and activity go after their time, more than one batch of them', async (t) => {
  const rig = testPorts(t);
  const at = rig.ports.clock.now();
  const act = (): ActivityId => newId(rig.ports, 'act');
  const activity = (subject: string) =>
    ({
      kind: 'activity',
      id: act(),
      at: rig.ports.clock.now(),
      account,
      key: null,
      command: 'c',
      subject,
      outcome: '',
      request: '',
    }) as const;
  await rig.write(...Array.from({ length: 1_200 }, (_, i) => activity(`old ${i}`)));
  await rig.write({ kind: 'reply', id: 'old', requestHash: '', status: 200, body: '', at });
  await rig.write({ kind: 'enrolment', id: 'OLD', enrolment: {} as never, state: 'waiting', device: null, expiresAt: at + 1 });
  await sweepAll(rig);
  assert.equal((await rig.ids('activity', 'all')).length, 1_000, 'nothing goes before its time (a query gives a thousand)');
  rig.pass(dayMs + 1);
  await rig.write({ kind: 'reply', id: 'new', requestHash: '', status: 200, body: '', at: rig.ports.clock.now() });
  await sweepAll(rig);
  assert.deepEqual([await rig.ids('reply', 'age'), await rig.ids('enrolment', 'expiry')], [['new'], []]);
  rig.pass(399 * dayMs);
  await rig.write(activity('new'));
  await sweepAll(rig);
  const left = await rig.ids('activity', 'all');
  assert.equal(left.length, 1);
  assert.equal((await rig.row('activity', left[0] ?? ''))?.subject, 'new');
});

test('an enrolment that nobody approved goes minutes after its time; one that was approved stays its day', async (t) => {
  const rig = testPorts(t);
  const row = { kind: 'enrolment', enrolment: {} as never, device: null, expiresAt: rig.ports.clock.now() } as const;
  await rig.write({ ...row, id: 'WAITS', state: 'waiting' }, { ...row, id: 'DONE', state: 'approved' });
  await sweepAll(rig);
  assert.equal((await rig.ids('enrolment', 'expiry')).length, 2);
  rig.pass(2 * 60_000);
  await sweepAll(rig);
  assert.deepEqual(await rig.ids('enrolment', 'expiry'), ['DONE']);
});

test('an ended cluster loses its events and jobs, and nothing else; one that lives loses nothing', async (t) => {
  const rig = testPorts(t);
  const [ended, running] = [await clusterOf(rig, 'ended', 700), await clusterOf(rig, 'running', 20)];
  const lease = { kind: 'lease', id: newId(rig.ports, 'lea'), cluster: ended, state: 'settled' } as unknown as LeaseRow;
  await rig.write(lease, { kind: 'receipt', id: ended, receipt: {} } as unknown as ReceiptRow);
  rig.pass(29 * dayMs);
  await sweepAll(rig);
  assert.equal((await rig.ids('event', 'cluster', ended)).length, 700);
  rig.pass(dayMs);
  await sweepAll(rig);
  assert.deepEqual([await rig.ids('event', 'cluster', ended), await rig.ids('job', 'cluster', ended)], [[], []]);
  assert.deepEqual(await rig.ids('cluster', 'told'), [], 'it is not looked at again');
  assert.equal((await rig.row('cluster', ended))?.events, 700);
  assert.ok((await rig.row('receipt', ended)) && (await rig.row('lease', lease.id)));
  assert.equal((await rig.ids('event', 'cluster', running)).length, 20);
  assert.equal((await rig.ids('job', 'cluster', running)).length, 1);
});

test('of a story that is too long the oldest events go', async (t) => {
  const rig = testPorts(t, { clusterEvents: 100 });
  const [long, short] = [await clusterOf(rig, 'running', 800), await clusterOf(rig, 'forming', 100)];
  await sweepAll(rig);
  const left = await rig.ids('event', 'cluster', long);
  assert.deepEqual([left.length, left[0]], [100, eventId(long, 701)]);
  assert.equal((await rig.ids('event', 'cluster', short)).length, 100);
});

test('a sweep decides by the row as it is when it deletes it', async (t) => {
  const rig = testPorts(t);
  const row = { kind: 'enrolment', id: 'AAAA-2222', enrolment: {} as never, state: 'waiting', device: null } as const;
  await rig.write({ ...row, expiresAt: rig.ports.clock.now() });
  rig.pass(2 * dayMs);
  const { ports } = rig;
  let met = false;
  const store = {
    ...ports.store,
    // The code is used again between the look and the deletion.
    async load(keys: Parameters<typeof ports.store.load>[0]) {
      if (!met) await rig.write({ ...row, expiresAt: ports.clock.now() + dayMs }).finally(() => (met = true));
      return ports.store.load(keys);
    },
  };
  await rowSweeps({ ...ports, store })['enrolments']?.();
  assert.ok(met && (await rig.row('enrolment', row.id)));
});

test('what nobody asks for in vain leaves a line in the log and no row', async (t) => {
  const rig = testPorts(t);
  const nobody = { params: undefined, query: undefined, bytes: undefined, key: undefined, device: undefined };
  const call = { route: 'enrolment.create', ...nobody, body: {}, request: 'req_1', idempotencyKey: 'stranger-1' } as unknown;
  const outcome = await command(
    rig.ports,
    call as Call<'enrolment.create'>,
    'AAAA-2222',
    () => Promise.resolve(reject('enrolment.invalid')),
    () => ({}) as never,
  );
  assert.equal('ok' in outcome && !outcome.ok && outcome.rejection.code, 'enrolment.invalid');
  assert.deepEqual([await rig.ids('activity', 'all'), await rig.ids('reply', 'age')], [[], []]);
  assert.deepEqual(
    rig.lines.map(({ event, code }) => [event, code]),
    [['request.rejected', 'enrolment.invalid']],
  );
});
