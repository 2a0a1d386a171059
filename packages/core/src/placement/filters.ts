// What a device must be to answer a demand: an ordered list of filters, each of which says how many devices it left.
import type { Demand, FilterStep, Instant, Policy } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { admissible } from '../fleet/capacity.ts';
import { isModel } from '../fleet/gpu-model.ts';
import { type FreeUnits, freeUnits } from '../fleet/units.ts';

/** A device with what live state knows of it. */
export interface Candidate {
  readonly device: DeviceRow;
  readonly connected: boolean;
  readonly rttMs: number | null;
}

interface Filter {
  readonly name: string;
  readonly detail: string;
  readonly keeps: (candidate: Candidate, free: FreeUnits) => boolean;
}

export function filtersOf(demand: Demand, now: Instant, policy: Policy): readonly Filter[] {
  const { region, gpu, coresPerNode, memoryBytesPerNode } = demand;
  return [
    { name: 'connected', detail: 'the worker is connected', keeps: ({ connected }) => connected },
    {
      name: 'admitted',
      detail: 'a capacity proof that outlasts the start of a node, not draining',
      keeps: ({ device }) => admissible(device, now, policy) && policy.runtimes.includes(device.runtime),
    },
    {
      name: 'region',
      detail: region === undefined ? 'any region' : `region ${region}`,
      keeps: ({ device }) => region === undefined || device.region.toLowerCase() === region.toLowerCase(),
    },
    {
      name: 'gpu',
      detail: gpu === undefined ? 'no GPU asked for' : `${gpu.count} free ${gpu.model ?? 'GPUs'} a node`,
      keeps: (_, free) =>
        gpu === undefined || free.gpus.filter(({ model }) => gpu.model === undefined || isModel(gpu.model, model)).length >= gpu.count,
    },
    {
      name: 'cores',
      detail: `${coresPerNode} free ${coresPerNode === 1 ? 'core' : 'cores'} a node`,
      keeps: (_, free) => free.cores.length >= coresPerNode,
    },
    {
      name: 'memory',
      detail: `${memoryBytesPerNode} free bytes of memory a node`,
      keeps: (_, free) => free.memoryBytes >= memoryBytesPerNode,
    },
  ];
}

/** Applies the filters in order, up to the first that leaves nothing. */
export function applyFilters(
  candidates: readonly Candidate[],
  filters: readonly Filter[],
): { left: readonly Candidate[]; steps: FilterStep[] } {
  let left = candidates;
  const steps: FilterStep[] = [];
  for (const { name, detail, keeps } of filters) {
    left = left.filter((candidate) => keeps(candidate, freeUnits(candidate.device)));
    steps.push({ filter: name, left: left.length, detail });
    if (left.length === 0) break;
  }
  return { left, steps };
}
