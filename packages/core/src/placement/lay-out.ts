// Laying groups of nodes out on devices: at once where the order of preference does it, else by a bounded search.
import type { Demand, NodeShape } from '@iog/protocol';
import { shapesOf } from '../market/demand.ts';
import type { Fitting } from './filters.ts';
import { type Room, type Slot, byPreference, bySpread, slotOf, without } from './slots.ts';

/** How many slots the search looks at before it gives up: some tens of milliseconds. */
const slotsTried = 20_000;

export interface Ground {
  readonly demand: Demand;
  readonly shapes: readonly NodeShape[];
  /** The fewest devices fit the first: what is scarce is laid first. */
  readonly order: readonly number[];
  readonly rooms: readonly Room[];
  /** Of each group, the cheapest slot on an empty device: nothing costs less. */
  readonly leastMicro: readonly bigint[];
}
/** The slots of each group, by the group's number. */
export type Layout = readonly (readonly Slot[])[];

export function groundOf(demand: Demand, fittings: readonly Fitting[]): Ground {
  const shapes = shapesOf(demand);
  const sorted = fittings.toSorted((a, b) => (a.candidate.device.id < b.candidate.device.id ? -1 : 1));
  const rooms = sorted.map(({ candidate, free }) => ({ candidate, free, carries: 0 }));
  const slots = shapes.map((shape) => rooms.flatMap((room) => slotOf(room, shape, demand) ?? []));
  const order = shapes
    .map((_, group) => group)
    .toSorted((a, b) => {
      const [fitsA, fitsB] = [slots[a]?.length ?? 0, slots[b]?.length ?? 0];
      return fitsA - fitsB || hardness(shapes[b] as NodeShape) - hardness(shapes[a] as NodeShape) || a - b;
    });
  const leastMicro = slots.map((all) => all.toSorted(byPreference)[0]?.rateMicroPerHour ?? 0n);
  return { demand, shapes, order, rooms, leastMicro };
}

function hardness({ gpu, coresPerNode }: NodeShape): number {
  return (gpu?.count ?? 0) * 10_000 + coresPerNode;
}

/** What all nodes cost at the least. */
export function leastSum({ shapes, leastMicro }: Pick<Ground, 'shapes' | 'leastMicro'>): bigint {
  return shapes.reduce((sum, { nodes }, group) => sum + BigInt(nodes) * (leastMicro[group] ?? 0n), 0n);
}

/** Node by node, each where `prefers` says; it may stop short of all nodes. Of one group, `byPreference` gives the cheapest layout there is. */
export function laidByPreference({ demand, shapes, order, rooms }: Ground, prefers: typeof byPreference): Layout {
  const now = [...rooms];
  const suppliers = new Set<string>();
  const layout: Slot[][] = shapes.map(() => []);
  for (const group of order) {
    const shape = shapes[group] as NodeShape;
    const slots = now.map((room) => slotOf(room, shape, demand));
    for (let node = 0; node < shape.nodes; node++) {
      const best = bestOf(slots, prefers, demand.spreadOver ? suppliers : undefined);
      const slot = best === undefined ? undefined : slots[best];
      if (best === undefined || !slot) break;
      layout[group]?.push(slot);
      suppliers.add(slot.device.account);
      now[best] = without(now[best] as Room, slot);
      slots[best] = slotOf(now[best], shape, demand);
    }
  }
  return layout;
}

function bestOf(slots: readonly (Slot | undefined)[], prefers: typeof byPreference, taken: ReadonlySet<string> | undefined) {
  let best: number | undefined;
  for (const [i, slot] of slots.entries()) {
    if (!slot || taken?.has(slot.device.account)) continue;
    const before = best === undefined ? undefined : slots[best];
    if (!before || prefers(slot, before) < 0) best = i;
  }
  return best;
}

/** Looks at layouts one after the other, cheap slots first, until one is within the price or the search has cost enough. */
function searched(ground: Ground, maxMicro: bigint | null): Layout | undefined {
  const { demand, shapes, order, leastMicro } = ground;
  const nodes = order.flatMap((group) => Array.from({ length: shapes[group]?.nodes ?? 0 }, () => group));
  const restMicro = nodes.map((_, i) => nodes.slice(i + 1).reduce((sum, group) => sum + (leastMicro[group] ?? 0n), 0n));
  const rooms = [...ground.rooms];
  const layout: Slot[][] = shapes.map(() => []);
  const ranks = shapes.map((shape) => rankOf(ground.rooms, shape, demand));
  let tried = 0;

  // Nodes of one group are alike: each goes no further forward in the ranking than the one before it.
  const lay = (i: number, spentMicro: bigint, from: number): boolean => {
    const group = nodes[i];
    if (group === undefined) return true;
    for (const [at, index] of (ranks[group] ?? []).entries()) {
      if (at < from) continue;
      if (tried++ >= slotsTried) return false;
      const room = rooms[index] as Room;
      const slot = slotOf(room, shapes[group] as NodeShape, demand);
      if (!slot || (demand.spreadOver && layout.flat().some(({ device }) => device.account === slot.device.account))) continue;
      const costMicro = spentMicro + slot.rateMicroPerHour;
      if (maxMicro !== null && costMicro + (restMicro[i] ?? 0n) > maxMicro) continue;
      rooms[index] = without(room, slot);
      layout[group]?.push(slot);
      if (lay(i + 1, costMicro, nodes[i + 1] === group ? at : 0)) return true;
      layout[group]?.pop();
      rooms[index] = room;
    }
    return false;
  };
  return lay(0, 0n, 0) ? layout : undefined;
}

/** The rooms that fit the shape, by preference of what they would give while empty. */
function rankOf(rooms: readonly Room[], shape: NodeShape, demand: Demand): readonly number[] {
  return rooms
    .map((room, index) => ({ index, slot: slotOf(room, shape, demand) }))
    .flatMap(({ index, slot }) => (slot ? [{ index, slot }] : []))
    .toSorted((a, b) => byPreference(a.slot, b.slot))
    .map(({ index }) => index);
}

/** The layout that is wanted most: spread over devices, else the cheapest that is found. */
export function laidOut(ground: Ground, maxMicro: bigint | null): Layout | undefined {
  const count = ground.shapes.reduce((sum, { nodes }) => sum + nodes, 0);
  const within = (layout: Layout): boolean =>
    layout.flat().length === count &&
    (maxMicro === null || layout.flat().reduce((sum, slot) => sum + slot.rateMicroPerHour, 0n) <= maxMicro);
  const direct = [bySpread, byPreference].map((prefers) => laidByPreference(ground, prefers)).find(within);
  return direct ?? (ground.shapes.length > 1 ? searched(ground, maxMicro) : undefined);
}
