// The laws of the market index: what plain placement says over all rows, the index says too, also after any churn, in whatever order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Demand, type Gpu, laptopPolicy as policy } from '@iog/protocol';
import { sampleDevice, sampleGpu, sampleId, sampleLease, sampleNow as now } from '../../fleet/sample-device.ts';
import type { Candidate } from '../filters.ts';
import { place } from '../place.ts';
import { deviceNumbers } from './device-numbers.ts';
import { type MarketIndex, marketIndex } from './market-index.ts';
import { relaxGroup } from './relax.ts';

const gpu = fc.record({
  model: fc.constantFrom('NVIDIA H100 80GB HBM3', 'NVIDIA H100 PCIe', 'NVIDIA A10'),
  memoryBytes: fc.constantFrom(8e10, 2.4e10),
  cuda: fc.constantFrom(undefined, '12.4', '12.8'),
});
const random = fc.record({
  n: fc.nat(30),
  state: fc.constantFrom('admitted' as const, 'admitted' as const, 'admitted' as const, 'admitted' as const, 'draining' as const),
  connected: fc.constantFrom(true, true, true, true, true, false),
  rttMs: fc.option(fc.nat(3)),
  region: fc.constantFrom('eu', 'us', 'US'),
  account: fc.integer({ min: 1, max: 4 }),
  cores: fc.integer({ min: 1, max: 8 }),
  memoryBytes: fc.constantFrom(1e9, 1_500_000_001, 6e9, 2 ** 27 * 20),
  gpus: fc.array(gpu, { maxLength: 3 }),
  coreMicro: fc.constantFrom('0', '1', '1', '1', '2', '2', '9000000', '123456789012345678901'),
  memoryGbMicro: fc.constantFrom('0', '0', '7', '7', '999999999'),
  gpuMicro: fc.nat(9).map(String),
  held: fc.nat(3),
  provenMs: fc.constantFrom(0, 1e8),
  leftMs: fc.constantFrom(1_000, 3_600_000),
});
type Random = typeof random extends fc.Arbitrary<infer R> ? R : never;

function candidateOf(one: Random): Candidate {
  const gpus = one.gpus.map(({ model, memoryBytes, cuda }, i): Gpu => ({ ...sampleGpu(i, model), memoryBytes, ...(cuda ? { cuda } : {}) }));
  const cores = Array.from({ length: one.cores }, (_, i) => i);
  const slice = { cores: cores.slice(0, one.held), memoryBytes: 5e8, gpus: gpus.slice(0, one.held % 3).map(({ uuid }) => uuid) };
  const device = sampleDevice(one.n, {
    state: one.state,
    region: one.region,
    account: sampleId('acc', one.account),
    provenMs: one.provenMs,
    units: { cores, memoryBytes: one.memoryBytes, diskBytes: 0, gpus },
    live: one.held > 0 ? [{ lease: sampleLease(99), slice }] : [],
    prices: { coreMicro: one.coreMicro, memoryGbMicro: one.memoryGbMicro, gpuMicro: { default: '4', 'H100 PCIe': one.gpuMicro } },
  });
  const proof = {
    at: now,
    tookMs: 900,
    basis: 'declared',
    threads: one.cores,
    expiresAt: now + policy.cluster.formWithinMs + one.leftMs,
  } as const;
  return { device: { ...device, proof }, connected: one.connected, rttMs: one.rttMs };
}

/** One in six: with all of them at once hardly a demand would get as far as memory and price. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const gpuWant = fc.record(
  { model: fc.constantFrom('h100', 'A10', 'H100 pcie'), count: fc.integer({ min: 1, max: 2 }), memoryBytes: fc.constantFrom(1, 3e10) },
  { requiredKeys: ['count'] },
);
const shape = {
  nodes: fc.integer({ min: 1, max: 4 }),
  coresPerNode: fc.integer({ min: 1, max: 4 }),
  memoryBytesPerNode: fc.constantFrom(5e8, 1e9, 1_500_000_001, 2 ** 27 * 10),
  gpu: fc.option(gpuWant, { nil: undefined }),
};
const demands = fc
  .record({
    ...shape,
    more: seldom(fc.array(fc.record(shape), { minLength: 1, maxLength: 2 })),
    region: seldom(fc.constantFrom('eu', 'Us', 'moon')),
    cuda: seldom(fc.constantFrom('12.4', '12.8')),
    tier: seldom(fc.constantFrom('unmeasured', 'fast')),
    reputationPermille: seldom(fc.constantFrom(0, 900, 950)),
    isolation: seldom(fc.constantFrom('none' as const, 'sandbox' as const)),
    suppliers: seldom(fc.constant([sampleId('acc', 1), sampleId('acc', 3)])),
    withoutSuppliers: seldom(fc.constant([sampleId('acc', 1)])),
    spreadOver: seldom(fc.constant('suppliers' as const)),
    maxMicroPerHour: fc.option(fc.nat(60).map(String), { nil: undefined }),
  })
  .map((demand) => JSON.parse(JSON.stringify({ ...demand, durationMs: 60_000 })) as Demand);

/** Of each device the last that is said. */
const lastOf = (fleet: readonly Candidate[]): Candidate[] => [...new Map(fleet.map((each) => [each.device.id, each])).values()];

