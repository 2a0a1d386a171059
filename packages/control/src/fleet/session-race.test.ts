// Two sessions of one device that greet at once, and links that do not close when they are told to.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToWorker } from '@iog/protocol';
import { canonical, generateSigningKey, sign } from '@iog/seal';
import type { ControlPorts } from '../ports.ts';
import type { Store } from '../store/store.ts';
import { until } from '../test/rig.ts';
import { unitDevice, unitRig } from '../test/unit-ports.ts';
import type { DeviceLink } from './device-link.ts';
import { sessionHub } from './session-hub.ts';

/** A peer that never answers a close: only a cut ends its link. */
function deafLink(device: string, secretKey: string) {
  const received: ToWorker[] = [];
  let heard: Parameters<DeviceLink['listen']>[0] | undefined;
  const state = { isOpen: true, isCut: false };
  const link: DeviceLink = {
    isOpen: () => state.isOpen,
    send: (text) => void received.push(JSON.parse(text) as ToWorker),
    close: () => void (state.isOpen = false),
    terminate() {
      if (state.isCut) return;
      Object.assign(state, { isOpen: false, isCut: true });
      heard?.closed();
    },
    listen: (on) => void (heard = on),
  };
  const greet = (): void => {
    const challenge = received.find((each) => each.type === 'challenge');
    assert.ok(challenge);
    const signed = canonical({ nonce: challenge.nonce, network: challenge.network, device, bootId: 'boot' });
    const hello = { type: 'hello', device, capabilities: [], bootId: 'boot', min: 1, max: 1, signature: sign(secretKey, 'hello', signed) };
    heard?.text(JSON.stringify(hello));
  };
  const has = (type: ToWorker['type']): boolean => received.some((each) => each.type === type);
  return { link, received, greet, has, state };
}

test('the session of the later epoch stays, also where the earlier one hears of its commit last; the refused link is cut', async (t) => {
  const key = generateSigningKey();
  const base = unitRig(t);
  const device = unitDevice({ publicKey: key.publicKey });
  await base.put(device);
  let hold: Promise<void> | undefined;
  let held = 0;
  const { store } = base.ports;
  const slow: Store = {
    ...store,
    async commit(commit) {
      const result = await store.commit(commit);
      const wait = hold;
      if (wait) {
        hold = undefined;
        held += 1;
        await wait;
      }
      return result;
    },
  };
  const network = generateSigningKey();
  const ports = Object.create(base.ports, {
    store: { value: slow },
    key: { value: { publicKey: network.publicKey, sign: () => '' } },
  }) as ControlPorts;
  const hub = sessionHub(ports, new Uint8Array(32));
  t.after(() => hub.stop());
  const [first, second] = [deafLink(device.id, key.secretKey), deafLink(device.id, key.secretKey)];
  hub.accept(first.link);
  hub.accept(second.link);
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = promise;
  first.greet();
  await until('the first to be written', () => held === 1);
  second.greet();
  await until('the second to be welcomed', () => second.has('welcome'));
  resolve();
  await until('the first to be refused', () => first.has('refused'));
  assert.deepEqual([first.has('welcome'), second.state.isOpen, hub.load().sessions], [false, true, 1]);
  await until('the first to be cut', () => first.state.isCut);

  hub.drop(device.id, { code: 'device.removed', context: { device: device.id } });
  assert.ok(second.has('refused'));
  await until('the dropped session to be cut', () => second.state.isCut && hub.load().sessions === 0);
});
