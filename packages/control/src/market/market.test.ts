// The market index of a process: what its own commits, its sessions, the sweep and a look at the rows teach it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Demand, type DeviceId, makeId } from '@iog/protocol';
import type { DeviceRow } from '@iog/core';
import { marketLimits } from '../limits.ts';
import { type UnitRig, unitDevice, unitNow, unitRig } from '../test/unit-ports.ts';
import { until } from '../test/rig.ts';
import { type MarketPorts, marketOf } from './market.ts';
import { marketSurvey } from './price-history.ts';
import { sweepLoop } from './sweep-loop.ts';

const demand: Demand = { nodes: 2, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 60_000 };
const proof = { at: unitNow, expiresAt: unitNow + 3_600_000, threads: 2, tookMs: 1, basis: 'declared' } as const;
const deviceOf = (n: number, changes: Partial<DeviceRow> = {}): DeviceRow =>
  unitDevice({ id: makeId('dev', unitNow + n, new Uint8Array(16)), state: 'admitted', proof, ...changes });

function marketRig(t: TestContext): { rig: UnitRig; ports: MarketPorts; best: () => Promise<readonly DeviceId[]> } {
  const rig = unitRig(t);
  const market = marketOf(rig.ports);
  const { clock, live, policy, replica, log, meter } = rig.ports;
  const ports = { clock, live, policy, replica, log, meter, store: market.store, market } as unknown as MarketPorts;
  const best = async () => (await market.look(demand, unitNow)).candidates.map(({ device }) => device.id).slice(0, demand.nodes);
  return { rig, ports, best };
}
const write = (ports: MarketPorts, ...rows: readonly DeviceRow[]) => ports.store.commit({ reads: [], writes: rows });

test('what this process commits is found at once, while its device is connected', async (t) => {
  const { ports, best } = marketRig(t);
  const device = deviceOf(1);
  await write(ports, device);
  assert.deepEqual(await best(), []);
  ports.live.opened(device.id, 1, unitNow, null);
  assert.deepEqual(await best(), [device.id]);
  await ports.store.commit({ reads: [{ key: device, version: 1 }], writes: [{ ...device, state: 'draining' } as DeviceRow] });
  assert.deepEqual(await best(), []);
  await ports.store.commit({ reads: [{ key: device, version: 2 }], writes: [device] });
  assert.deepEqual(await best(), [device.id]);
  ports.live.closed(device.id, 1, unitNow);
  assert.deepEqual(await best(), []);
});

test('a commit that was refused teaches nothing', async (t) => {
  const { ports, best } = marketRig(t);
  const device = deviceOf(1);
  await write(ports, device);
  ports.live.opened(device.id, 1, unitNow, null);
  const stale = await ports.store.commit({ reads: [{ key: device, version: 9 }], writes: [{ ...device, state: 'draining' } as DeviceRow] });
  assert.equal(stale.ok, false);
  assert.deepEqual(await best(), [device.id]);
});

test('a row that another replica has changed is noticed by the look at it, and the next best is taken', async (t) => {
  const { rig, ports, best } = marketRig(t);
  const dear = { ...deviceOf(1).prices, coreMicro: '900000' };
  const [first, second, third] = [deviceOf(1), deviceOf(2), deviceOf(3, { prices: dear })] as const;
  await write(ports, first, second, third);
  for (const { id } of [first, second, third]) ports.live.opened(id, 1, unitNow, null);
  assert.deepEqual(await best(), [first.id, second.id]);
  await rig.put({ ...first, state: 'draining' });
  assert.deepEqual(await best(), [second.id, third.id]);
});

test('many of the best at once are gone with another replica: one look gets past them', async (t) => {
  const { rig, ports, best } = marketRig(t);
  const devices = Array.from({ length: 120 }, (_, n) => deviceOf(n));
  for (let at = 0; at < devices.length; at += 100) await write(ports, ...devices.slice(at, at + 100));
  for (const { id } of devices) ports.live.opened(id, 1, unitNow, null);
  await rig.put(...devices.slice(0, 80).map((device): DeviceRow => ({ ...device, state: 'draining' })));
  assert.deepEqual(await best(), [devices[80]?.id, devices[81]?.id]);
});

test('the sweep reads all devices at a start, says when the market is whole, and finds what the others tell of', async (t) => {
  const { rig, ports, best } = marketRig(t);
  const devices = Array.from({ length: marketLimits.pageRows * 2 + 3 }, (_, n) => deviceOf(n));
  for (let at = 0; at < devices.length; at += 100) await rig.put(...devices.slice(at, at + 100));
  await rig.put(deviceOf(9_998, { state: 'removed' }));
  assert.equal(ports.market.isWhole, false);
  const loop = sweepLoop(ports, marketSurvey(ports));
  t.after(() => loop.stop());
  await until('the market is whole', () => ports.market.isWhole);
  assert.equal(ports.market.index.size, devices.length);
  assert.ok(rig.lines.some(({ event, devices: read }) => event === 'market.read' && read === devices.length));

  const late = deviceOf(9_999);
  await rig.put(late);
  ports.live.heard([{ device: late.id, epoch: 1, connected: true, lastSeenAt: unitNow, rttMs: 1 }]);
  assert.deepEqual(await best(), []);
  loop.wake('look');
  await until('the unknown device is found', async () => (await best()).includes(late.id));
  ports.live.heard([]);
  assert.deepEqual(await best(), []);
});
