// One search of the market index: how many devices each filter leaves, and those of the rest that a group can be made of, best first.
import type { Demand, DeviceId, Instant } from '@iog/protocol';
import { nodesOf, shapesOf } from '../../market/demand.ts';
import { type Best, best } from './best.ts';
import { bitsIn } from './bits.ts';
import type { Columns } from './columns.ts';
import { type Scratch, scratch } from './priced.ts';
import { type ShapeTests, type WordTest, deviceTests, shapeTests } from './tests-of.ts';

export interface Counted {
  readonly filter: string;
  /** None where a group of nodes was left without a device. */
  readonly left: number;
  /** The group that was, or -1. */
  readonly lone: number;
}

export interface Found {
  /** The filters up to the first that leaves nothing, as `place` counts them over all rows. */
  readonly counts: readonly Counted[];
  /** How many of the rest could carry a node within the price; all of them where none is set. */
  readonly affordable: number;
  /** The devices of the group that `place` chooses are among them: for each group of nodes as many as nodes in all and the spare ones, or all there are. */
  readonly best: readonly DeviceId[];
}

/** What searches of one index use one after the other. */
export interface Bench {
  readonly scratches: [Scratch, Scratch][];
  /** What passed, by group. */
  readonly passed: Uint32Array[];
}
export function bench(): Bench {
  return { scratches: [], passed: [] };
}

export function search(all: Columns, demand: Demand, now: Instant, held: Bench, spare = 0): Found {
  const words = all.by.connected.length;
  const groups = shapesOf(demand).map((shape, i) => {
    held.scratches[i] ??= [scratch(), scratch()];
    if ((held.passed[i]?.length ?? 0) < words) held.passed[i] = new Uint32Array(words);
    return shapeTests(all, shape, demand.cuda, held.scratches[i]);
  });
  const supplierOf = demand.spreadOver === 'suppliers' ? all.by.account : undefined;
  const bests = groups.map(() => best(nodesOf(demand) + spare, preferring(all), supplierOf));
  const device = deviceTests(all, demand, now);
  const counts = narrow(all, device, groups, bests, held);
  const isEmpty = counts.at(-1)?.left === 0;
  return {
    counts,
    affordable: isEmpty ? 0 : affordable(all, demand, groups, bests, held),
    best: isEmpty ? [] : [...new Set(bests.flatMap(({ taken }) => taken))].map((at) => all.numbers.idOf(at)),
  };
}

/** Word by word through all filters: counts what each leaves, and offers what is left to the best of its group. */
function narrow(
  all: Columns,
  device: readonly WordTest[],
  groups: readonly ShapeTests[],
  bests: readonly Best[],
  held: Bench,
): readonly Counted[] {
  const { connected, terms } = all.by;
  const ofShape = groups[0]?.tests.map(({ filter }) => filter) ?? [];
  const ofDevice = new Float64Array(device.length);
  const byGroup = groups.map(() => new Float64Array(ofShape.length));
  // Of several groups, a device counts once that is left for any of them.
  const together = groups.length > 1 ? new Float64Array(ofShape.length) : (byGroup[0] as Float64Array);
  const union = new Int32Array(ofShape.length);
  for (const passed of held.passed) passed.fill(0);
  for (let word = 0; word < connected.length; word++) {
    let among = connected[word] as number;
    for (let i = 0; i < device.length && among !== 0; i++) {
      among = (device[i] as WordTest).keeps(word, among);
      ofDevice[i] = (ofDevice[i] as number) + bitsIn(among);
    }
    if (among === 0) continue;
    for (let group = 0; group < groups.length; group++) {
      const { tests, costs } = groups[group] as ShapeTests;
      const counted = byGroup[group] as Float64Array;
      let fitting = among;
      for (let i = 0; i < tests.length && fitting !== 0; i++) {
        fitting = (tests[i] as WordTest).keeps(word, fitting);
        union[i] = (union[i] as number) | fitting;
        counted[i] = (counted[i] as number) + bitsIn(fitting);
      }
      if (fitting === 0) continue;
      (held.passed[group] as Uint32Array)[word] = fitting;
      offerAll(word, fitting, bests[group] as Best, terms, costs);
    }
    if (groups.length > 1) for (let i = 0; i < union.length; i++) together[i] = (together[i] as number) + bitsIn(union[i] as number);
    union.fill(0);
  }
  return [...device.map(({ filter }) => filter), ...ofShape].reduce<Counted[]>((counts, filter, i) => {
    const [isOfDevice, at] = [i < device.length, i - device.length];
    const lone = isOfDevice ? -1 : byGroup.findIndex((counted) => counted[at] === 0);
    const left = lone >= 0 ? 0 : ((isOfDevice ? ofDevice[i] : together[at]) as number);
    if (counts.at(-1)?.left !== 0) counts.push({ filter, left, lone });
    return counts;
  }, []);
}

function offerAll(word: number, among: number, to: Best, terms: Uint32Array, costs: ShapeTests['costs']): void {
  for (let rest = among; rest !== 0; rest &= rest - 1) {
    const at = (word << 5) + (31 - Math.clz32(rest & -rest));
    const rate = costs.rate(terms[at] as number);
    if (rate <= to.worst) to.offer(at, rate);
  }
}

/** The devices that could carry a node of some group while all others cost the least: as `place` counts them. */
function affordable({ by }: Columns, demand: Demand, groups: readonly ShapeTests[], bests: readonly Best[], held: Bench): number {
  const leastMicro = groups.map(({ costs }, i) => costs.exactly(by.terms[bests[i]?.taken[0] as number] as number));
  const sumMicro = groups.reduce((sum, { shape }, i) => sum + BigInt(shape.nodes) * (leastMicro[i] as bigint), 0n);
  const maxMicro = demand.maxMicroPerHour === undefined ? null : BigInt(demand.maxMicroPerHour);
  const mostMicro = groups.map((_, i) =>
    maxMicro === null ? Number.POSITIVE_INFINITY : Number(maxMicro - sumMicro + (leastMicro[i] as bigint)),
  );
  let count = 0;
  if (maxMicro === null && groups.length === 1) return bits(held.passed[0] as Uint32Array, by.connected.length);
  for (let word = 0; word < by.connected.length; word++) {
    let within = 0;
    for (let group = 0; group < groups.length; group++) {
      const most = mostMicro[group] as number;
      const { costs } = groups[group] as ShapeTests;
      for (let rest = (held.passed[group] as Uint32Array)[word] as number; rest !== 0; rest &= rest - 1) {
        const bit = rest & -rest;
        if (costs.rate(by.terms[(word << 5) + (31 - Math.clz32(bit))] as number) <= most) within |= bit;
      }
    }
    count += bitsIn(within);
  }
  return count;
}

function bits(set: Uint32Array, words: number): number {
  let count = 0;
  for (let word = 0; word < words; word++) count += bitsIn(set[word] as number);
  return count;
}

function preferring({ by, numbers }: Columns): (a: number, b: number) => boolean {
  return (a, b) => {
    const standingA = by.reputation[a] as number;
    const standingB = by.reputation[b] as number;
    if (standingA !== standingB) return standingA > standingB;
    const rttA = by.rttMs[a] as number;
    const rttB = by.rttMs[b] as number;
    return rttA === rttB ? numbers.compare(a, b) < 0 : rttA < rttB;
  };
}
