// The units of a device: which are free, and how slices of them are taken and given back. No unit is ever in two live leases.
import type { Gpu, LeaseId, Slice } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { type Decision, accept, reject } from '../decision.ts';

export interface FreeUnits {
  readonly cores: readonly number[];
  readonly memoryBytes: number;
  readonly gpus: readonly Gpu[];
}

/** What no live lease holds: cores by ascending number, GPUs in the device's own order. */
export function freeUnits({ units, live }: Pick<DeviceRow, 'units' | 'live'>): FreeUnits {
  const heldCores = new Set(live.flatMap(({ slice }) => slice.cores));
  const heldGpus = new Set(live.flatMap(({ slice }) => slice.gpus));
  const heldBytes = live.reduce((sum, { slice }) => sum + slice.memoryBytes, 0);
  return {
    cores: units.cores.filter((core) => !heldCores.has(core)).toSorted((a, b) => a - b),
    memoryBytes: Math.max(0, units.memoryBytes - heldBytes),
    gpus: units.gpus.filter((gpu) => !heldGpus.has(gpu.uuid)),
  };
}

/**
 * The device with this slice held by the lease. Taking the same slice for the same lease again changes nothing.
 * Rejects `units.taken` when any unit of it is held already, or is not the device's at all.
 */
export function takeSlice(device: DeviceRow, lease: LeaseId, slice: Slice): Decision<DeviceRow> {
  const held = device.live.find((entry) => entry.lease === lease);
  if (held) return isSameSlice(held.slice, slice) ? accept([], device) : reject('units.taken', { device: device.id });
  if (!isWithin(slice, freeUnits(device))) return reject('units.taken', { device: device.id });
  const taken: DeviceRow = { ...device, live: [...device.live, { lease, slice }] };
  return accept([taken], taken);
}

/** The device without what the lease held; the same row when it held nothing. */
export function returnSlice(device: DeviceRow, lease: LeaseId): DeviceRow {
  if (!device.live.some((entry) => entry.lease === lease)) return device;
  return { ...device, live: device.live.filter((entry) => entry.lease !== lease) };
}

function isWithin(slice: Slice, free: FreeUnits): boolean {
  const gpus = free.gpus.map((gpu) => gpu.uuid);
  return (
    slice.memoryBytes >= 0 &&
    slice.memoryBytes <= free.memoryBytes &&
    areDistinct(slice.cores) &&
    areDistinct(slice.gpus) &&
    slice.cores.every((core) => free.cores.includes(core)) &&
    slice.gpus.every((gpu) => gpus.includes(gpu))
  );
}

function isSameSlice(a: Slice, b: Slice): boolean {
  return a.memoryBytes === b.memoryBytes && isSameSet(a.cores, b.cores) && isSameSet(a.gpus, b.gpus);
}

function isSameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((unit) => b.includes(unit));
}

export function areDistinct(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}
