// Why nothing fits, further told: what would match if one thing that was asked for were asked for less.
import { type Demand, type FilterStep, type Instant, type Policy, type Relaxed, formatAmount } from '@iog/protocol';
import type { Candidate } from '../filters.ts';
import { place } from '../place.ts';
import type { Columns } from './columns.ts';
import { nearName } from './near-name.ts';
import { type Bench, type Found, search } from './search.ts';

/** Names that a wrong one is compared with. */
const namesCompared = 2_000;
const memoryRoundedBytes = 100_000_000;

/**
 * Of an empty answer: each thing that keeps devices out by itself. `wouldMatch` counts devices, in the whole market. What comes after the filter
 * that left nothing is not looked at: without it, that one would leave nothing still.
 */
export function relax(all: Columns, demand: Demand, counts: Found['counts'], now: Instant, held: Bench): Relaxed[] {
  const reached = new Set(counts.map(({ filter }) => filter));
  const told: Relaxed[] = [];
  const matches = (changed: Demand): number => search(all, changed, now, held).affordable;
  const tell = (filter: string, changed: Demand, suggestion: string): boolean => {
    const wouldMatch = matches(changed);
    if (wouldMatch > 0) told.push({ filter, wouldMatch, suggestion });
    return wouldMatch > 0;
  };
  const { region, tier, reputationPermille, isolation, suppliers, withoutSuppliers, cuda, ...rest } = demand;
  if (region !== undefined && reached.has('region')) {
    const near = all.regions.idOf(region.toLowerCase()) === undefined ? nearest(region, all.regions.names()) : undefined;
    if (near === undefined || !tell('region', { ...demand, region: near }, `did you mean the region ${near}?`))
      tell('region', without(demand, 'region'), 'in any region');
  }
  if (tier !== undefined && reached.has('tier')) tell('tier', without(demand, 'tier'), 'of any tier');
  if (reputationPermille !== undefined && reached.has('reputation'))
    tell('reputation', without(demand, 'reputationPermille'), 'of any reputation');
  if (isolation !== undefined && reached.has('isolation')) tell('isolation', without(demand, 'isolation'), 'with any isolation');
  if ((suppliers !== undefined || withoutSuppliers !== undefined) && reached.has('suppliers'))
    tell('suppliers', without(without(demand, 'suppliers'), 'withoutSuppliers'), 'of any supplier');
  if (cuda !== undefined && reached.has('cuda')) tell('cuda', without(demand, 'cuda'), 'with any version of CUDA');
  if (rest.more === undefined || rest.more.length === 0) {
    if (reached.has('gpu')) relaxGpu(all, demand, tell);
    // Where enough are free, the price or the number of nodes left nothing.
    if (reached.has('cores') && counts.at(-1)?.left === 0) relaxUnits(all, demand, now, held, tell);
  }
  return told;
}

type Tell = (filter: string, changed: Demand, suggestion: string) => boolean;

function relaxGpu({ terms }: Columns, demand: Demand, tell: Tell): void {
  const { gpu } = demand;
  if (!gpu) return;
  const { model, count, memoryBytes } = gpu;
  for (let fewer = count >> 1; fewer > 0; fewer >>= 1)
    if (tell('gpu', { ...demand, gpu: { ...gpu, count: fewer } }, `with ${fewer} instead of ${count} GPUs a node`)) break;
  if (memoryBytes !== undefined) tell('gpu', { ...demand, gpu: without(gpu, 'memoryBytes') }, 'with less memory on each GPU');
  if (model === undefined) return;
  const near = nearest(model, terms.models.names());
  if (near !== undefined && tell('gpu', { ...demand, gpu: { ...gpu, model: near } }, `did you mean the GPU ${near}?`)) return;
  tell('gpu', { ...demand, gpu: without(gpu, 'model') }, 'with GPUs of any model');
}

/** The most cores or memory that as many devices as nodes have free, or else the best that there is. */
function relaxUnits(all: Columns, demand: Demand, now: Instant, held: Bench, tell: Tell): void {
  const { coresPerNode, memoryBytesPerNode } = demand;
  const cores = mostFree(all, search(all, { ...demand, coresPerNode: 1 }, now, held), all.by.cores, demand.nodes, held);
  if (cores > 0 && cores < coresPerNode)
    tell('cores', { ...demand, coresPerNode: cores }, `with ${cores} instead of ${coresPerNode} cores a node`);
  const least = search(all, { ...demand, memoryBytesPerNode: memoryRoundedBytes }, now, held);
  const free = mostFree(all, least, all.by.memoryBytes, demand.nodes, held);
  const bytes = Math.floor(free / memoryRoundedBytes) * memoryRoundedBytes;
  if (bytes > 0 && bytes < memoryBytesPerNode)
    tell(
      'memory',
      { ...demand, memoryBytesPerNode: bytes },
      `with ${bytes / 1e9} GB instead of ${memoryBytesPerNode / 1e9} GB of memory a node`,
    );
}

function mostFree({ by }: Columns, { affordable }: Found, values: Uint16Array | Float64Array, nodes: number, { passed }: Bench): number {
  if (affordable === 0) return 0;
  const most: number[] = [];
  for (let word = 0; word < by.connected.length; word++) {
    for (let rest = (passed[0] as Uint32Array)[word] as number; rest !== 0; rest &= rest - 1) {
      const value = values[(word << 5) + (31 - Math.clz32(rest & -rest))] as number;
      if (most.length === nodes && value <= (most[nodes - 1] as number)) continue;
      let rank = Math.min(most.length, nodes - 1);
      for (; rank > 0 && (most[rank - 1] as number) < value; rank--) most[rank] = most[rank - 1] as number;
      most[rank] = value;
    }
  }
  return most.at(-1) ?? 0;
}

/** Where the price or the number of nodes left nothing: the price at which these devices would do, or the nodes that they can carry. */
export function relaxGroup(
  candidates: readonly Candidate[],
  demand: Demand,
  emptiedBy: FilterStep,
  now: Instant,
  policy: Policy,
): Relaxed[] {
  const devices = (count: number): number => Math.min(count, candidates.length);
  if (emptiedBy.filter === 'price') {
    const dearer = place(candidates, without(demand, 'maxMicroPerHour'), now, policy);
    if (dearer.nodes === null) return [];
    const suggestion = `at ${formatAmount(dearer.rateMicroPerHour)} ${policy.currency} an hour${dearer.nodes.length === 1 ? '' : ` for all ${dearer.nodes.length} nodes`}`;
    return [{ filter: 'price', wouldMatch: new Set(dearer.nodes.map(({ device }) => device.id)).size, suggestion }];
  }
  if (emptiedBy.filter !== 'nodes' || (demand.more?.length ?? 0) > 0) return [];
  for (let nodes = demand.nodes - 1; nodes > 0; nodes--) {
    const fewer = place(candidates, { ...demand, nodes }, now, policy);
    if (fewer.nodes)
      return [
        {
          filter: 'nodes',
          wouldMatch: devices(fewer.filters.at(-1)?.left ?? 0),
          suggestion: `with ${nodes} instead of ${demand.nodes} nodes`,
        },
      ];
  }
  return [];
}

function nearest(wanted: string, names: Iterable<string>): string | undefined {
  const known: string[] = [];
  for (const name of names) if (known.push(name) >= namesCompared) break;
  return nearName(wanted, known);
}

function without<T extends object, K extends keyof T>(from: T, key: K): Omit<T, K> & { [P in K]?: never } {
  const { [key]: _, ...rest } = from;
  return rest as Omit<T, K> & { [P in K]?: never };
}
