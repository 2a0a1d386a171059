// A survey of the market: by class of unit and region, how many devices, free and rented units, and the spread of prices by the unit. Bounded.
import type { Instant, MarketLine, Policy, PriceSample, Prices } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { admissible } from '../fleet/capacity.ts';
import { freeSlice } from '../fleet/device-view.ts';
import { gpuPriceMicro } from '../fleet/gpu-model.ts';

/** Beyond so many, a class and region are counted under `other`. */
const mostLines = 5_000;
/** Beyond so many different prices of one line, a further one counts as the price below it with two digits. */
const mostPrices = 1_000;
const elsewhere = 'other';

export interface Survey {
  add(device: DeviceRow, connected: boolean, now: Instant, policy: Policy): void;
  /** By class, then region. */
  lines(at: Instant): MarketLine[];
  /** The same over all regions. */
  classes(at: Instant): { readonly class: string; readonly sample: PriceSample }[];
}

export function survey(): Survey {
  const tallies = new Map<string, Tally>();
  const tallyOf = (name: string, region: string): Tally => {
    const key = `${name}\n${region}`;
    const known = tallies.get(key);
    if (known) return known;
    if (tallies.size >= mostLines && (name !== elsewhere || region !== elsewhere)) return tallyOf(elsewhere, elsewhere);
    const tally = newTally(name, region);
    tallies.set(key, tally);
    return tally;
  };
  return {
    add(device, connected, now, policy) {
      const free = connected && admissible(device, now, policy) ? freeSlice(device) : null;
      const rented = device.live.map(({ slice }) => slice);
      const units = unitsOf(
        device,
        [free].filter((slice) => slice !== null),
      );
      const taken = unitsOf(device, rented);
      for (const [name, priceMicro] of classesOf(device)) {
        const [freeUnits, rentedUnits] = [units.get(name) ?? 0, taken.get(name) ?? 0];
        if (freeUnits + rentedUnits === 0) continue;
        const tally = tallyOf(name, device.region);
        tally.devices += 1;
        tally.free += freeUnits;
        tally.rented += rentedUnits;
        count(tally.offered, priceMicro, freeUnits);
        count(tally.rentedAt, priceMicro, rentedUnits);
      }
    },
    lines: (at) =>
      [...tallies.values()]
        .map((tally) => ({ class: tally.name, region: tally.region, ...sampleOf(tally, at) }))
        .toSorted((a, b) => compare(a.class, b.class) || compare(a.region, b.region)),
    classes: (at) =>
      [...Map.groupBy(tallies.values(), ({ name }) => name)].map(([name, ofClass]) => ({
        class: name,
        sample: sampleOf(merged(name, ofClass), at),
      })),
  };
}

interface Tally {
  readonly name: string;
  readonly region: string;
  devices: number;
  free: number;
  rented: number;
  /** Units by their price. */
  readonly offered: Map<bigint, number>;
  readonly rentedAt: Map<bigint, number>;
}

function newTally(name: string, region: string): Tally {
  return { name, region, devices: 0, free: 0, rented: 0, offered: new Map(), rentedAt: new Map() };
}

/** The classes that a device has units of, at its prices. */
function classesOf({ units, prices }: DeviceRow): Map<string, bigint> {
  const classes = new Map([
    ['core', BigInt(prices.coreMicro)],
    ['memory', BigInt(prices.memoryGbMicro)],
  ]);
  for (const { model } of units.gpus) classes.set(classOfGpu(model), gpuPrice(prices, model));
  return classes;
}

/** A device says what model a GPU is: it may not pass for another class. */
function classOfGpu(model: string): string {
  return model === 'core' || model === 'memory' ? `GPU ${model}` : model;
}

function gpuPrice(prices: Prices, model: string): bigint {
  return gpuPriceMicro(prices.gpuMicro, model) ?? 0n;
}

function unitsOf({ units }: DeviceRow, slices: DeviceRow['live'][number]['slice'][]): Map<string, number> {
  const found = new Map<string, number>();
  const add = (name: string, more: number): void => void found.set(name, (found.get(name) ?? 0) + more);
  for (const { cores, memoryBytes, gpus } of slices) {
    add('core', cores.length);
    add('memory', Math.floor(memoryBytes / 1e9));
    for (const { uuid, model } of units.gpus) if (gpus.includes(uuid)) add(classOfGpu(model), 1);
  }
  return found;
}

function count(prices: Map<bigint, number>, priceMicro: bigint, units: number): void {
  if (units === 0) return;
  const step = 10n ** BigInt(Math.max(0, String(priceMicro).length - 2));
  const at = prices.size < mostPrices || prices.has(priceMicro) ? priceMicro : priceMicro - (priceMicro % step);
  prices.set(at, (prices.get(at) ?? 0) + units);
}

function merged(name: string, tallies: readonly Tally[]): Tally {
  const all = newTally(name, '');
  for (const { devices, free, rented, offered, rentedAt } of tallies) {
    all.devices += devices;
    all.free += free;
    all.rented += rented;
    for (const [price, units] of offered) count(all.offered, price, units);
    for (const [price, units] of rentedAt) count(all.rentedAt, price, units);
  }
  return all;
}

function sampleOf({ devices, free, rented, offered, rentedAt }: Tally, at: Instant): PriceSample {
  return { at, devices, free, rented, offered: spreadOf(offered), rentedAt: spreadOf(rentedAt) };
}

/** The lower median: a price that is really asked. */
function spreadOf(prices: ReadonlyMap<bigint, number>): PriceSample['offered'] {
  const sorted = [...prices].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const half = sorted.reduce((sum, [, units]) => sum + units, 0) / 2;
  let seen = 0;
  const median = sorted.find(([, units]) => (seen += units) >= half);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last || !median) return null;
  return { minMicro: String(first[0]), medianMicro: String(median[0]), maxMicro: String(last[0]) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
