// What a device must be to answer a demand: an ordered list of filters, each of which says how many devices it left.
import type { Demand, FilterStep, Instant, NodeShape, Policy } from '@iog/protocol';
import { isolations } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import { admissible } from '../fleet/capacity.ts';
import { isolationLevel, reputation, tierOf } from '../fleet/device-view.ts';
import { type FreeUnits, freeUnits } from '../fleet/units.ts';
import { shapesOf } from '../market/demand.ts';
import { hasCuda, isWanted } from './wanted-gpu.ts';

/** A device with what live state knows of it. */
export interface Candidate {
  readonly device: DeviceRow;
  readonly connected: boolean;
  readonly rttMs: number | null;
}

/** Of the device as a whole, or of a group of nodes that it could carry one of. */
type Filter =
  | { readonly name: string; readonly detail: string; readonly keeps: (candidate: Candidate) => boolean }
  | {
      readonly name: string;
      readonly detailOf: (shape: NodeShape) => string;
      readonly fits: (free: FreeUnits, shape: NodeShape) => boolean;
    };

/** A candidate with what is free of it, and the groups (by number) that it could carry a node of. */
export interface Fitting {
  readonly candidate: Candidate;
  readonly free: FreeUnits;
  readonly groups: readonly number[];
}

/** Applies the filters in order, up to the first that leaves a group of nodes without any device: it leaves nothing. */
export function applyFilters(
  candidates: readonly Candidate[],
  demand: Demand,
  now: Instant,
  policy: Policy,
): { left: readonly Fitting[]; steps: FilterStep[] } {
  const shapes = shapesOf(demand);
  let left: readonly Fitting[] = candidates.map((candidate) => ({
    candidate,
    free: freeUnits(candidate.device),
    groups: shapes.map((_, group) => group),
  }));
  const steps: FilterStep[] = [];
  for (const filter of [...deviceFilters(demand, now, policy), ...shapeFilters(demand)]) {
    left = left.flatMap((fitting) => kept(fitting, filter, shapes));
    const lone = shapes.findIndex((_, group) => !left.some(({ groups }) => groups.includes(group)));
    if (lone >= 0) left = [];
    steps.push({ filter: filter.name, left: left.length, detail: detailOf(filter, shapes, lone) });
    if (left.length === 0) break;
  }
  return { left, steps };
}

/** What each filter says of itself, by its name. `lone`: the group that it left without a device, or -1. */
export function filterDetails(demand: Demand, now: Instant, policy: Policy): ReadonlyMap<string, (lone: number) => string> {
  const filters = [...deviceFilters(demand, now, policy), ...shapeFilters(demand)];
  return new Map(filters.map((filter) => [filter.name, (lone) => detailOf(filter, shapesOf(demand), lone)]));
}

function kept(fitting: Fitting, filter: Filter, shapes: readonly NodeShape[]): readonly Fitting[] {
  if ('keeps' in filter) return filter.keeps(fitting.candidate) ? [fitting] : [];
  const groups = fitting.groups.filter((group) => filter.fits(fitting.free, shapes[group] as NodeShape));
  return groups.length === 0 ? [] : [{ ...fitting, groups }];
}

/** `lone`: the group that was left without a device, or -1. */
function detailOf(filter: Filter, shapes: readonly NodeShape[], lone: number): string {
  if ('keeps' in filter) return filter.detail;
  const details = shapes.map(filter.detailOf);
  if (shapes.length === 1) return details[0] ?? '';
  const told = lone < 0 ? [...new Set(details)].join('; ') : `group ${lone + 1} of ${shapes.length}: ${details[lone] ?? ''}`;
  return told.slice(0, 512);
}

function deviceFilters(demand: Demand, now: Instant, policy: Policy): readonly Filter[] {
  const { region, tier, reputationPermille = 0, isolation, suppliers, withoutSuppliers = [] } = demand;
  const asked = (is: boolean, filter: Filter): readonly Filter[] => (is ? [filter] : []);
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
      keeps: ({ device }) => region === undefined || isSame(device.region, region),
    },
    ...asked(tier !== undefined, {
      name: 'tier',
      detail: `tier ${tier}; devices are ${tierOf()} until the network measures them`,
      keeps: () => isSame(tierOf(), tier ?? ''),
    }),
    ...asked(reputationPermille > 0, {
      name: 'reputation',
      detail: `a reputation of at least ${reputationPermille / 1_000}`,
      keeps: ({ device }) => reputation(device.provenMs, device.unprovenMs) * 1_000 >= reputationPermille,
    }),
    ...asked(isolation !== undefined, {
      name: 'isolation',
      detail: `isolation of at least ${isolation}`,
      keeps: ({ device }) => isolations.indexOf(isolationLevel(device.runtime)) >= isolations.indexOf(isolation ?? 'none'),
    }),
    ...asked(suppliers !== undefined || withoutSuppliers.length > 0, {
      name: 'suppliers',
      detail: [suppliers ? `of ${named(suppliers)}` : '', withoutSuppliers.length > 0 ? `not of ${named(withoutSuppliers)}` : '']
        .filter((part) => part !== '')
        .join(', '),
      keeps: ({ device }) => (suppliers?.includes(device.account) ?? true) && !withoutSuppliers.includes(device.account),
    }),
  ];
}

function shapeFilters({ cuda }: Demand): readonly Filter[] {
  const ofCuda: Filter = {
    name: 'cuda',
    detailOf: ({ gpu }) => (gpu ? `a driver for CUDA ${cuda} or newer` : 'no GPU asked for'),
    fits: ({ gpus }, shape) => hasGpus(gpus, shape, cuda),
  };
  return [
    { name: 'gpu', detailOf: ({ gpu }) => gpuDetail(gpu), fits: ({ gpus }, shape) => hasGpus(gpus, shape) },
    ...(cuda === undefined ? [] : [ofCuda]),
    {
      name: 'cores',
      detailOf: ({ coresPerNode }) => `${coresPerNode} free ${coresPerNode === 1 ? 'core' : 'cores'} a node`,
      fits: ({ cores }, { coresPerNode }) => cores.length >= coresPerNode,
    },
    {
      name: 'memory',
      detailOf: ({ memoryBytesPerNode }) => `${memoryBytesPerNode / 1e9} GB of free memory a node`,
      fits: ({ memoryBytes }, { memoryBytesPerNode }) => memoryBytes >= memoryBytesPerNode,
    },
  ];
}

function hasGpus(gpus: FreeUnits['gpus'], shape: NodeShape, cuda?: string): boolean {
  return gpus.filter((gpu) => isWanted(shape.gpu, gpu) && hasCuda(gpu, cuda)).length >= (shape.gpu?.count ?? 0);
}

function gpuDetail(gpu: NodeShape['gpu']): string {
  if (!gpu) return 'no GPU asked for';
  const { model, memoryBytes } = gpu;
  return `${gpu.count} free ${model ?? (gpu.count === 1 ? 'GPU' : 'GPUs')}${memoryBytes === undefined ? '' : ` of at least ${memoryBytes / 1e9} GB`} a node`;
}

function named(suppliers: readonly string[]): string {
  return suppliers.length === 1 ? String(suppliers[0]) : `${suppliers.length} suppliers that were named`;
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
