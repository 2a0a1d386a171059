// The filters of an answer: as the whole market counts them, with what placement made of the best devices' rows at their end.
import type { Demand, FilterStep, Instant, Policy } from '@iog/protocol';
import { filterDetails } from '../filters.ts';
import type { Placement } from '../place.ts';
import type { Found } from './search.ts';

export type { Found } from './search.ts';
export type MarketSteps = Pick<Placement, 'filters' | 'emptiedBy'>;

/** `placement` is over the rows of `found.best`. Where these rows no longer are what the index took them for, it alone is told. */
export function marketSteps(found: Found, placement: Placement, demand: Demand, now: Instant, policy: Policy): MarketSteps {
  const details = filterDetails(demand, now, policy);
  const counted = found.counts.map(({ filter, left, lone }): FilterStep => ({ filter, left, detail: details.get(filter)?.(lone) ?? '' }));
  const isOver = counted.at(-1)?.left === 0;
  const last = placement.filters.filter(({ filter }) => filter === 'price' || filter === 'nodes');
  if (!isOver && last.length === 0) return { filters: placement.filters, emptiedBy: placement.emptiedBy };
  // Of the group that placement chose: too few slices of the best devices are too few of all.
  const told = isOver ? [] : last.map((step) => ({ ...step, left: step.left === 0 ? 0 : found.affordable }));
  const filters = [...counted, ...told];
  return { filters, emptiedBy: filters.find(({ left }) => left === 0) ?? null };
}
