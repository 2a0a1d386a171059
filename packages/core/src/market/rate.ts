// What a slice costs an hour: cores, memory and GPUs at the device's prices. Whole micro-units, rounded up a line.
import type { Prices, QuoteNode, Slice, Units } from '@iog/protocol';
import { gpuPriceMicro } from '../fleet/gpu-model.ts';

/** `microPerHour` of each line is for all `count` of it; the lines sum to the rate. Whole numbers only: quotes are signed over them. */
export type Breakdown = QuoteNode['breakdown'];
export interface Rate {
  readonly rateMicroPerHour: bigint;
  readonly breakdown: Breakdown;
}

const gigabyte = 1_000_000_000n;

/** The slice must be of these units, and each of their GPUs must have a price: approval and repricing see to both. */
export function rateOf(slice: Slice, units: Pick<Units, 'gpus'>, prices: Prices): Rate {
  const coresMicro = BigInt(prices.coreMicro) * BigInt(slice.cores.length);
  const memoryMicro = (BigInt(prices.memoryGbMicro) * BigInt(slice.memoryBytes) + gigabyte - 1n) / gigabyte;
  const lines = [
    { what: 'cores', count: slice.cores.length, micro: coresMicro },
    { what: 'memory MB', count: Math.ceil(slice.memoryBytes / 1_000_000), micro: memoryMicro },
    ...gpuLines(slice, units, prices),
  ];
  return {
    rateMicroPerHour: lines.reduce((sum, { micro }) => sum + micro, 0n),
    breakdown: lines.map(({ what, count, micro }) => ({ what, count, microPerHour: String(micro) })),
  };
}

function gpuLines(slice: Slice, units: Pick<Units, 'gpus'>, prices: Prices): { what: string; count: number; micro: bigint }[] {
  const counts = new Map<string, number>();
  for (const uuid of slice.gpus) {
    const gpu = units.gpus.find((candidate) => candidate.uuid === uuid);
    if (!gpu) throw new Error(`a slice names the GPU ${uuid}, which its device does not have`);
    counts.set(gpu.model, (counts.get(gpu.model) ?? 0) + 1);
  }
  return [...counts].map(([model, count]) => {
    const micro = gpuPriceMicro(prices.gpuMicro, model);
    if (micro === undefined) throw new Error(`a device has no price for its GPU ${model}`);
    return { what: model, count, micro: micro * BigInt(count) };
  });
}
