// Placement: the group of slices that answers a demand best, or the filter that left nothing. The same input gives the same group.
import type { AccountId, Demand, FilterStep, Instant, Policy, Slice } from '@iog/protocol';
import { formatAmount } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import type { Breakdown } from '../market/rate.ts';
import { nodesOf, shapesOf } from '../market/demand.ts';
import { type Candidate, type Fitting, applyFilters } from './filters.ts';
import { type Ground, groundOf, laidByPreference, laidOut, leastSum } from './lay-out.ts';
import { type Slot, bySpread, slotOf } from './slots.ts';

export interface PlacedNode {
  readonly device: DeviceRow;
  readonly slice: Slice;
  readonly rateMicroPerHour: bigint;
  readonly breakdown: Breakdown;
}

/** `nodes` is null exactly when `emptiedBy` names a step. `rateMicroPerHour` is of all nodes; `latencyUpToMs` bounds any two of them. */
export interface Placement {
  readonly nodes: readonly PlacedNode[] | null;
  readonly filters: FilterStep[];
  readonly emptiedBy: FilterStep | null;
  readonly rateMicroPerHour: bigint;
  readonly latencyUpToMs: number | null;
}

/**
 * Filters in order: connected, admitted, region, tier, reputation, isolation, suppliers, gpu, cuda, cores, memory, price, nodes; what was not
 * asked for may be left out. Then each node on a device of its own; several on one only where devices are too few, or where only that stays
 * within the renter's price. Nodes of the first group come first. Of one group, a layout within the price is found where there is one; of
 * several, within the bounds of the search.
 */
export function place(candidates: readonly Candidate[], demand: Demand, now: Instant, policy: Policy): Placement {
  const { left, steps } = applyFilters(candidates, demand, now, policy);
  if (left.length === 0) return empty(steps);

  const maxMicro = demand.maxMicroPerHour === undefined ? null : BigInt(demand.maxMicroPerHour);
  const whole = groundOf(demand, left);
  const affordable = maxMicro === null ? left : withinPrice(whole, left, maxMicro);
  const ground = affordable.length === left.length ? whole : groundOf(demand, affordable);
  const layout = affordable.length === 0 ? undefined : laidOut(ground, maxMicro);
  const isTooDear = affordable.length === 0 || (layout === undefined && maxMicro !== null && laidOut(whole, null) !== undefined);
  const priceDetail = maxMicro === null ? 'any price' : `at most ${formatAmount(maxMicro)} ${policy.currency} an hour for all nodes`;
  steps.push({ filter: 'price', left: isTooDear ? 0 : affordable.length, detail: priceDetail });
  if (isTooDear) return empty(steps);

  const fits = layout ? layout.flat().length : laidByPreference(whole, bySpread).flat().length;
  const apart = demand.spreadOver ? ', each of another supplier' : '';
  const nodesDetail = `${nodesOf(demand)} nodes${apart}; ${fits} ${fits === 1 ? 'fits' : 'fit'}`;
  steps.push({ filter: 'nodes', left: layout ? affordable.length : 0, detail: nodesDetail });
  if (!layout) return empty(steps);

  const chosen = layout.flatMap((slots) => slots.toSorted(bySpread));
  return {
    nodes: chosen.map(({ device, slice, rateMicroPerHour, breakdown }) => ({ device, slice, rateMicroPerHour, breakdown })),
    filters: steps,
    emptiedBy: null,
    rateMicroPerHour: sum(chosen),
    latencyUpToMs: latencyUpToMs(chosen),
  };
}

export interface ReplacementTerms {
  /** The group whose node was lost. */
  readonly group: number;
  /** The most that the one node may cost. */
  readonly maxRateMicro: bigint;
  /** Suppliers that the cluster has nodes of: none of them again where it is spread over suppliers. */
  readonly suppliers: readonly AccountId[];
  readonly now: Instant;
  readonly policy: Policy;
}

/** One more node of the group's shape, at no more than the given rate. */
export function placeReplacement(candidates: readonly Candidate[], demand: Demand, terms: ReplacementTerms): Placement {
  const { nodes: _all, more: _more, gpu: _gpu, cuda, ...rest } = demand;
  const shape = shapesOf(demand)[terms.group];
  if (!shape) throw new Error(`a demand of ${shapesOf(demand).length} groups has no group ${terms.group}`);
  const { coresPerNode, memoryBytesPerNode, gpu } = shape;
  const one: Demand = {
    ...rest,
    nodes: 1,
    coresPerNode,
    memoryBytesPerNode,
    ...(gpu ? { gpu } : {}),
    ...(gpu && cuda !== undefined ? { cuda } : {}),
    maxMicroPerHour: String(terms.maxRateMicro),
  };
  const allowed = demand.spreadOver ? candidates.filter(({ device }) => !terms.suppliers.includes(device.account)) : candidates;
  return place(allowed, one, terms.now, terms.policy);
}

/** The devices that could carry a node of some group while all others cost the least. */
function withinPrice(ground: Ground, fittings: readonly Fitting[], maxMicro: bigint): readonly Fitting[] {
  const leastMicro = leastSum(ground);
  return fittings.filter(({ candidate, free }) =>
    ground.shapes.some((shape, group) => {
      const slot = slotOf({ candidate, free, carries: 0 }, shape, ground.demand);
      return slot !== undefined && leastMicro - (ground.leastMicro[group] ?? 0n) + slot.rateMicroPerHour <= maxMicro;
    }),
  );
}

/** An upper bound: the two longest round trips to control, added. 0 on one device; null while one is unknown. */
function latencyUpToMs(slots: readonly Slot[]): number | null {
  const rtts = new Map(slots.map(({ device, rttMs }) => [device.id, rttMs]));
  if (rtts.size < 2) return 0;
  const known = [...rtts.values()].filter((rtt) => rtt !== null).toSorted((a, b) => b - a);
  if (known.length < rtts.size) return null;
  return Math.ceil((known[0] ?? 0) + (known[1] ?? 0));
}

function empty(steps: FilterStep[]): Placement {
  const emptiedBy = steps.find(({ left }) => left === 0) ?? { filter: 'connected', left: 0, detail: 'no device is enrolled' };
  return { nodes: null, filters: steps, emptiedBy, rateMicroPerHour: 0n, latencyUpToMs: null };
}

function sum(slots: readonly Slot[]): bigint {
  return slots.reduce((total, slot) => total + slot.rateMicroPerHour, 0n);
}
