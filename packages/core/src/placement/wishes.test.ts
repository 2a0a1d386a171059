// What a renter may ask for beyond the size of nodes: each filter, and groups of several shapes, with their laws.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Demand, type Gpu, laptopPolicy as policy } from '@iog/protocol';
import { sampleDevice, sampleGpu, sampleId, sampleLease, sampleNow as now } from '../fleet/sample-device.ts';
import { takeSlice } from '../fleet/units.ts';
import { nodesOf, shapesOf } from '../market/demand.ts';
import type { Candidate } from './filters.ts';
import { place } from './place.ts';
import { hasCuda, isWanted } from './wanted-gpu.ts';

const small: Demand = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1_000_000_000, durationMs: 60_000 };
const gpu = (n: number, changes: Partial<Gpu> = {}): Gpu => ({ ...sampleGpu(n), ...changes });
const device = (n: number, changes: Parameters<typeof sampleDevice>[1] = {}): Candidate => ({
  device: sampleDevice(n, changes),
  connected: true,
  rttMs: n,
});
const withGpus = (n: number, gpus: readonly Gpu[], cores = [0, 1]) =>
  device(n, { units: { cores, memoryBytes: 4e9, diskBytes: 0, gpus: [...gpus] } });
const [ours, theirs] = [sampleId('acc', 1), sampleId('acc', 2)];

test('each wish is a filter of its own, in one order, that says what it left', () => {
  const fleet = [device(1, { provenMs: 1e9 }), device(2, { account: theirs }), withGpus(3, [gpu(1, { cuda: '12.4' })])];
  const asked: Demand = {
    ...small,
    region: 'LOCAL',
    tier: 'Unmeasured',
    reputationPermille: 800,
    isolation: 'none',
    suppliers: [ours],
    gpu: { count: 1 },
    cuda: '12.0',
  };
  const { nodes, filters } = place(fleet, asked, now, policy);
  assert.deepEqual(
    filters.map(({ filter, left }) => `${filter} ${left}`),
    'connected 3,admitted 3,region 3,tier 3,reputation 3,isolation 3,suppliers 2,gpu 1,cuda 1,cores 1,memory 1,price 1,nodes 1'.split(','),
  );
  assert.equal(nodes?.[0]?.device.name, 'worker-3');
  for (const [filter, wish] of [
    ['tier', { tier: 'high' }],
    ['reputation', { reputationPermille: 999 }],
    ['isolation', { isolation: 'container' }],
    ['suppliers', { suppliers: [sampleId('acc', 9)] }],
    ['suppliers', { withoutSuppliers: [ours, theirs] }],
    ['gpu', { gpu: { count: 1, memoryBytes: 81e9 } }],
    ['gpu', { gpu: { count: 2 } }],
    ['cuda', { gpu: { count: 1 }, cuda: '12.8' }],
    ['nodes', { nodes: 3, spreadOver: 'suppliers' }],
  ] as const) {
    assert.equal(place(fleet, { ...small, ...wish } as Demand, now, policy).emptiedBy?.filter, filter);
  }
});

const has = (cuda: string | undefined, least: string) => hasCuda(gpu(1, cuda === undefined ? {} : { cuda }), least);

test('a version is compared by its numbers, and a driver that says none has none', () => {
  assert.deepEqual([has('12.10', '12.8'), has('13.0', '12.8'), has('12.8', '12.8')], [true, true, true]);
  assert.deepEqual([has('12.8', '12.10'), has('9.2', '12.0'), has(undefined, '1.0')], [false, false, false]);
});

test('of GPUs that fit, the cheapest come first, then the smallest', () => {
  const gpus = [gpu(1, { memoryBytes: 80e9 }), gpu(2, { memoryBytes: 24e9 }), gpu(3, { memoryBytes: 16e9 })];
  const { nodes } = place([withGpus(1, gpus)], { ...small, gpu: { count: 1, memoryBytes: 24e9 } }, now, policy);
  assert.deepEqual(nodes?.[0]?.slice.gpus, ['GPU-2']);
});

