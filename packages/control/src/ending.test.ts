// Told to end, control finishes what it has begun, refuses what comes, lets devices come back soon, and loses nothing that it acknowledged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admittedFake, connectFake } from './test/fake-device.ts';
import { createOf, fund, quoteOf } from './test/renting.ts';
import { startRig, until } from './test/rig.ts';

test('everything that was acknowledged while control was ending is there after', async (t) => {
  const rig = await startRig(t);
  let acknowledged = 0n;
  const refused = new Set<string>();
  let ending = false;
  let isBack = false;
  const writer = async (): Promise<void> => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- set once control is back
    while (!isBack) {
      try {
        const { status, body, headers } = await rig.call('POST', '/v1/faucet', { amountMicro: '1' });
        if (status === 200) acknowledged += 1n;
        else {
          refused.add(body.code);
          assert.ok(Number(headers.get('retry-after')) >= 1);
          if (body.code === 'control.stopping') return;
        }
      } catch {
        // The server has closed: whether a request that got no answer was done is not known, and promised to nobody.
        if (ending) return;
        throw new Error('control cut a connection before it was told to end');
      }
    }
  };
  const writers = Array.from({ length: 8 }, writer);
  await until('some writes', () => acknowledged > 50n);
  ending = true;
  await rig.restart();
  isBack = true;
  await Promise.all(writers);
  const { body } = await rig.call<{ availableMicro: string }>('GET', '/v1/balance');
  // Each was answered, or refused before it began: nothing more was done either.
  assert.equal(BigInt(body.availableMicro), acknowledged);
  assert.deepEqual(
    [...refused].filter((code) => code !== 'control.stopping' && code !== 'control.busy'),
    [],
  );
  const told = rig.lines.filter(({ event }) => event.startsWith('stop.')).map(({ event }) => event);
  assert.equal(told.at(0), 'stop.begun');
  assert.equal(told.at(-1), 'stop.done');
});

test('a device hears that control will be back, and its evidence until then is kept', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig);
  await fund(rig);
  const { body: cluster } = await createOf(rig, await quoteOf(rig));
  const lease = await until('the node', () => [...device.nodes.keys()][0]);
  await until('the lease', async () => (await rig.call<{ state: string }>('GET', `/v1/clusters/${cluster.id}`)).body.state === 'running');
  await rig.restart();
  await until('the close', () => device.closed());
  // It speaks version 1, which has no word for it.
  assert.deepEqual(device.closed(), { code: 1012, reason: 'control.stopping' });
  const again = await connectFake(rig, device);
  t.after(() => again.close());
  again.beat();
  const { body } = await rig.call<{ state: string }>('GET', `/v1/clusters/${cluster.id}`);
  assert.equal(body.state, 'running');
  assert.ok(again.nodes.has(lease));
});

test('one id leads from a request through the loop to the device', async (t) => {
  const rig = await startRig(t);
  const device = await admittedFake(rig, undefined, { max: 2 });
  t.after(() => device.close());
  await fund(rig);
  const made = await createOf(rig, await quoteOf(rig));
  const request = made.headers.get('x-request-id') ?? '';
  const found = (event: string) => rig.lines.find((line) => line.event === event && line['request'] === request);
  await until('the loop to log it', () => found('cluster.stepped'));
  assert.ok(found('command.accepted') && found('assignments.sent'));
  await until('the device to hear it', () => device.received.some((message) => message.type === 'trace' && message.request === request));
});
