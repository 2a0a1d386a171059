// The main job from nothing to its receipt, as `npm start -- --once --json` runs it, watched from outside.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Receipt } from '@iog/protocol';
import { assertNothingLeft, clear, openListeners, processesOf } from './processes.ts';
import { assertAddsUp } from './receipt-checks.ts';
import { makePlace, start } from './rig.ts';

interface Report {
  readonly result: { readonly accuracy: number };
  readonly tasksPerNode: Readonly<Record<string, number>>;
  readonly receipt: Receipt;
  readonly phases: readonly { readonly name: string; readonly ms: number }[];
}

test('the main job runs on two nodes, is receipted, and leaves nothing behind', async (t) => {
  const place = makePlace();
  t.after(() => clear(place.dir));
  const running = start(place, ['start', '--once', '--json']);
  const beyond = new Set<string>();
  const names = new Set<string>();
  while (!running.over()) {
    const seen = processesOf(place.dir);
    for (const { name } of seen) names.add(name);
    for (const listener of openListeners(seen)) beyond.add(listener);
    await Promise.race([sleep(500), running.ended]);
  }
  const { code, out, err } = await running.ended;
  assert.equal(code, 0, err.slice(-3_000));
  const report = JSON.parse(out) as Report;

  assert.ok(report.result.accuracy > 0.95);
  const { receipt, tasksPerNode, phases } = report;
  assert.deepEqual(Object.keys(tasksPerNode).toSorted(), receipt.leases.map(({ lease }) => lease).toSorted());
  assert.equal(receipt.leases.length, 2);
  assert.ok(Object.values(tasksPerNode).every((count) => count > 0));
  assertAddsUp(receipt);
  assert.ok(receipt.leases.every(({ verdicts }) => verdicts.length > 0));
  for (const wanted of ['network up', 'workers admitted', 'quote', 'cluster forming', 'job', 'receipt'])
    assert.ok(
      phases.some(({ name, ms }) => name === wanted && ms >= 0),
      `the phase ${wanted} is timed`,
    );

  assert.ok(names.has('raylet') && names.has('gcs_server'), `Ray was seen among ${[...names].join(', ')}`);
  assert.deepEqual([...beyond], [], 'nothing listens beyond loopback');
  await assertNothingLeft(place.dir, 5_000);
  assert.equal(fs.existsSync(place.home), false, 'the home of the user is not touched');
});
