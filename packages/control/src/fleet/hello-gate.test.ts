// How many hellos are decided at once, who goes first, and what the others are told; and what one device may do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowances } from './allowances.ts';
import { helloGate } from './hello-gate.ts';
import { coarseTimers } from './timing.ts';
import { sessionLimits } from '../limits.ts';

const limits = {
  hellosAtOnce: 2,
  gatherMs: 10,
  hellosWaiting: { leased: 2, others: 2 },
  leastHellosPerSecond: 100,
  comeBackMs: { least: 500, most: 3_000 },
};

/** A timer that comes soon. */
const after = (_ms: number, run: () => void) => {
  const timer = setImmediate(run);
  return { cancel: () => clearImmediate(timer) };
};
const turn = () => new Promise<void>((resolve) => setTimeout(() => setImmediate(resolve), 5));

test('no more are decided at once than the gate lets in; devices with leases go first; the rest comes back, spread', async () => {
  const gate = helloGate({ after }, limits);
  const now = 1_000_000;
  const order: string[] = [];
  const ends: (() => void)[] = [];
  let [running, most] = [0, 0];
  const enter = (name: string, isLeased = false) =>
    gate.enter(isLeased, now, async () => {
      order.push(name);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return name;
    });
  const let1 = async (): Promise<void> => {
    ends.shift()?.();
    await turn();
  };
  const all = [enter('a'), enter('b')];
  await turn();
  all.push(enter('c'), enter('d'));
  assert.ok(gate.isFull());
  const turned = await Promise.all(Array.from({ length: 400 }, () => enter('late')));
  const waits = turned.map((each) => ('comeBackInMs' in each ? each.comeBackInMs : 0));
  assert.ok(waits.every((ms) => ms >= 500 && ms <= 3_000));
  assert.ok((waits.at(-1) ?? 0) > (waits[0] ?? 0) + 2_000, `${waits[0]} … ${waits.at(-1)}`);
  const leased = [enter('L1', true), enter('L2', true)];
  assert.ok('comeBackInMs' in (await enter('L3', true)));
  for (let i = 0; i < 6; i++) await let1();
  assert.deepEqual(
    (await Promise.all([...all, ...leased])).map((each) => 'done' in each),
    [true, true, true, true, true, true],
  );
  assert.deepEqual([order, most], [['a', 'b', 'L1', 'L2', 'c', 'd'], 2]);
});

test('those that come together begin together; one that comes alone does not wait', async () => {
  const gate = helloGate({ after }, { ...limits, hellosAtOnce: 100, hellosWaiting: { leased: 100, others: 100 } });
  const begun: number[] = [];
  let turns = 0;
  const work = (): Promise<void> => {
    begun.push(turns);
    return turn();
  };
  const first = gate.enter(false, 1_000_000, work);
  await Promise.resolve();
  assert.deepEqual(begun, [0]);
  const rest = Array.from({ length: 50 }, () => gate.enter(false, 1_000_001, work));
  await Promise.resolve();
  assert.equal(begun.length, 1);
  turns = 1;
  await Promise.all([first, ...rest]);
  assert.deepEqual(begun, [0, ...Array.from({ length: 50 }, () => 1)]);
});

test('a hello that fails gives its place to the next', async () => {
  const gate = helloGate({ after }, limits);
  for (let i = 0; i < 5; i++)
    await assert.rejects(
      gate.enter(false, i, () => Promise.reject(new Error('no'))),
      /no/,
    );
  assert.deepEqual(await gate.enter(false, 9, () => Promise.resolve(1)), { done: 1 });
});

test('a device opens a burst of sessions, then one a second; what it used up is forgotten once it is whole again', () => {
  const all = allowances();
  let opened = 0;
  for (let ms = 0; ms < 10_000; ms += 10) if (all.of('d').open(1_000_000 + ms) === 0) opened += 1;
  assert.ok(Math.abs(opened - sessionLimits.opens.burst - 10) <= 1, `${opened}`);
  while (all.of('d').open(1_010_000) === 0) opened += 1;
  const waitMs = all.of('d').open(1_010_000);
  assert.ok(waitMs > 0 && waitMs <= 1_000);
  assert.equal(all.of('other').open(1_010_000), 0);
  all.forget(1_020_000);
  assert.ok(all.of('d').open(1_020_000) === 0);
  for (let i = 0; i < 40; i++) all.of('d').open(1_020_000);
  assert.ok(all.of('d').open(1_020_000) > 0);
  all.forget(2_000_000);
  assert.equal(all.of('d').open(2_000_000), 0);
});

/** Messages of this length that one device may say at once. */
function saidAtOnce(length: number): number {
  const one = allowances().of('d');
  let said = 0;
  while (one.message(length, 1_000_000)) said += 1;
  return said;
}

test('large messages count for more', () => {
  assert.equal(saidAtOnce(0), sessionLimits.messages.burst);
  assert.ok(saidAtOnce(1_000_000) < sessionLimits.messages.burst / 30);
});

test('one timer of the clock stands for any number, and none is left when all are cancelled', () => {
  let now = 0;
  const set = new Map<object, { at: number; run: () => void }>();
  const later = (ms: number, run: () => void) => {
    const timer = { cancel: () => void set.delete(timer) };
    set.set(timer, { at: now + ms, run });
    return timer;
  };
  const timers = coarseTimers({ now: () => now, after: later }, 10);
  const ran: number[] = [];
  const handles = Array.from({ length: 100 }, (_, i) => timers.after(i, () => ran.push(i)));
  assert.equal(set.size, 1);
  handles.slice(50).forEach((each) => each.cancel());
  for (; set.size > 0 && now < 1_000; now += 1)
    for (const [timer, { at, run }] of set) {
      if (at > now) continue;
      set.delete(timer);
      run();
    }
  assert.deepEqual(
    ran,
    Array.from({ length: 50 }, (_, i) => i),
  );
  assert.ok(now >= 49 && now <= 60, `${now}`);
  timers.after(1_000, () => undefined).cancel();
  assert.equal(set.size, 0);
});
