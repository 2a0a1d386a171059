// A market of invented devices for the benches: the same for the same number, with regions, suppliers, GPUs and prices as a real one has.
import type { DeviceRow } from '@iog/core';
import { type DeviceId, type Gpu, type Prices, laptopPolicy, makeId } from '@iog/protocol';
import { sampleDevice } from '../../packages/core/src/fleet/sample-device.ts';

export const fleetRegions = Array.from(
  { length: 24 },
  (_, i) => `${['eu', 'us', 'ap', 'sa'][i % 4] ?? ''}-${['north', 'west', 'south'][i % 3] ?? ''}-${1 + (i % 2)}${i < 12 ? 'a' : 'b'}`,
);
export const fleetModels = [
  ['NVIDIA H100 80GB HBM3', 80, 1_990_000],
  ['NVIDIA H200', 141, 2_600_000],
  ['NVIDIA B200', 192, 4_100_000],
  ['NVIDIA A100-SXM4-80GB', 80, 1_290_000],
  ['NVIDIA A100-SXM4-40GB', 40, 990_000],
  ['NVIDIA L40S', 48, 790_000],
  ['NVIDIA L4', 24, 390_000],
  ['NVIDIA A10', 24, 340_000],
  ['NVIDIA GeForce RTX 5090', 32, 490_000],
  ['NVIDIA GeForce RTX 4090', 24, 340_000],
  ['NVIDIA GeForce RTX 3090', 24, 190_000],
  ['Tesla V100-SXM2-32GB', 32, 240_000],
] as const;

/** Chance of its own for each number: what was drawn before does not matter. */
export function chanceOf(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e37_79b1);
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const devicesOfSupplier = 20;
const idBytes = (n: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? 0 : Math.floor(n / 32 ** (15 - i))) % 32);

export function fleetId(n: number): DeviceId {
  return makeId('dev', 1_700_000_000_000, idBytes(n));
}

/** `life`: another one is the same machine at another time, with other units taken and other prices. `now`: its proof is fresh then. */
export function fleetDevice(n: number, now: number, life = 0): DeviceRow {
  const own = chanceOf(n * 31 + life * 7_919);
  const supplier = Math.floor(n / devicesOfSupplier);
  const coreCount = [4, 8, 16, 32, 64, 96, 128][Math.floor(own() * 7)] ?? 4;
  const units = {
    cores: Array.from({ length: coreCount }, (_, i) => i),
    memoryBytes: coreCount * (own() < 0.5 ? 4 : 8) * 2 ** 30 - Math.floor(own() * 2 ** 30),
    diskBytes: 1_000_000_000_000,
    gpus: gpusOf(own),
  };
  const taken = own() < 0.3 ? Math.floor(coreCount / 2) : 0;
  const slice = {
    cores: units.cores.slice(0, taken),
    memoryBytes: Math.floor(units.memoryBytes / 2),
    gpus: units.gpus.slice(0, units.gpus.length >> 1).map(({ uuid }) => uuid),
  };
  const proof = { at: now, expiresAt: now + laptopPolicy.capacity.validMs, threads: coreCount, tookMs: 900, basis: 'declared' } as const;
  return {
    ...sampleDevice(1),
    id: fleetId(n),
    account: makeId('acc', 1_700_000_000_000, idBytes(supplier)),
    name: `host-${n}`,
    publicKey: String(n).padStart(43, 'k'),
    host: `host-${n}`,
    region: fleetRegions[Math.floor(chanceOf(supplier)() ** 2 * fleetRegions.length)] ?? 'eu',
    units,
    prices: pricesOf(supplier, life, units.gpus[0]?.model),
    proof,
    live: taken > 0 ? [{ lease: makeId('lea', 1_700_000_000_000, idBytes(n)), slice }] : [],
    provenMs: Math.floor(own() * 4) * 36_000_000,
  };
}

export function fleetRtt(n: number): number {
  return 1 + ((Math.imul(n, 0x9e37_79b1) >>> 16) % 180);
}

function gpusOf(own: () => number): readonly Gpu[] & Gpu[] {
  if (own() < 0.5) return [];
  const [model, memoryGb] = fleetModels[Math.floor(own() * fleetModels.length)] ?? fleetModels[0];
  const count = [1, 1, 2, 4, 8, 8][Math.floor(own() * 6)] ?? 1;
  return Array.from({ length: count }, (_, i) => ({ uuid: `GPU-${i}`, model, memoryBytes: memoryGb * 1_000_000_000, cuda: '12.8' }));
}

/** Each supplier has a level of its own, in steps of two in a hundred. */
function pricesOf(supplier: number, life: number, model: string | undefined): Prices {
  const level = 80 + Math.floor(chanceOf(supplier * 13 + life)() * 20) * 2;
  const at = (micro: number): string => String(Math.round((micro * level) / 100 / 1_000) * 1_000);
  const known = fleetModels.find(([name]) => name === model);
  return {
    coreMicro: at(12_000),
    memoryGbMicro: at(2_000),
    gpuMicro: { default: at(500_000), ...(known ? { [known[0]]: at(known[2]) } : {}) },
  };
}
