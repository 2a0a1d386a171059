// Phases: each with its time, a stalled one with what it waits for. The clock and the ticking are the test's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phases, stallEveryMs } from './phases.ts';

function bench() {
  const lines: string[] = [];
  let now = 0;
  const ticks = new Set<() => void>();
  const every = (_ms: number, call: () => void) => {
    ticks.add(call);
    return () => void ticks.delete(call);
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const tick of ticks) tick();
  };
  return {
    lines,
    ticks,
    advance,
    shown: phases(
      (line) => lines.push(line),
      () => now,
      every,
    ),
  };
}

test('a phase is shown with its time and kept in order', async () => {
  const { shown, lines, advance } = bench();
  shown.past({ name: 'set-up', ms: 1_500 });
  assert.equal(await shown.run('quote', () => (advance(20), Promise.resolve(7))), 7);
  assert.deepEqual(shown.done, [
    { name: 'set-up', ms: 1_500 },
    { name: 'quote', ms: 20 },
  ]);
  assert.match(lines.at(-1) ?? '', /^quote +20 ms$/);
});

test('a stalled phase says what it waits for, and nothing ticks on after it', async () => {
  const { shown, lines, advance, ticks } = bench();
  await shown.run('head ready', (waiting) => {
    waiting('first (starting)');
    advance(stallEveryMs);
    return Promise.resolve();
  });
  assert.match(lines[0] ?? '', /head ready: 5\.0 s so far, waits for first \(starting\)/);
  assert.equal(ticks.size, 0);
});

test('a failed phase is said and not counted', async () => {
  const { shown, lines, ticks } = bench();
  await assert.rejects(
    shown.run('quote', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.match(lines[0] ?? '', /^quote +0 ms  failed$/);
  assert.deepEqual(shown.done, []);
  assert.equal(ticks.size, 0);
});
