// Placement: which filter empties it, and its laws over random fleets.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Demand, laptopPolicy as policy } from '@iog/protocol';
import { admissible } from '../fleet/capacity.ts';
import { isModel } from '../fleet/gpu-model.ts';
import { sampleDevice, sampleGpu, sampleId, sampleLease, sampleNow as now } from '../fleet/sample-device.ts';
import { takeSlice } from '../fleet/units.ts';
import type { Candidate } from './filters.ts';
import { place, placeReplacement } from './place.ts';

const demand: Demand = { nodes: 2, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 60_000 };
const candidate = (n: number, changes: Parameters<typeof sampleDevice>[1] = {}, connected = true, rttMs: number | null = n): Candidate => ({
  device: sampleDevice(n, changes),
  connected,
  rttMs,
});
const two = [candidate(1), candidate(2)];
const devicesOf = (fleet: readonly Candidate[], wanted = demand) =>
  place(fleet, wanted, now, policy).nodes?.map(({ device }) => device.name);
const priced = (coreMicro: string) => ({ prices: { coreMicro, memoryGbMicro: '0', gpuMicro: { default: '1' } } });

const emptied: readonly (readonly [string, readonly Candidate[], Partial<Demand>])[] = [
  ['connected', [], {}],
  ['connected', [candidate(1, {}, false)], {}],
  ['admitted', [candidate(1, { proof: null }), candidate(2, { state: 'draining' })], {}],
  ['region', two, { region: 'eu' }],
  ['gpu', two, { gpu: { model: 'H100', count: 1 } }],
  ['cores', two, { coresPerNode: 3 }],
  ['memory', two, { memoryBytesPerNode: 4_000_000_001 }],
  ['price', two, { maxMicroPerHour: '129999' }],
  ['nodes', two, { nodes: 5 }],
];
for (const [filter, fleet, changes] of emptied) {
  test(`${filter} is named when it leaves nothing (${JSON.stringify(changes)}, ${fleet.length} devices)`, () => {
    const placement = place(fleet, { ...demand, ...changes }, now, policy);
    assert.equal(placement.nodes, null);
    assert.equal(placement.emptiedBy?.filter, filter);
    assert.equal(placement.filters.at(-1), placement.emptiedBy);
    assert.ok(placement.filters.slice(0, -1).every(({ left }) => left > 0));
  });
}

test('each node has a device of its own, unless devices are too few or that is too dear', () => {
  assert.deepEqual(devicesOf([candidate(1, priced('1')), candidate(2, priced('9'))]), ['worker-1', 'worker-2']);
  assert.deepEqual(devicesOf([candidate(1)]), ['worker-1', 'worker-1']);
  assert.deepEqual(devicesOf([candidate(1, priced('1')), candidate(2, priced('9'))], { ...demand, maxMicroPerHour: '5' }), [
    'worker-1',
    'worker-1',
  ]);
  const one = place([candidate(1)], demand, now, policy);
  assert.deepEqual(
    one.nodes?.map(({ slice }) => slice.cores),
    [[0], [1]],
  );
});

test('price, then reputation, then round trip, then id', () => {
  const wanted = { ...demand, nodes: 1 };
  const proven = { provenMs: 1e9 };
  assert.deepEqual(devicesOf([candidate(1, proven), candidate(2, priced('1'))], wanted), ['worker-2']);
  assert.deepEqual(devicesOf([candidate(1), candidate(2, proven)], wanted), ['worker-2']);
  assert.deepEqual(devicesOf([candidate(1, {}, true, null), candidate(2, {}, true, 90)], wanted), ['worker-2']);
  assert.deepEqual(devicesOf([candidate(2, {}, true, 5), candidate(1, {}, true, 5)], wanted), ['worker-1']);
});

const latency = (fleet: readonly Candidate[], nodes: number) => place(fleet, { ...demand, nodes }, now, policy).latencyUpToMs;

test('latency between nodes is at most the two longest round trips, unknown if one is', () => {
  const fleet = [candidate(1, {}, true, 1.5), candidate(2, {}, true, 30), candidate(3, {}, true, 20)];
  assert.equal(latency(fleet, 3), 50);
  assert.equal(latency([candidate(1, {}, true, 1.5), candidate(2, {}, true, 1)], 2), 3);
  assert.equal(latency([candidate(1), candidate(2, {}, true, null)], 2), null);
  assert.equal(latency([candidate(1, {}, true, null)], 2), 0);
});

test('a replacement is one node of its group, at no more than its rate, and of another supplier where that was asked', () => {
  const [first, second] = [candidate(1), candidate(2, { account: sampleId('acc', 7) })];
  const terms = { group: 0, maxRateMicro: 65_000n, suppliers: [first.device.account], now, policy };
  const on = (wanted: Demand, changes: Partial<typeof terms> = {}) =>
    placeReplacement([first, second], wanted, { ...terms, ...changes }).nodes?.map(({ device }) => device.name);
  assert.deepEqual(on(demand), ['worker-1']);
  assert.deepEqual(on({ ...demand, spreadOver: 'suppliers' }), ['worker-2']);
  assert.equal(placeReplacement([first, second], demand, { ...terms, maxRateMicro: 64_999n }).emptiedBy?.filter, 'price');
  const mixed: Demand = { ...demand, more: [{ nodes: 1, coresPerNode: 2, memoryBytesPerNode: 1_000_000_000 }] };
  const slices = placeReplacement([first], mixed, { ...terms, group: 1, maxRateMicro: 125_000n }).nodes?.map(({ slice }) => slice.cores);
  assert.deepEqual(slices, [[0, 1]]);
  assert.equal(on(mixed, { group: 1 }), undefined);
});

