// The peer of the market index: the same columns in plain arrays, gone through from the first to the last device for each demand.
import { type DeviceRow, reputation } from '@iog/core';
import { type Demand, laptopPolicy } from '@iog/protocol';
import { freeUnits } from '../../packages/core/src/fleet/units.ts';
import { gpuPriceMicro, isModel } from '../../packages/core/src/fleet/gpu-model.ts';

export interface Scan {
  put(n: number, row: DeviceRow, connected: boolean): void;
  /** How many devices each filter leaves, and the numbers of the eight best. */
  search(demand: Demand, now: number): { readonly left: readonly number[]; readonly best: readonly number[] };
}

export function plainScan(devices: number): Scan {
  const [connected, cores, gpus, models] = [
    new Uint8Array(devices),
    new Uint16Array(devices),
    new Uint8Array(devices),
    new Uint16Array(devices),
  ];
  const [regions, prices] = [new Uint16Array(devices), new Float64Array(devices * 3)];
  const [memory, until, standing] = [new Float64Array(devices), new Float64Array(devices), new Float64Array(devices)];
  const names = new Map<string, number>();
  const numberOf = (name: string): number => names.get(name) ?? (names.set(name, names.size + 1), names.size);
  return {
    put(n, row, isConnected) {
      const free = freeUnits(row);
      const model = free.gpus[0]?.model;
      connected[n] = isConnected ? 1 : 0;
      until[n] = row.state === 'admitted' && row.proof ? row.proof.expiresAt - laptopPolicy.cluster.formWithinMs : 0;
      regions[n] = numberOf(row.region);
      models[n] = model === undefined ? 0 : numberOf(model);
      gpus[n] = free.gpus.length;
      cores[n] = free.cores.length;
      memory[n] = free.memoryBytes;
      standing[n] = reputation(row.provenMs, row.unprovenMs);
      const gpuMicro = model === undefined ? 0n : (gpuPriceMicro(row.prices.gpuMicro, model) ?? 0n);
      prices.set([Number(row.prices.coreMicro), Number(row.prices.memoryGbMicro), Number(gpuMicro)], n * 3);
    },
    search({ region, gpu, coresPerNode, memoryBytesPerNode, nodes }, now) {
      const left = [0, 0, 0, 0, 0, 0];
      const best: { n: number; rate: number }[] = [];
      const [wantedRegion, gb] = [names.get(region ?? '') ?? 0, memoryBytesPerNode / 1e9];
      const wanted = new Set([...names].filter(([name]) => isModel(gpu?.model ?? '', name)).map(([, id]) => id));
      const isWanted = Uint8Array.from({ length: names.size + 1 }, (_, id) => (wanted.has(id) ? 1 : 0));
      const count = gpu?.count ?? 0;
      for (let n = 0; n < devices; n++) {
        if (connected[n] === 0) continue;
        left[0]!++;
        if ((until[n] as number) <= now) continue;
        left[1]!++;
        if (regions[n] !== wantedRegion) continue;
        left[2]!++;
        if (isWanted[models[n] as number] === 0 || (gpus[n] as number) < count) continue;
        left[3]!++;
        if ((cores[n] as number) < coresPerNode) continue;
        left[4]!++;
        if ((memory[n] as number) < memoryBytesPerNode) continue;
        left[5]!++;
        const rate = (prices[n * 3] as number) * coresPerNode + (prices[n * 3 + 1] as number) * gb + (prices[n * 3 + 2] as number) * count;
        if (best.length === nodes && rate >= (best[nodes - 1]?.rate ?? 0)) continue;
        best.push({ n, rate });
        best.sort((a, b) => a.rate - b.rate || (standing[b.n] as number) - (standing[a.n] as number) || a.n - b.n);
        best.length = Math.min(best.length, nodes);
      }
      return { left, best: best.map(({ n }) => n) };
    },
  };
}
