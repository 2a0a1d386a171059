// Uptime over a real store: kept over a restart, forgotten by a crash for all alike, put together by replicas.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitDevice, unitNow, unitRig } from '../test/unit-ports.ts';
import { uptimeBook } from './uptime-book.ts';

const minuteMs = 60_000;

test('what is written down outlasts the process; what was not is forgotten for control and device alike', async (t) => {
  const { ports, pass } = unitRig(t);
  const device = unitDevice({ enrolledAt: unitNow });
  const minutes = (book: ReturnType<typeof uptimeBook>, count: number, isUp: (i: number) => boolean) => {
    for (let i = 0; i < count; i++) {
      book.mark('control' as never);
      if (isUp(i)) book.mark(device.id);
      pass(minuteMs);
    }
  };
  const first = uptimeBook(ports);
  minutes(first, 60, (i) => i % 4 !== 0);
  await first.flush();
  const told = await uptimeBook(ports).of(device);
  assert.deepEqual([told?.basis, told?.upMinutes, told?.observedMinutes, told?.share], ['observed', 45, 60, 0.75]);
  minutes(first, 30, () => false);
  assert.equal((await uptimeBook(ports).of(device))?.share, 0.75);

  const [a, b] = [uptimeBook(ports), uptimeBook(ports)];
  minutes(a, 10, () => true);
  minutes(b, 10, () => true);
  await Promise.all([a.flush(), b.flush()]);
  const both = await uptimeBook(ports).of(device);
  assert.deepEqual([both?.upMinutes, both?.observedMinutes], [65, 80]);
});

test('over midnight both days are kept, one row each', async (t) => {
  const { ports, pass } = unitRig(t);
  const device = unitDevice({ enrolledAt: unitNow });
  const book = uptimeBook(ports);
  for (let i = 0; i < 1_500; i++) {
    book.mark('control' as never);
    book.mark(device.id);
    pass(minuteMs);
  }
  await book.flush();
  const rows = await ports.store.query({ kind: 'uptime', index: 'device', equals: device.id, limit: 10 });
  assert.equal(rows.length, 2);
  assert.ok(rows.every(({ row }) => JSON.stringify(row).length < 400));
  const told = await uptimeBook(ports).of(device);
  assert.deepEqual([told?.upMinutes, told?.observedMinutes], [1_500, 1_500]);
});