test('a head without a GPU does not take the place that a group with GPUs needs, and comes first', () => {
  const cheapGpu = device(1, {
    units: { cores: [0], memoryBytes: 2e9, diskBytes: 0, gpus: [gpu(1)] },
    prices: { coreMicro: '1', memoryGbMicro: '0', gpuMicro: { default: '1' } },
  });
  const mixed: Demand = { ...small, more: [{ nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1e9, gpu: { model: 'h100', count: 1 } }] };
  const { nodes } = place([cheapGpu, device(2)], mixed, now, policy);
  assert.deepEqual(
    nodes?.map((node) => [node.device.name, node.slice.gpus.length]),
    [
      ['worker-2', 0],
      ['worker-1', 1],
    ],
  );
  const without = place([device(2)], mixed, now, policy);
  assert.deepEqual([without.emptiedBy?.filter, without.emptiedBy?.detail], ['gpu', 'group 2 of 2: 1 free h100 a node']);
});

test('nodes of several groups share a device where they must', () => {
  const mixed: Demand = { ...small, more: [{ nodes: 1, coresPerNode: 3, memoryBytesPerNode: 1e9 }] };
  const big = device(1, { units: { cores: [4, 5, 6, 7], memoryBytes: 2e9, diskBytes: 0, gpus: [] } });
  assert.deepEqual(
    place([big], mixed, now, policy).nodes?.map(({ slice }) => slice.cores),
    [[7], [4, 5, 6]],
  );
});

const fleets = fc
  .array(
    fc.record({
      account: fc.constantFrom(ours, theirs, sampleId('acc', 3)),
      cores: fc.integer({ min: 1, max: 4 }),
      memoryGb: fc.integer({ min: 1, max: 4 }),
      gpus: fc.array(fc.record({ memoryBytes: fc.constantFrom(24e9, 80e9), cuda: fc.constantFrom('12.2', '12.8') }), { maxLength: 2 }),
      coreMicro: fc.nat(3).map(String),
      gpuMicro: fc.nat(9).map(String),
    }),
    { maxLength: 4 },
  )
  .map((all) =>
    all.map((one, n) =>
      device(n, {
        account: one.account,
        units: {
          cores: Array.from({ length: one.cores }, (_, i) => i),
          memoryBytes: one.memoryGb * 1e9,
          diskBytes: 0,
          gpus: one.gpus.map((each, i) => gpu(i, each)),
        },
        prices: { coreMicro: one.coreMicro, memoryGbMicro: '1', gpuMicro: { default: one.gpuMicro } },
      }),
    ),
  );
const shapes = fc.record(
  {
    nodes: fc.integer({ min: 1, max: 2 }),
    coresPerNode: fc.integer({ min: 1, max: 3 }),
    memoryBytesPerNode: fc.constantFrom(1e9, 2e9),
    gpu: fc.record({ count: fc.constant(1), memoryBytes: fc.constantFrom(16e9, 40e9) }),
  },
  { requiredKeys: ['nodes', 'coresPerNode', 'memoryBytesPerNode'] },
);
const demands = fc
  .tuple(shapes, fc.array(shapes, { maxLength: 2 }), fc.boolean(), fc.option(fc.nat(40)), fc.boolean())
  .map(([first, more, isSpread, maxMicro, isNew]): Demand => ({
    ...first,
    durationMs: 60_000,
    ...(more.length > 0 ? { more } : {}),
    ...(isSpread ? { spreadOver: 'suppliers' } : {}),
    ...(maxMicro === null ? {} : { maxMicroPerHour: String(maxMicro) }),
    ...(isNew && [first, ...more].some((shape) => shape.gpu) ? { cuda: '12.5' } : {}),
  }));