function indexOf(fleet: readonly Candidate[]): MarketIndex {
  const index = marketIndex(policy);
  for (const { device, ...live } of fleet) index.put(device, 1, live);
  return index;
}

function assertSame(index: MarketIndex, fleet: readonly Candidate[], demand: Demand, at = now): void {
  const whole = place(fleet, demand, at, policy);
  const found = index.search(demand, at);
  const filters = whole.filters.filter(({ filter }) => filter !== 'price' && filter !== 'nodes');
  assert.deepEqual(
    found.counts.map(({ filter, left }) => [filter, left]),
    filters.map(({ filter, left }) => [filter, left]),
  );
  const price = whole.filters.find(({ filter }) => filter === 'price');
  if (price && price.left > 0) assert.equal(found.affordable, price.left);
  if (found.affordable === 0) assert.equal(whole.nodes, null);
  const chosen = fleet.filter(({ device }) => found.best.includes(device.id));
  if (demand.more === undefined || demand.more.length === 0) assert.deepEqual(place(chosen, demand, at, policy).nodes, whole.nodes);
}

test('counts and group are those of plain placement over the same rows', () => {
  const fleets = fc.array(random.map(candidateOf), { maxLength: 20 }).map(lastOf);
  fc.assert(
    fc.property(fleets, demands, (fleet, demand) => assertSame(indexOf(fleet), fleet, demand)),
    { numRuns: 2_000 },
  );
});

test('after any churn it answers as one that was built anew, whatever the order', () => {
  const said = fc.array(fc.tuple(random.map(candidateOf), fc.constantFrom('put', 'put', 'put', 'live', 'remove')), { maxLength: 60 });
  fc.assert(
    fc.property(said, fc.array(demands, { minLength: 1, maxLength: 3 }), (all, asked) => {
      const index = marketIndex(policy);
      const fleet = new Map<string, Candidate>();
      for (const [candidate, what] of all) {
        const { device, ...live } = candidate;
        const before = fleet.get(device.id);
        if (what === 'put') fleet.set(device.id, candidate);
        else if (what === 'live' && before) fleet.set(device.id, { ...before, ...live });
        else fleet.delete(device.id);
        if (what === 'put') index.put(device, 1, live);
        else if (what === 'live' && before) index.live(device.id, live);
        else index.remove(device.id);
      }
      assert.equal(index.size, fleet.size);
      const rebuilt = indexOf([...fleet.values()].toReversed());
      for (const [i, demand] of asked.entries()) {
        const at = now + i * 1_000;
        assert.deepEqual(index.search(demand, at), rebuilt.search(demand, at));
        assertSame(index, [...fleet.values()], demand, at);
      }
    }),
    { numRuns: 1_000 },
  );
});

const lone = (n: number): Demand => ({
  nodes: 2,
  coresPerNode: 1,
  memoryBytesPerNode: 1e9,
  durationMs: 60_000,
  region: `r${n}`,
  gpu: { model: `Model ${n}`, count: 1 },
});

test('thousands of devices and names: sets are shared, blocks and tables grow, and nothing is lost', () => {
  const fleet = Array.from({ length: 5_000 }, (_, n): Candidate => {
    const units = { cores: [0, 1], memoryBytes: 4e9, diskBytes: 0, gpus: [sampleGpu(1, `Model ${n % 300}`)] };
    return { device: sampleDevice(n, { region: `r${n % 150}`, units }), connected: true, rttMs: n };
  });
  const index = indexOf(fleet);
  for (const n of [0, 64, 149]) assertSame(index, fleet, lone(n));
  for (const { device } of fleet.slice(0, 4_000)) index.remove(device.id);
  for (const n of [0, 64, 149]) assertSame(index, fleet.slice(4_000), lone(n));
});

