import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type ObservedJob, jobStates } from '@iog/protocol';
import { sampleClusterRow } from '../ledger/sample-cluster.ts';
import { now, sampleJob } from '../cluster/sample-renting.ts';
import { endWith, isOver, observeJob, stopJob, submitJob, surviveHeadLoss } from './job.ts';

const job = sampleJob();
const seen = (changes: Partial<ObservedJob> = {}): ObservedJob => ({
  job: job.id,
  attempt: 1,
  state: 'running',
  exitCode: null,
  detail: '',
  tasksPerNode: {},
  logSegments: 0,
  ...changes,
});

test('a job is taken while its cluster forms or runs, up to the number there may be', () => {
  const wanted = { name: 'job', sealedEntrypoint: 'c2VhbGVk' };
  const submit = (changes: Parameters<typeof sampleClusterRow>[0], most = 2) => {
    const made = submitJob(sampleClusterRow(changes), job.id, wanted, most, now);
    return made.ok ? 'ok' : made.rejection.code;
  };
  assert.equal(submit({ state: 'forming' }), 'ok');
  assert.equal(submit({ state: 'running', jobs: [job.id] }), 'ok');
  assert.equal(submit({ state: 'running', jobs: [job.id, job.id] }), 'cluster.full');
  assert.equal(submit({ state: 'ending' }), 'cluster.state');
  const detailOf = (state: 'forming' | 'running'): string => {
    const made = submitJob(sampleClusterRow({ state }), job.id, wanted, 2, now);
    return made.ok ? made.value.detail : '';
  };
  assert.deepEqual([detailOf('forming'), detailOf('running')], ['waits for the head', 'goes to the head']);
  assert.equal(submit({ state: 'ended' }), 'cluster.state');
});

test('law: a job that is over stays as it was, and log segments never become fewer', () => {
  const report = fc.record({ state: fc.constantFrom(...jobStates), logSegments: fc.nat(9), attempt: fc.constantFrom(0, 1, 2) });
  fc.assert(
    fc.property(fc.array(report), (reports) => {
      let current = job;
      for (const words of reports) {
        const next = observeJob(current, seen(words), now);
        if (isOver(current) || words.attempt !== 1) assert.equal(next, current);
        assert.ok(next.logSegments >= current.logSegments);
        assert.equal(isOver(next), next.endedAt !== null);
        current = next;
      }
    }),
  );
});

test('a change of the tasks on its nodes alone is taken; the same counts again change nothing', () => {
  const running = observeJob(job, seen({ tasksPerNode: { a: 1 } }), now);
  const more = observeJob(running, seen({ tasksPerNode: { a: 1, b: 2 } }), now);
  assert.deepEqual(more.tasksPerNode, { a: 1, b: 2 });
  assert.equal(observeJob(more, seen({ tasksPerNode: { b: 2, a: 1 } }), now), more);
});

test('a waiting job is stopped at once, a running one is asked to stop, one that is over is refused', () => {
  const waiting = stopJob(job, now);
  assert.ok(waiting.ok && waiting.value.state === 'stopped' && waiting.value.endedAt === now);
  const running = stopJob(observeJob(job, seen(), now), now);
  assert.ok(running.ok && running.value.state === 'running' && running.value.assigned.stop);
  const over = stopJob(waiting.value, now);
  assert.ok(!over.ok && over.rejection.code === 'job.state');
});

test('law: with n retries a job runs at most n + 1 times, and then is lost', () => {
  fc.assert(
    fc.property(fc.nat(10), (retries) => {
      let current = sampleJob({}, retries);
      for (let lost = 0; lost <= retries; lost++) {
        current = surviveHeadLoss({ ...current, state: 'running' }, lost + 2, now);
        assert.equal(current.state, lost < retries ? 'waiting' : 'lost');
        if (lost < retries) assert.deepEqual([current.assigned.attempt, current.incarnation], [lost + 2, lost + 2]);
      }
    }),
  );
});

test('a job that was asked to stop does not run again; one that waits goes on waiting', () => {
  const asked = { ...sampleJob({ state: 'running' }, 5), assigned: { ...job.assigned, stop: true } };
  assert.equal(surviveHeadLoss(asked, 2, now).state, 'lost');
  assert.deepEqual([surviveHeadLoss(job, 2, now).state, surviveHeadLoss(job, 2, now).assigned.attempt], ['waiting', 1]);
  const over = sampleJob({ state: 'succeeded' });
  assert.equal(surviveHeadLoss(over, 2, now), over);
  assert.equal(endWith(over, 'lost', 'gone', now), over);
});
