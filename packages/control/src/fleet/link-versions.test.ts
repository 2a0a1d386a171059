// Control's end of the link with workers of both versions that it speaks: each is told what it knows, and no more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToWorker } from '@iog/protocol';
import { connectFake, enrolFake } from '../test/fake-device.ts';
import { startRig, until } from '../test/rig.ts';

const welcomed = (received: readonly ToWorker[]) => received.flatMap((message) => (message.type === 'welcome' ? [message.version] : []));
const byes = (received: readonly ToWorker[]) => received.filter((message) => message.type === 'bye');

test('the highest version that both speak is agreed', async (t) => {
  const rig = await startRig(t);
  const enrolled = await enrolFake(rig);
  for (const [hello, version] of [
    [{ min: 1, max: 1 }, 1],
    [{ min: 1, max: 2 }, 2],
    [{ min: 2, max: 9 }, 2],
  ] as const) {
    const device = await connectFake(rig, enrolled, hello);
    assert.deepEqual(welcomed(device.received), [version]);
    device.close();
  }
});

test('a session that a newer one takes over is refused in words that both versions have', async (t) => {
  const rig = await startRig(t);
  for (const max of [1, 2]) {
    const enrolled = await enrolFake(rig);
    const first = await connectFake(rig, enrolled, { max });
    await connectFake(rig, enrolled, { max });
    await until('the first to be closed', () => first.closed());
    assert.deepEqual(
      first.received.flatMap((message) => (message.type === 'refused' ? [message.code] : [])),
      ['session.displaced'],
    );
  }
});

test('control that stops says that it will be back, and does not wait for who has not said hello', async (t) => {
  const rig = await startRig(t);
  const [old, now] = [await connectFake(rig, await enrolFake(rig)), await connectFake(rig, await enrolFake(rig), { max: 2 })];
  const stranger = new WebSocket(`${rig.url.replace('http', 'ws')}/v1/link`);
  await until('the stranger', () => stranger.readyState === WebSocket.OPEN);
  const beganMs = performance.now();
  await rig.restart();
  assert.ok(performance.now() - beganMs < 5_000);
  await until('both closed', () => old.closed() && now.closed());
  assert.deepEqual(byes(now.received), [{ type: 'bye', retryInMs: 400 }]);
  assert.deepEqual(byes(old.received), []);
  assert.equal(now.closed()?.code, 1001);
});
