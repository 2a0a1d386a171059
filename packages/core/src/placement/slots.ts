// Slots: the disjoint slices of a demand's shape that a device can still give, and the order in which they are preferred.
import type { Demand, Gpu, Slice } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { gpuPriceMicro, isModel } from '../fleet/gpu-model.ts';
import { reputation } from '../fleet/device-view.ts';
import { freeUnits } from '../fleet/units.ts';
import { type Rate, rateOf } from '../market/rate.ts';
import type { Candidate } from './filters.ts';

/** `nth` counts the slots of one device from 0; a later one never costs less. */
export interface Slot extends Rate {
  readonly device: DeviceRow;
  readonly rttMs: number | null;
  readonly slice: Slice;
  readonly nth: number;
}

/** At most `limit` slots of the device: lowest core numbers first, cheapest fitting GPUs first. */
export function slotsOf({ device, rttMs }: Candidate, demand: Demand, limit: number): Slot[] {
  const free = freeUnits(device);
  const { coresPerNode, memoryBytesPerNode } = demand;
  const gpusPerNode = demand.gpu?.count ?? 0;
  const gpus = fittingGpus(device, free.gpus, demand);
  const slots: Slot[] = [];
  for (let nth = 0; nth < limit; nth++) {
    const cores = free.cores.slice(nth * coresPerNode, (nth + 1) * coresPerNode);
    const own = gpus.slice(nth * gpusPerNode, (nth + 1) * gpusPerNode);
    const fits = cores.length === coresPerNode && own.length === gpusPerNode && (nth + 1) * memoryBytesPerNode <= free.memoryBytes;
    if (!fits) break;
    const slice: Slice = { cores, memoryBytes: memoryBytesPerNode, gpus: own.map((gpu) => gpu.uuid) };
    slots.push({ device, rttMs, slice, nth, ...rateOf(slice, device.units, device.prices) });
  }
  return slots;
}

/** Price, then reputation, then round trip (unknown last), then id, then place on the device: a total order, so the outcome is one. */
export function byPreference(a: Slot, b: Slot): number {
  return (
    compare(a.rateMicroPerHour, b.rateMicroPerHour) ||
    compare(standing(b), standing(a)) ||
    compare(a.rttMs ?? Number.POSITIVE_INFINITY, b.rttMs ?? Number.POSITIVE_INFINITY) ||
    compare(a.device.id as string, b.device.id as string) ||
    a.nth - b.nth
  );
}

/** One slot of each device before a second of any. */
export function bySpread(a: Slot, b: Slot): number {
  return a.nth - b.nth || byPreference(a, b);
}

function fittingGpus(device: DeviceRow, free: readonly Gpu[], { gpu }: Demand): readonly Gpu[] {
  if (!gpu) return [];
  const priceOf = ({ model }: Gpu): bigint => gpuPriceMicro(device.prices.gpuMicro, model) ?? 0n;
  return free
    .filter(({ model }) => gpu.model === undefined || isModel(gpu.model, model))
    .toSorted((a, b) => compare(priceOf(a), priceOf(b)) || compare(a.uuid, b.uuid));
}

function standing({ device }: Slot): number {
  return reputation(device.provenMs, device.unprovenMs);
}

function compare<T extends bigint | number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