test('law: each node has the shape of its group, no unit is given twice, suppliers are apart, and all of it is within the price', () => {
  fc.assert(
    fc.property(fleets, demands, (fleet, wanted) => {
      const placement = place(fleet, wanted, now, policy);
      assert.deepEqual(place(fleet.toReversed(), wanted, now, policy), placement);
      assert.equal(placement.emptiedBy, placement.filters.find(({ left }) => left === 0) ?? null);
      assert.ok(placement.filters.every(({ left }, i) => left <= (placement.filters[i - 1]?.left ?? fleet.length)));
      if (placement.nodes === null) return;
      assert.equal(placement.nodes.length, nodesOf(wanted));
      assert.ok(wanted.maxMicroPerHour === undefined || placement.rateMicroPerHour <= BigInt(wanted.maxMicroPerHour));
      const suppliers = placement.nodes.map((node) => node.device.account);
      if (wanted.spreadOver) assert.equal(new Set(suppliers).size, suppliers.length);
      const rows = new Map(fleet.map((one) => [one.device.id, one.device]));
      const asked = shapesOf(wanted).flatMap((shape) => Array.from({ length: shape.nodes }, () => shape));
      for (const [i, { device: at, slice }] of placement.nodes.entries()) {
        const shape = asked[i]!;
        assert.deepEqual([slice.cores.length, slice.memoryBytes], [shape.coresPerNode, shape.memoryBytesPerNode]);
        const gpus = at.units.gpus.filter(({ uuid }) => slice.gpus.includes(uuid));
        assert.ok(gpus.length === (shape.gpu?.count ?? 0) && gpus.every((one) => isWanted(shape.gpu, one) && hasCuda(one, wanted.cuda)));
        const taken = takeSlice(rows.get(at.id)!, sampleLease(i), slice);
        assert.ok(taken.ok);
        rows.set(at.id, taken.value);
      }
    }),
    { numRuns: 1_000 },
  );
});

test('law: on a fleet of some devices, what fits within the price is found, whatever the groups', () => {
  let found = 0;
  fc.assert(
    fc.property(fleets, demands, (fleet, wanted) => {
      const { nodes } = place(fleet, wanted, now, policy);
      found += nodes === null ? 0 : 1;
      assert.equal(nodes !== null, couldFit(fleet, wanted));
    }),
    { numRuns: 1_500 },
  );
  assert.ok(found > 100);
});

/** Tries every device and every GPU for every node, the plain way. */
function couldFit(fleet: readonly Candidate[], wanted: Demand): boolean {
  const asked = shapesOf(wanted).flatMap((shape) => Array.from({ length: shape.nodes }, () => shape));
  const rooms = fleet.map((one) => ({
    prices: one.device.prices,
    account: one.device.account as string,
    cores: one.device.units.cores.length,
    memoryBytes: one.device.units.memoryBytes,
    gpus: one.device.units.gpus,
  }));
  const lay = (i: number, spent: bigint, suppliers: readonly string[]): boolean => {
    if (wanted.maxMicroPerHour !== undefined && spent > BigInt(wanted.maxMicroPerHour)) return false;
    const shape = asked[i];
    if (!shape) return true;
    return rooms.some((room, at) => {
      const { coresPerNode, memoryBytesPerNode } = shape;
      if (room.cores < coresPerNode || room.memoryBytes < memoryBytesPerNode) return false;
      if (wanted.spreadOver && suppliers.includes(room.account)) return false;
      const fits = room.gpus.filter((one) => isWanted(shape.gpu, one) && hasCuda(one, wanted.cuda));
      const choices = shape.gpu ? fits : [undefined];
      return choices.some((chosen) => {
        const left = { ...room, cores: room.cores - coresPerNode, memoryBytes: room.memoryBytes - memoryBytesPerNode };
        rooms[at] = { ...left, gpus: room.gpus.filter((one) => one !== chosen) };
        const { coreMicro, gpuMicro } = room.prices;
        const costs =
          BigInt(coreMicro) * BigInt(coresPerNode) + BigInt(memoryBytesPerNode / 1e9) + (chosen ? BigInt(gpuMicro['default'] ?? '0') : 0n);
        const done = lay(i + 1, spent + costs, [...suppliers, room.account]);
        rooms[at] = room;
        return done;
      });
    });
  };
  return lay(0, 0n, []);
}
