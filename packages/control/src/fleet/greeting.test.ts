// Which row of the gate a hello waits in: that of devices with leases is for those alone that prove to be one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical, generateSigningKey, sign } from '@iog/seal';
import { unitDevice, unitLease, unitRig } from '../test/unit-ports.ts';
import { until } from '../test/rig.ts';
import type { DeviceLink } from './device-link.ts';
import { greet } from './greeting.ts';
import type { Room } from './session.ts';

test('whoever says the id of a leased device without its signature waits among the others', async (t) => {
  const rig = unitRig(t);
  const [own, stranger] = [generateSigningKey(), generateSigningKey()];
  const { id: lease, slice, cluster } = unitLease();
  const leased = unitDevice({ publicKey: own.publicKey, live: [{ lease, slice, cluster }] as never });
  await rig.put(leased);
  const rows: boolean[] = [];
  const gate = {
    isFull: () => true,
    enter: (isLeased: boolean) => {
      rows.push(isLeased);
      return Promise.resolve({ comeBackInMs: 1 });
    },
  };
  const room = { ports: rig.ports, timers: { after: () => ({ cancel: () => undefined }) } } as unknown as Room;
  for (const [i, keys] of [own, stranger].entries()) {
    let hear: ((text: string) => void) | undefined;
    let nonce = '';
    const link: DeviceLink = {
      isOpen: () => true,
      send: (text) => (nonce ||= (JSON.parse(text) as { nonce: string }).nonce),
      close: () => undefined,
      terminate: () => undefined,
      listen(on) {
        hear = (text) => on.text(text);
      },
    };
    greet(room, gate, new Set(), link, () => undefined);
    const signed = canonical({ nonce, network: rig.ports.key.publicKey, device: leased.id, bootId: 'boot' });
    const hello = { type: 'hello', device: leased.id, min: 1, max: 1, capabilities: [], bootId: 'boot' };
    hear?.(JSON.stringify({ ...hello, signature: sign(keys.secretKey, 'hello', signed) }));
    await until('the gate', () => rows.length > i);
  }
  assert.deepEqual(rows, [true, false]);
});
