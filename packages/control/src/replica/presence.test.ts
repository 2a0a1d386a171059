// What is written of devices: all of it once, and then what changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PresenceRow } from '@iog/core';
import { pulseAnswered, pulseSent } from '../fleet/live-devices.ts';
import { unitDevice, unitNow, unitRig } from '../test/unit-ports.ts';
import { writePresences } from './presence.ts';

async function rigOf(t: Parameters<typeof unitRig>[0], isLeased: boolean) {
  const rig = unitRig(t);
  const live = isLeased ? [{ lease: 'lea_any' as never, slice: { cores: [0], memoryBytes: 1, gpus: [] } }] : [];
  const device = unitDevice({ live });
  await rig.put(device);
  const session = rig.ports.live.opened(device.id, 1, unitNow, null);
  /** When it was written last, after this step. */
  const step = async (ms: number, all = false) => {
    rig.pass(ms);
    await writePresences(rig.ports, { all });
    const row = await rig.row<PresenceRow>('presence', device.id);
    return (row?.sessions.at(-1)?.writtenAt ?? 0) - unitNow;
  };
  return { ...rig, device, session, step };
}

test('an idle device is written when it opens and closes, and its last words now and then', async (t) => {
  const { ports, device, step } = await rigOf(t, false);
  assert.deepEqual([await step(0), await step(2_000), await step(27_000), await step(1_000)], [0, 0, 0, 30_000]);
  assert.equal(await step(1_000, true), 31_000);
  ports.live.closed(device.id, 1, unitNow + 31_500);
  assert.equal(await step(1_000), 32_000);
  assert.deepEqual(ports.live.unwritten(), []);
});

test('of a leased device each answered pulse is written at once, and its last words soon', async (t) => {
  const { session, step } = await rigOf(t, true);
  assert.deepEqual([await step(0), await step(2_000), await step(2_000)], [0, 0, 4_000]);
  pulseSent(session, 'n', unitNow + 4_500);
  pulseAnswered(session, 'n', 10_000, unitNow + 4_600);
  assert.equal(await step(1_000), 5_000);
});