const model = fc.constantFrom('NVIDIA H100 80GB HBM3', 'NVIDIA H100 PCIe', 'NVIDIA A10');
const random = fc.record({
  state: fc.constantFrom('admitted' as const, 'admitted' as const, 'admitted' as const, 'draining' as const),
  connected: fc.constantFrom(true, true, true, false),
  rttMs: fc.option(fc.nat(100)),
  region: fc.constantFrom('eu', 'us'),
  cores: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 8 }),
  memoryGb: fc.integer({ min: 1, max: 6 }),
  gpus: fc.array(model, { maxLength: 4 }),
  coreMicro: fc.nat(3).map(String),
  pcieMicro: fc.nat(9).map(String),
  held: fc.nat(8),
  provenMs: fc.constantFrom(0, 1e8),
});
const fleets = fc.array(random, { maxLength: 6 }).map((all) =>
  all.map((one, n): Candidate => {
    const units = { cores: one.cores, memoryBytes: one.memoryGb * 1e9, diskBytes: 0, gpus: one.gpus.map((name, i) => sampleGpu(i, name)) };
    const slice = {
      cores: one.cores.slice(0, one.held),
      memoryBytes: 5e8,
      gpus: units.gpus.slice(0, one.held % 3).map(({ uuid }) => uuid),
    };
    const live = one.held > 0 ? [{ lease: sampleLease(99), slice }] : [];
    const prices = { coreMicro: one.coreMicro, memoryGbMicro: '1', gpuMicro: { default: '4', 'H100 PCIe': one.pcieMicro } };
    const changes = { state: one.state, region: one.region, provenMs: one.provenMs, units, live, prices };
    return candidate(n, changes, one.connected, one.rttMs);
  }),
);
const demands = fc
  .record({
    nodes: fc.integer({ min: 1, max: 4 }),
    coresPerNode: fc.integer({ min: 1, max: 4 }),
    memoryBytesPerNode: fc.constantFrom(1e9, 2e9),
    region: fc.option(fc.constantFrom('eu', 'US'), { nil: undefined }),
    gpu: fc.option(fc.record({ model: fc.constantFrom('h100', 'A10'), count: fc.integer({ min: 1, max: 2 }) }), { nil: undefined }),
    maxMicroPerHour: fc.option(fc.nat(60).map(String), { nil: undefined }),
  })
  .map(({ region, gpu, maxMicroPerHour, ...rest }): Demand => ({
    ...rest,
    durationMs: 60_000,
    ...(region === undefined ? {} : { region }),
    ...(gpu === undefined ? {} : { gpu }),
    ...(maxMicroPerHour === undefined ? {} : { maxMicroPerHour }),
  }));

test('what is placed passed every filter, can all be taken together, and is within the price', () => {
  fc.assert(
    fc.property(fleets, demands, (fleet, wanted) => {
      const placement = place(fleet, wanted, now, policy);
      assert.equal(placement.nodes === null, placement.emptiedBy !== null);
      assert.equal(placement.emptiedBy, placement.filters.find(({ left }) => left === 0) ?? null);
      assert.ok(placement.filters.every(({ left }, i) => left <= (placement.filters[i - 1]?.left ?? fleet.length)));
      if (placement.nodes === null) return;
      assert.equal(placement.nodes.length, wanted.nodes);
      if (wanted.maxMicroPerHour !== undefined) assert.ok(placement.rateMicroPerHour <= BigInt(wanted.maxMicroPerHour));
      const devices = new Map(fleet.map(({ device }) => [device.id, device]));
      for (const [
        i,
        {
          device: { id },
          slice,
        },
      ] of placement.nodes.entries()) {
        const device = devices.get(id);
        assert.ok(device && admissible(device, now, policy) && fleet.some((one) => one.device.id === id && one.connected));
        assert.equal(device.region, wanted.region?.toLowerCase() ?? device.region);
        const models = device.units.gpus.filter(({ uuid }) => slice.gpus.includes(uuid)).map((gpu) => gpu.model);
        assert.ok(models.length === (wanted.gpu?.count ?? 0) && models.every((name) => isModel(wanted.gpu?.model ?? '', name)));
        assert.deepEqual([slice.cores.length, slice.memoryBytes], [wanted.coresPerNode, wanted.memoryBytesPerNode]);
        const taken = takeSlice(device, sampleLease(i), slice);
        assert.ok(taken.ok);
        devices.set(id, taken.value);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('the order of the devices does not matter', () => {
  const shuffled = fleets.chain((fleet) => fc.tuple(fc.constant(fleet), fc.shuffledSubarray([...fleet], { minLength: fleet.length })));
  fc.assert(
    fc.property(shuffled, demands, ([fleet, other], wanted) => {
      assert.deepEqual(place(other, wanted, now, policy), place(fleet, wanted, now, policy));
    }),
    { numRuns: 500 },
  );
});

test('a cheapest group is found whenever one is within the price', () => {
  fc.assert(
    fc.property(fleets, demands, (fleet, { nodes, coresPerNode, memoryBytesPerNode, durationMs }) => {
      const wanted: Demand = { nodes, coresPerNode, memoryBytesPerNode, durationMs };
      const cheap = place(fleet, { ...wanted, maxMicroPerHour: '1000000' }, now, policy);
      const unbounded = place(fleet, wanted, now, policy);
      assert.deepEqual(cheap.nodes, unbounded.nodes);
      if (unbounded.nodes === null) return;
      const bounded = place(fleet, { ...wanted, maxMicroPerHour: String(unbounded.rateMicroPerHour) }, now, policy);
      assert.deepEqual(bounded.nodes, unbounded.nodes);
    }),
  );
});
