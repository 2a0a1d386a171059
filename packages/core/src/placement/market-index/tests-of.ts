// The filters of a demand, asked of 32 devices at a time: which of them each one keeps. The same filters as `../filters.ts`, by name.
import { type Demand, type Instant, type NodeShape, isolations } from '@iog/protocol';
import { isModel } from '../../fleet/gpu-model.ts';
import { tierOf } from '../../fleet/device-view.ts';
import { hasCuda } from '../wanted-gpu.ts';
import { keepBits } from './bits.ts';
import { type Columns, blockBits, memoryStepBytes } from './columns.ts';
import { setsOfNames } from './named-bits.ts';
import { type Priced, type Scratch, priced } from './priced.ts';
import type { GpuGroup } from './terms.ts';

/** Those of `among` that pass, of the devices of this word. */
export type Keeps = (word: number, among: number) => number;
export interface WordTest {
  readonly filter: string;
  readonly keeps: Keeps;
}

/** Of the device as a whole. */
export function deviceTests(all: Columns, demand: Demand, now: Instant): readonly WordTest[] {
  const { tier, reputationPermille = 0, isolation, suppliers, withoutSuppliers = [] } = demand;
  const { by, accounts } = all;
  const idsOf = (names: readonly string[]): Set<number> => new Set(names.flatMap((name) => accounts.idOf(name) ?? []));
  const [only, without] = [suppliers && idsOf(suppliers), idsOf(withoutSuppliers)];
  const level = isolations.indexOf(isolation ?? 'none');
  return [
    { filter: 'connected', keeps: (word, among) => among & (by.connected[word] as number) },
    { filter: 'admitted', keeps: admitted(all, now) },
    { filter: 'region', keeps: region(all, demand) },
    ...asked(tier !== undefined, 'tier', () => tierOf().toLowerCase() === tier?.toLowerCase()),
    ...asked(reputationPermille > 0, 'reputation', (at) => (by.reputation[at] as number) * 1_000 >= reputationPermille),
    ...asked(isolation !== undefined, 'isolation', (at) => (by.isolation[at] as number) >= level),
    ...asked(suppliers !== undefined || withoutSuppliers.length > 0, 'suppliers', (at) => {
      const account = by.account[at] as number;
      return (only?.has(account) ?? true) && !without.has(account);
    }),
  ];
}

export interface ShapeTests {
  readonly shape: NodeShape;
  readonly tests: readonly WordTest[];
  readonly costs: Priced;
}

/** Of one group of nodes: what its node needs of a device. `held`: for this group alone. */
export function shapeTests(all: Columns, shape: NodeShape, cuda: string | undefined, held: readonly [Scratch, Scratch]): ShapeTests {
  const { terms, coreBits } = all;
  const isWanted = wantedOf(all, shape);
  const costs = priced(terms, shape, cuda === undefined ? isWanted : (group) => isWanted(group) && hasCuda(group.gpu, cuda), held[0]);
  const ofAnyCuda = cuda === undefined ? costs : priced(terms, shape, isWanted, held[1]);
  const fit: Keeps = (word, among) => keepBits(word, among, (at) => costs.fits(all.by.terms[at] as number));
  return {
    shape,
    costs,
    tests: [
      { filter: 'gpu', keeps: gpu(all, shape, ofAnyCuda) },
      ...(cuda === undefined ? [] : [{ filter: 'cuda', keeps: shape.gpu ? fit : any }]),
      { filter: 'cores', keeps: (word, among) => coreBits.above(word, among, shape.coresPerNode - 1) },
      { filter: 'memory', keeps: memory(all, shape) },
    ],
  };
}

function asked(is: boolean, filter: string, keeps: (at: number) => boolean): readonly WordTest[] {
  return is ? [{ filter, keeps: (word, among) => keepBits(word, among, keeps) }] : [];
}

const any: Keeps = (_, among) => among;

/** Blocks of which some proof may be over by now are gone through, and what is over is taken out of `open`: seldom, and only once. */
function admitted({ by }: Columns, now: Instant): Keeps {
  const { until, open, earliest } = by;
  const wordsOfBlock = 1 << (blockBits - 5);
  for (let block = 0; block < earliest.length; block++) {
    if ((earliest[block] as number) > now) continue;
    let next = Number.POSITIVE_INFINITY;
    for (let word = block * wordsOfBlock; word < (block + 1) * wordsOfBlock; word++) {
      open[word] = keepBits(word, open[word] as number, (at) => {
        const isOpen = (until[at] as number) > now;
        if (isOpen) next = Math.min(next, until[at] as number);
        return isOpen;
      });
    }
    earliest[block] = next;
  }
  return (word, among) => among & (open[word] as number);
}

function region({ by, regions, regionBits }: Columns, demand: Demand): Keeps {
  if (demand.region === undefined) return any;
  const id = regions.idOf(demand.region.toLowerCase());
  if (id === undefined) return () => 0;
  if (regions.end <= setsOfNames) return (word, among) => among & regionBits.word(word, id);
  return (word, among) => keepBits(word, among & regionBits.word(word, id), (at) => by.region[at] === id);
}

/** Each model is looked at once a search. */
function wantedOf({ terms }: Columns, { gpu: wanted }: NodeShape): (gpu: GpuGroup) => boolean {
  if (!wanted) return () => false;
  const { model: name, memoryBytes: least = 0 } = wanted;
  const ofModel: (boolean | undefined)[] = [];
  return ({ model, gpu: { memoryBytes } }) =>
    memoryBytes >= least && (name === undefined || (ofModel[model] ??= isModel(name, terms.models.nameOf(model))));
}

function gpu({ by, terms, modelBits, gpuBits }: Columns, { gpu: wanted }: NodeShape, costs: Priced): Keeps {
  if (wanted === undefined) return any;
  const { model, count, memoryBytes } = wanted;
  const { models } = terms;
  const named = model === undefined ? [] : [...models.names()].filter((name) => isModel(model, name));
  const sets = [...new Set(named.map((name) => (models.idOf(name) as number) % setsOfNames))];
  const isExact = memoryBytes === undefined && (model === undefined || (count === 1 && models.end <= setsOfNames));
  return (word, among) => {
    let may = among;
    if (model !== undefined) {
      may = 0;
      for (const set of sets) may |= modelBits.word(word, set);
      may &= among;
    }
    if (may !== 0 && (count > 1 || model === undefined)) may = gpuBits.above(word, may, count - 1);
    return may === 0 || isExact ? may : keepBits(word, may, (at) => costs.fits(by.terms[at] as number));
  };
}

function memory({ by, memoryBits }: Columns, { memoryBytesPerNode }: NodeShape): Keeps {
  const steps = Math.floor(memoryBytesPerNode / memoryStepBytes);
  return (word, among) => {
    const more = memoryBits.above(word, among, steps);
    const equal = memoryBits.equal();
    return equal === 0 ? more : more | keepBits(word, equal, (at) => (by.memoryBytes[at] as number) >= memoryBytesPerNode);
  };
}
