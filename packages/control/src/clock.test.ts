// The time goes forward whatever happens to the wall clock, and comes back to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { forwardClock } from './clock.ts';
import type { Store } from './store/store.ts';

function after(): never {
  throw new Error('no timers here');
}

async function rig(reached = 0) {
  const host = { wall: 1_000_000, mono: 0 };
  const store = { load: () => Promise.resolve([{ version: 1, row: { kind: 'clock', id: 'clock', now: reached } }]) } as unknown as Store;
  const clock = await forwardClock(store, { wallMs: () => host.wall, monoMs: () => host.mono, after });
  const pass = (ms: number): void => {
    host.wall += ms;
    host.mono += ms;
  };
  return { host, clock, pass };
}

test('set back, it goes on at a slower pace until the wall clock has caught up', async () => {
  const { host, clock, pass } = await rig();
  pass(1_000);
  assert.equal(clock.now(), 1_001_000);
  host.wall -= 60_000;
  pass(10_000);
  assert.equal(clock.now(), 1_010_000);
  for (let i = 0; i < 60; i++) {
    pass(10_000);
    clock.now();
  }
  assert.equal(clock.now(), host.wall);
});

test('set forward, it is followed at once; a restart does not take it back', async () => {
  const { host, clock } = await rig(2_000_000);
  assert.equal(clock.now(), 2_000_000);
  host.wall = 3_000_000;
  assert.equal(clock.now(), 3_000_000);
});

test('a process that slept, or whose clock was set forward, has been awake since then alone', async () => {
  const { host, clock, pass } = await rig();
  for (let i = 0; i < 30; i++) {
    pass(1_000);
    clock.now();
  }
  assert.equal(clock.awakeSince(), 1_000_000);
  host.wall += 60_000;
  assert.equal(clock.awakeSince(), 1_090_000);
  pass(5_000);
  assert.equal(clock.awakeSince(), 1_090_000);
  pass(25_000);
  assert.equal(clock.awakeSince(), 1_120_000);
});

test("another replica's time is reached here, but not a time that is far from this host's", async () => {
  const { clock } = await rig();
  clock.reached(1_030_000);
  assert.equal(clock.now(), 1_030_000);
  clock.reached(9_000_000);
  assert.equal(clock.now(), 1_600_000);
});

test('law: whatever is set, it never goes back, and goes on while time passes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ setMs: fc.integer({ min: -100_000, max: 100_000 }), passMs: fc.integer({ min: 10, max: 60_000 }) })),
      async (steps) => {
        const { host, clock, pass } = await rig();
        let before = clock.now();
        for (const { setMs, passMs } of steps) {
          host.wall += setMs;
          pass(passMs);
          const now = clock.now();
          assert.ok(now >= before + Math.floor(passMs * 0.9) - 1);
          before = now;
        }
      },
    ),
  );
});
