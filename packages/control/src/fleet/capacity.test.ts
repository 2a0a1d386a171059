// Capacity demands over a real store: what is timed is the device's work, not the check of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CapacityDemand, DeviceRow } from '@iog/core';
import { until } from '../test/rig.ts';
import { unitDevice, unitNow, unitRig } from '../test/unit-ports.ts';
import { capacityDemands } from './capacity.ts';

async function demanded(t: TestContext) {
  const checks: PromiseWithResolvers<boolean>[] = [];
  const verifyCapacity = () => {
    const check = Promise.withResolvers<boolean>();
    checks.push(check);
    return check.promise;
  };
  const rig = unitRig(t, { verifyCapacity });
  const device = unitDevice();
  await rig.put(device);
  const capacity = capacityDemands(rig.ports);
  const sent: CapacityDemand[] = [];
  const consider = () => capacity.consider(device.id, (demand) => sent.push(demand));
  await consider();
  const answer = (arrivedAt: number) => capacity.answered(device.id, sent.at(-1)?.id ?? '', ['f'.repeat(64)], arrivedAt);
  const isLogged = (event: string) => until(event, () => rig.lines.some((line) => line.event === event));
  return { ...rig, device, sent, consider, answer, checks, isLogged };
}

test('a check that takes long neither counts as the device’s time nor brings a second demand', async (t) => {
  const { ports, pass, consider, sent, answer, checks, row, device, isLogged } = await demanded(t);
  pass(1_500);
  answer(ports.clock.now());
  pass(ports.policy.capacity.withinMs * 2);
  await consider();
  assert.equal(sent.length, 1);
  checks[0]?.resolve(true);
  await isLogged('capacity.proven');
  const proved = await row<DeviceRow>('device', device.id);
  const expiresAt = unitNow + 1_500 + ports.policy.capacity.validMs;
  assert.deepEqual(proved?.proof, { at: unitNow + 1_500, expiresAt, threads: 2, tookMs: 1_500, basis: 'declared' });
  assert.equal(proved?.state, 'admitted');
});

test('an answer that arrived too late, or that is wrong, proves nothing; the device is asked again after a while', async (t) => {
  const { ports, pass, consider, sent, answer, checks, row, device, lines } = await demanded(t);
  answer(unitNow + ports.policy.capacity.withinMs + 1);
  checks[0]?.resolve(true);
  const failed = (n: number) => until('a failure', () => lines.filter((line) => line.event === 'capacity.failed').length === n);
  await failed(1);
  await consider();
  assert.equal(sent.length, 1);
  pass(30_000);
  await consider();
  assert.equal(sent.length, 2);
  answer(ports.clock.now());
  checks[1]?.resolve(false);
  await failed(2);
  assert.equal((await row<DeviceRow>('device', device.id))?.proof, null);
});

test('an answer is checked once, and one to another demand not at all', async (t) => {
  const { ports, answer, checks } = await demanded(t);
  answer(ports.clock.now());
  answer(ports.clock.now());
  assert.equal(checks.length, 1);
});

test('a check that could not be made is said, and asked again later', async (t) => {
  const { pass, consider, sent, answer, checks, isLogged } = await demanded(t);
  answer(unitNow + 1);
  checks[0]?.reject(new Error('8 capacity checks wait already'));
  await isLogged('capacity.unchecked');
  pass(30_000);
  await consider();
  assert.equal(sent.length, 2);
});
