// A network of more devices than one look takes in: those that come last are seen too, as far as the limit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeId } from '@iog/protocol';
import { unitDevice, unitNow, unitRig } from '../test/unit-ports.ts';
import { connectedDevices } from './replaced.ts';

test('connected devices are looked at page by page, each once, up to the limit; those that are away are not looked at', async (t) => {
  const rig = unitRig(t);
  const { ports } = rig;
  const ids = Array.from({ length: 1_203 }, (_, i) => makeId('dev', unitNow + i, new Uint8Array(16)));
  await rig.put(...ids.map((id) => unitDevice({ id })));
  for (const id of ids) ports.live.opened(id, 1, unitNow, null);
  for (const id of ids.slice(0, 100)) ports.live.closed(id, 1, unitNow);
  const seen = async (limit?: { atOnce: number; pages: number }) => {
    const { found, more } = connectedDevices(ports, limit as never);
    const sizes: number[] = [];
    while (await more()) sizes.push(found.size);
    return { sizes, last: found.has(ids.at(-1) ?? '') };
  };
  assert.deepEqual(await seen(), { sizes: [500, 1_000, 1_103], last: true });
  assert.deepEqual(await seen({ atOnce: 400, pages: 2 }), { sizes: [400, 800], last: false });
});
