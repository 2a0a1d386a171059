// What slices of one shape cost on each of the terms that devices have. Made for one search; each of the terms is priced when it is first met.
import type { NodeShape } from '@iog/protocol';
import type { GpuGroup, Terms, TermsTable } from './terms.ts';

export interface Priced {
  /** Whether the free GPUs are enough for a slice. */
  fits(terms: number): boolean;
  /** Micro-units an hour of a slice of a device that fits: exact up to 2^53, beyond it the nearest. */
  rate(this: void, terms: number): number;
  /** The same as it is. */
  exactly(terms: number): bigint;
}

/** Arrays that one search after the other uses: they belong to one index. */
export interface Scratch {
  stamp: number;
  stamps: Uint32Array;
  /** NaN where the GPUs are too few. */
  rates: Float64Array;
}

export function scratch(): Scratch {
  return { stamp: 0, stamps: new Uint32Array(0), rates: new Float64Array(0) };
}

const gigabyte = 1_000_000_000;

/** `isWanted`: whether a free GPU is one that is asked for. */
export function priced(table: TermsTable, shape: NodeShape, isWanted: (gpu: GpuGroup) => boolean, held: Scratch): Priced {
  if (held.stamps.length < table.end || held.stamp === 0xffff_ffff) {
    const length = Math.ceil(table.end * 1.25) + 1_024;
    Object.assign(held, { stamp: 0, stamps: new Uint32Array(length), rates: new Float64Array(length) });
  }
  const stamp = ++held.stamp;
  const { stamps, rates } = held;
  const { coresPerNode, memoryBytesPerNode, gpu } = shape;
  const [wholeGb, restBytes] = [Math.floor(memoryBytesPerNode / gigabyte), memoryBytesPerNode % gigabyte];

  const inNumbers = ({ coreMicro, memoryGbMicro, gpus }: Terms): number => {
    const memory = Number(memoryGbMicro);
    const rest = memory * restBytes;
    const whole = Math.floor(rest / gigabyte);
    const sum = Number(coreMicro) * coresPerNode + memory * wholeGb + whole + (rest > whole * gigabyte ? 1 : 0);
    return gpu === undefined ? sum : sum + gpusMicro(gpus, gpu.count, isWanted);
  };
  const exactly = ({ coreMicro, memoryGbMicro, gpus }: Terms): bigint => {
    let sum = coreMicro * BigInt(coresPerNode) + (memoryGbMicro * BigInt(memoryBytesPerNode) + 999_999_999n) / 1_000_000_000n;
    let left = gpu?.count ?? 0;
    for (const group of gpus) {
      if (left === 0 || !isWanted(group)) continue;
      const taken = Math.min(left, group.free);
      sum += group.priceMicro * BigInt(taken);
      left -= taken;
    }
    return left === 0 ? sum : -1n;
  };
  const rateOf = (terms: number): number => {
    if (stamps[terms] !== stamp) {
      stamps[terms] = stamp;
      const all = table.of(terms);
      const rate = all.isSmall ? inNumbers(all) : Number(exactly(all));
      rates[terms] = rate < 0 ? Number.NaN : rate;
    }
    return rates[terms] as number;
  };
  return {
    fits: (terms) => !Number.isNaN(rateOf(terms)),
    rate: rateOf,
    exactly: (terms) => exactly(table.of(terms)),
  };
}

/** Of the cheapest of them; minus infinity where they are too few. */
function gpusMicro(groups: readonly GpuGroup[], count: number, isWanted: (gpu: GpuGroup) => boolean): number {
  let left = count;
  let sum = 0;
  for (const group of groups) {
    if (left === 0 || !isWanted(group)) continue;
    const taken = Math.min(left, group.free);
    sum += Number(group.priceMicro) * taken;
    left -= taken;
  }
  return left === 0 ? sum : Number.NEGATIVE_INFINITY;
}
