// A loop goes on whatever its timer, its clock and its steps do; a wake-up looks at one id, the period at all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loop } from './loop.ts';
import { silentMeter } from './metrics/meter.ts';

function rig() {
  let now = 0;
  let due: { readonly at: number; readonly run: () => void } | undefined;
  const seen: (readonly string[] | undefined)[] = [];
  const clock = {
    now: () => now,
    after: (delayMs: number, run: () => void) => {
      const mine = { at: now + delayMs, run };
      due = mine;
      return { cancel: () => void (due === mine && (due = undefined)) };
    },
  };
  /** Fires the timer at this time, whether it is due or not; then whatever is under way goes on. */
  const fire = async (at: number): Promise<void> => {
    now = at;
    const timer = due;
    due = undefined;
    timer?.run();
    await new Promise(setImmediate);
  };
  return { clock, seen, fire, log: () => undefined };
}

test('a timer that comes too early does not end the loop', async () => {
  const { clock, log, seen, fire } = rig();
  const looked = loop('test', 100, { clock, log, meter: silentMeter }, async (ids) => void seen.push(ids));
  await fire(0);
  await fire(99);
  await fire(99);
  await fire(100);
  assert.equal(seen.length, 2);
  await looked.stop();
});

test('a wake-up looks at its ids alone, and does not put off the look at all', async () => {
  const { clock, log, seen, fire } = rig();
  const looked = loop('test', 100, { clock, log, meter: silentMeter }, async (ids) => void seen.push(ids));
  await fire(0);
  looked.wake('a');
  looked.wake('b');
  await fire(50);
  await fire(100);
  assert.deepEqual(seen, [undefined, ['a'], ['b'], undefined]);
  await looked.stop();
});

test('a step that fails is tried again', async () => {
  const { clock, log, seen, fire } = rig();
  const looked = loop('test', 100, { clock, log, meter: silentMeter }, async (ids) => {
    seen.push(ids);
    throw new Error('no');
  });
  await fire(0);
  await fire(100);
  assert.equal(seen.length, 2);
  await looked.stop();
});
