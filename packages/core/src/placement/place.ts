// Placement: the group of slices that answers a demand best, or the filter that left nothing. The same input gives the same group.
import type { Demand, DeviceId, FilterStep, Instant, Policy, Slice } from '@iog/protocol';
import { formatAmount } from '@iog/protocol';
import type { DeviceRow } from '../rows.ts';
import type { Breakdown } from '../market/rate.ts';
import { type Candidate, applyFilters, filtersOf } from './filters.ts';
import { type Slot, byPreference, bySpread, slotsOf } from './slots.ts';

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
 * Filters in order: connected, admitted, region, gpu, cores, memory, price, nodes. Then each node on a device of its own; several
 * on one only where devices are too few, or where only that stays within the renter's price.
 */
export function place(candidates: readonly Candidate[], demand: Demand, now: Instant, policy: Policy): Placement {
  const { left, steps } = applyFilters(candidates, filtersOf(demand, now, policy));
  if (left.length === 0) return empty(steps);

  const slots = left.flatMap((candidate) => slotsOf(candidate, demand, demand.nodes)).toSorted(byPreference);
  const maxMicro = demand.maxMicroPerHour === undefined ? null : BigInt(demand.maxMicroPerHour);
  const affordable = maxMicro === null ? slots : withinPrice(slots, demand.nodes, maxMicro);
  const priceDetail = maxMicro === null ? 'any price' : `at most ${formatAmount(maxMicro)} ${policy.currency} an hour for all nodes`;
  steps.push({ filter: 'price', left: devicesOf(affordable), detail: priceDetail });
  if (affordable.length === 0) return empty(steps);

  const enough = affordable.length >= demand.nodes;
  const nodesDetail = `${demand.nodes} nodes; ${affordable.length} ${affordable.length === 1 ? 'fits' : 'fit'}`;
  steps.push({ filter: 'nodes', left: enough ? devicesOf(affordable) : 0, detail: nodesDetail });
  if (!enough) return empty(steps);

  const spread = affordable.toSorted(bySpread).slice(0, demand.nodes);
  const chosen = maxMicro === null || sum(spread) <= maxMicro ? spread : affordable.slice(0, demand.nodes);
  return {
    nodes: chosen.map(({ device, slice, rateMicroPerHour, breakdown }) => ({ device, slice, rateMicroPerHour, breakdown })),
    filters: steps,
    emptiedBy: null,
    rateMicroPerHour: sum(chosen),
    latencyUpToMs: latencyUpToMs(chosen),
  };
}

export interface ReplacementTerms {
  /** The most that the one node may cost. */
  readonly maxRateMicro: bigint;
  /** Devices that are out of the question, such as those that just failed. */
  readonly exclude: readonly DeviceId[];
  readonly now: Instant;
  readonly policy: Policy;
}

/** One more node of the demand's shape, at no more than the given rate. */
export function placeReplacement(candidates: readonly Candidate[], demand: Demand, terms: ReplacementTerms): Placement {
  const allowed = candidates.filter(({ device }) => !terms.exclude.includes(device.id));
  return place(allowed, { ...demand, nodes: 1, maxMicroPerHour: String(terms.maxRateMicro) }, terms.now, terms.policy);
}

/** The slots (by preference) that some group within the price can hold: each together with the cheapest others. */
function withinPrice(slots: readonly Slot[], nodes: number, maxMicro: bigint): readonly Slot[] {
  const cheapest = slots.slice(0, nodes);
  const wholeMicro = sum(cheapest);
  const dearest = cheapest.at(-1);
  return slots.filter((slot, i) => {
    const withIt = i < nodes ? wholeMicro : wholeMicro - (dearest?.rateMicroPerHour ?? 0n) + slot.rateMicroPerHour;
    return withIt <= maxMicro;
  });
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

function devicesOf(slots: readonly Slot[]): number {
  return new Set(slots.map(({ device }) => device.id)).size;
}
