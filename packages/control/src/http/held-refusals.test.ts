// Held refusals: each waits its time, no more than the limit wait, and none outlives control's end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heldRefusals as limits } from '../limits.ts';
import { heldRefusals } from './held-refusals.ts';

function counted(wait: () => Promise<void>, times: number): () => number {
  let gone = 0;
  for (let i = 0; i < times; i++) void wait().then(() => (gone += 1));
  return () => gone;
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a refusal goes when its time is over, not before', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const gone = counted(heldRefusals().wait, 3);
  t.mock.timers.tick(limits.forMs - 1);
  await settled();
  assert.equal(gone(), 0);
  t.mock.timers.tick(1);
  await settled();
  assert.equal(gone(), 3);
});

test('where as many wait as may, the next goes at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const gone = counted(heldRefusals().wait, limits.most + 2);
  await settled();
  assert.equal(gone(), 2);
});

test('at the end all go, and no later one waits', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const held = heldRefusals();
  const gone = counted(held.wait, 5);
  held.release();
  const after = counted(held.wait, 1);
  await settled();
  assert.deepEqual([gone(), after()], [5, 1]);
});
