// Slots: the slice of a group's shape that a device can still give, and the order in which slots are preferred.
import type { Demand, Gpu, NodeShape, Slice } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { gpuPriceMicro } from '../fleet/gpu-model.ts';
import { reputation } from '../fleet/device-view.ts';
import type { FreeUnits } from '../fleet/units.ts';
import { type Rate, rateOf } from '../market/rate.ts';
import type { Candidate } from './filters.ts';
import { hasCuda, isWanted } from './wanted-gpu.ts';

/** A device while nodes are laid on it: what is still free, and how many it carries. */
export interface Room {
  readonly candidate: Candidate;
  readonly free: FreeUnits;
  readonly carries: number;
}

export interface Slot extends Rate {
  readonly device: DeviceRow;
  readonly rttMs: number | null;
  readonly slice: Slice;
  /** How many nodes its device carries already. */
  readonly nth: number;
}

/** Lowest core numbers first; of the GPUs that fit the cheapest first, then the smallest. A later slot of a device never costs less. */
export function slotOf({ candidate, free, carries }: Room, shape: NodeShape, { cuda }: Pick<Demand, 'cuda'>): Slot | undefined {
  const { device, rttMs } = candidate;
  const gpusPerNode = shape.gpu?.count ?? 0;
  if (free.cores.length < shape.coresPerNode || free.memoryBytes < shape.memoryBytesPerNode) return undefined;
  const gpus = gpusPerNode === 0 ? [] : fittingGpus(device, free.gpus, shape, cuda).slice(0, gpusPerNode);
  if (gpus.length < gpusPerNode) return undefined;
  const slice: Slice = {
    cores: free.cores.slice(0, shape.coresPerNode),
    memoryBytes: shape.memoryBytesPerNode,
    gpus: gpus.map(({ uuid }) => uuid),
  };
  return { device, rttMs, slice, nth: carries, ...rateOf(slice, device.units, device.prices) };
}

/** The device without the units of the slot. */
export function without({ candidate, free, carries }: Room, { slice }: Slot): Room {
  return {
    candidate,
    carries: carries + 1,
    free: {
      cores: free.cores.filter((core) => !slice.cores.includes(core)),
      memoryBytes: free.memoryBytes - slice.memoryBytes,
      gpus: free.gpus.filter(({ uuid }) => !slice.gpus.includes(uuid)),
    },
  };
}

/** Price, then reputation, then round trip (unknown last), then id: a total order over devices, so the outcome is one. */
export function byPreference(a: Slot, b: Slot): number {
  return (
    compare(a.rateMicroPerHour, b.rateMicroPerHour) ||
    compare(standing(b), standing(a)) ||
    compare(a.rttMs ?? Number.POSITIVE_INFINITY, b.rttMs ?? Number.POSITIVE_INFINITY) ||
    compare(a.device.id as string, b.device.id as string)
  );
}

/** One node on each device before a second on any. */
export function bySpread(a: Slot, b: Slot): number {
  return a.nth - b.nth || byPreference(a, b);
}

function fittingGpus(device: DeviceRow, free: readonly Gpu[], shape: NodeShape, cuda: string | undefined): readonly Gpu[] {
  const priceOf = ({ model }: Gpu): bigint => gpuPriceMicro(device.prices.gpuMicro, model) ?? 0n;
  return free
    .filter((gpu) => isWanted(shape.gpu, gpu) && hasCuda(gpu, cuda))
    .toSorted((a, b) => compare(priceOf(a), priceOf(b)) || a.memoryBytes - b.memoryBytes || compare(a.uuid, b.uuid));
}

function standing({ device }: Slot): number {
  return reputation(device.provenMs, device.unprovenMs);
}

function compare<T extends bigint | number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