test('ids keep their order and are found again, whichever were dropped', () => {
  const ids = fc.uniqueArray(fc.nat(100_000), { maxLength: 300 });
  fc.assert(
    fc.property(ids, ids, (taken, dropped) => {
      const numbers = deviceNumbers();
      for (const n of taken) assert.equal(numbers.idOf(numbers.take(sampleId('dev', n))), sampleId('dev', n));
      for (const n of dropped) assert.equal(numbers.drop(sampleId('dev', n)) === undefined, !taken.includes(n));
      const left = taken.filter((n) => !dropped.includes(n));
      assert.deepEqual([numbers.count, left.every((n) => numbers.find(sampleId('dev', n)) !== undefined)], [left.length, true]);
      const at = left.map((n) => numbers.find(sampleId('dev', n)) as number).toSorted(numbers.compare);
      assert.deepEqual(at.map(numbers.idOf), left.map((n) => sampleId('dev', n)).toSorted());
    }),
    { numRuns: 200 },
  );
});

const units = (cores: number, gpus: readonly string[]) => ({
  cores: Array.from({ length: cores }, (_, i) => i),
  memoryBytes: 4e9,
  diskBytes: 0,
  gpus: gpus.map((model, i) => sampleGpu(i, model)),
});
const market = [
  { region: 'eu-west', units: units(8, ['NVIDIA H100 80GB HBM3']) },
  { region: 'eu-west', units: units(4, ['NVIDIA H100 80GB HBM3']) },
  { region: 'us-east', units: units(16, ['NVIDIA A10', 'NVIDIA A10']) },
].map((changes, n): Candidate => ({ device: sampleDevice(n, changes), connected: true, rttMs: 1 }));
const relaxed: readonly (readonly [what: Partial<Demand>, ...told: readonly [filter: string, wouldMatch: number, suggestion: string][]])[] =
  [
    [{ region: 'eu-wset' }, ['region', 2, 'did you mean the region eu-west?']],
    [{ region: 'moon' }, ['region', 3, 'in any region']],
    [{ region: 'eu-west', coresPerNode: 16 }, ['region', 1, 'in any region'], ['cores', 1, 'with 8 instead of 16 cores a node']],
    [{ nodes: 2, region: 'EU-WEST', coresPerNode: 16 }, ['region', 1, 'in any region'], ['cores', 2, 'with 4 instead of 16 cores a node']],
    [{ memoryBytesPerNode: 64e9 }, ['memory', 3, 'with 4 GB instead of 64 GB of memory a node']],
    [{ gpu: { model: 'a10', count: 4 } }, ['gpu', 1, 'with 2 instead of 4 GPUs a node']],
    [{ gpu: { model: 'nvidia a01', count: 1 } }, ['gpu', 1, 'did you mean the GPU NVIDIA A10?']],
    [{ gpu: { model: 'MI300', count: 1 } }, ['gpu', 3, 'with GPUs of any model']],
    [{ region: 'us-east', gpu: { model: 'H100', count: 1 } }, ['region', 2, 'in any region'], ['gpu', 1, 'with GPUs of any model']],
    [{ region: 'moon', coresPerNode: 99 }],
  ];
for (const [what, ...told] of relaxed) {
  test(`what would match instead of ${JSON.stringify(what)}`, () => {
    const demand: Demand = { nodes: 1, coresPerNode: 1, memoryBytesPerNode: 1e9, durationMs: 60_000, ...what };
    const index = indexOf(market);
    const found = index.search(demand, now);
    assert.equal(found.affordable, 0);
    assert.deepEqual(
      index.relax(demand, found, now).map(({ filter, wouldMatch, suggestion }) => [filter, wouldMatch, suggestion]),
      told,
    );
  });
}

test('too dear, or too few: the price and the number of nodes that these devices allow', () => {
  const demand: Demand = { nodes: 2, coresPerNode: 4, memoryBytesPerNode: 1e9, durationMs: 60_000, region: 'eu-west' };
  const candidates = market.slice(0, 2);
  const told = (changes: Partial<Demand>) => {
    const asked = { ...demand, ...changes };
    const emptiedBy = place(candidates, asked, now, policy).emptiedBy ?? { filter: 'none', left: 0, detail: '' };
    return relaxGroup(candidates, asked, emptiedBy, now, policy).map(({ filter, suggestion }) => `${filter}: ${suggestion}`);
  };
  const whole = place(candidates, demand, now, policy).rateMicroPerHour;
  const dear = told({ maxMicroPerHour: String(whole - 1n) });
  assert.match(dear.join(), /^price: at [0-9.]+ TUSD an hour for all 2 nodes$/);
  assert.deepEqual(told({ nodes: 9 }), ['nodes: with 3 instead of 9 nodes']);
});
