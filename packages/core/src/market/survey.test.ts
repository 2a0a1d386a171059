// A survey counts what is free and rented by class and region, and its spreads are prices that are really asked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laptopPolicy, type LeaseId } from '@iog/protocol';
import { sampleDevice, sampleNow } from '../fleet/sample-device.ts';
import { survey } from './survey.ts';

const gpus = [{ uuid: 'GPU-1', model: 'NVIDIA L4', memoryBytes: 24_000_000_000 }];
const units = { cores: [0, 1, 2, 3], memoryBytes: 8_000_000_000, diskBytes: 0, gpus };
const prices = (coreMicro: string) => ({ coreMicro, memoryGbMicro: '10', gpuMicro: { default: '7' } });

test('devices, free and rented units and prices by class and region', () => {
  const found = survey();
  const slice = { cores: [0], memoryBytes: 2_000_000_000, gpus: ['GPU-1'] };
  const live = [{ lease: 'lea_1' as LeaseId, slice }];
  const add = (n: number, region: string, core: string, isRented: boolean, connected = true): void =>
    found.add(sampleDevice(n, { units, region, prices: prices(core), ...(isRented ? { live } : {}) }), connected, sampleNow, laptopPolicy);
  add(1, 'a', '100', false);
  add(2, 'a', '300', true);
  add(3, 'b', '200', false);
  add(4, 'b', '900', false, false);
  const of = (name: string, region: string) => found.lines(sampleNow).find((line) => line.class === name && line.region === region);
  assert.deepEqual(of('core', 'a'), {
    class: 'core',
    region: 'a',
    at: sampleNow,
    devices: 2,
    free: 7,
    rented: 1,
    offered: { minMicro: '100', medianMicro: '100', maxMicro: '300' },
    rentedAt: { minMicro: '300', medianMicro: '300', maxMicro: '300' },
  });
  assert.equal(of('NVIDIA L4', 'a')?.free, 1);
  assert.equal(of('NVIDIA L4', 'a')?.rented, 1);
  assert.equal(of('memory', 'a')?.free, 14);
  assert.equal(of('core', 'b')?.devices, 1);
  const cores = found.classes(sampleNow).find((line) => line.class === 'core')?.sample;
  assert.deepEqual([cores?.devices, cores?.free, cores?.offered?.medianMicro], [3, 11, '200']);
});

test('however many regions and prices, it stays small', () => {
  const found = survey();
  for (let n = 1; n <= 6_000; n++)
    found.add(sampleDevice(n, { units, region: `r${n}`, prices: prices(String(1_000_000 + n)) }), true, sampleNow, laptopPolicy);
  const lines = found.lines(sampleNow);
  assert.ok(lines.length <= 5_001);
  const free = lines.filter((line) => line.class === 'core' || line.class === 'other').reduce((sum, line) => sum + line.free, 0);
  assert.ok(free >= 6_000 * 4, 'nothing is left out');
});
