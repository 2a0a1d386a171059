// On what terms devices give their units: prices and free GPUs, each distinct combination kept once. A demand is priced once for each of them.
import type { Gpu } from '@iog/protocol';
import type { DeviceRow } from '../../rows.ts';
import { gpuPriceMicro } from '../../fleet/gpu-model.ts';
import { type Interned, interned } from './interned.ts';

/** Free GPUs of one device that are alike in all that a demand may ask for. */
export interface GpuGroup {
  readonly gpu: Pick<Gpu, 'model' | 'memoryBytes' | 'cuda'>;
  /** The number of its model. */
  readonly model: number;
  readonly priceMicro: bigint;
  readonly free: number;
}

export interface Terms {
  readonly coreMicro: bigint;
  readonly memoryGbMicro: bigint;
  /** Cheapest first. */
  readonly gpus: readonly GpuGroup[];
  /** Whether what it comes to is exact in numbers; else it is computed in bigint, which is slower. */
  readonly isSmall: boolean;
}

export interface TermsTable {
  take(device: Pick<DeviceRow, 'prices'>, freeGpus: readonly Gpu[]): number;
  give(id: number): void;
  of(id: number): Terms;
  readonly models: Interned;
  /** Numbers of terms are below it. */
  readonly end: number;
}

/** Such a price times the bytes of a part of a gigabyte is exact in a number. */
const smallMicro = 9_000_000n;
const smallGpuMicro = 2n ** 45n;

export function termsTable(): TermsTable {
  const keys = interned();
  const models = interned();
  const all: Terms[] = [];
  const makeTerms = ({ prices }: Pick<DeviceRow, 'prices'>, alike: readonly Alike[]): Terms => {
    const [coreMicro, memoryGbMicro] = [BigInt(prices.coreMicro), BigInt(prices.memoryGbMicro)];
    const gpus = alike.map(({ gpu, free, priceMicro }) => ({ gpu, model: models.take(gpu.model), priceMicro, free }));
    const isSmall =
      [coreMicro, memoryGbMicro].every((micro) => micro >= 0n && micro < smallMicro) &&
      gpus.every(({ priceMicro }) => priceMicro >= 0n && priceMicro < smallGpuMicro);
    return { coreMicro, memoryGbMicro, gpus: gpus.toSorted((a, b) => Number(a.priceMicro - b.priceMicro)), isSmall };
  };
  return {
    models,
    take(device, freeGpus) {
      const alike = freeGpus.length === 0 ? [] : alikeOf(device, freeGpus);
      const { coreMicro, memoryGbMicro } = device.prices;
      const key = `${coreMicro}/${memoryGbMicro}/${alike.map(({ name, free }) => `${name}*${free}`).join()}`;
      const isNew = keys.idOf(key) === undefined;
      const id = keys.take(key);
      if (isNew) all[id] = makeTerms(device, alike);
      return id;
    },
    give(id) {
      const { gpus } = all[id] as Terms;
      if (keys.give(id)) for (const { model } of gpus) models.give(model);
    },
    of: (id) => all[id] as Terms,
    get end() {
      return keys.end;
    },
  };
}

interface Alike {
  readonly name: string;
  readonly gpu: GpuGroup['gpu'];
  readonly priceMicro: bigint;
  free: number;
}

function alikeOf({ prices }: Pick<DeviceRow, 'prices'>, gpus: readonly Gpu[]): readonly Alike[] {
  const groups = new Map<string, Alike>();
  for (const { model, memoryBytes, cuda } of gpus) {
    const name = `${model}:${memoryBytes}:${cuda ?? ''}`;
    const group = groups.get(name);
    if (group) group.free += 1;
    else {
      const priceMicro = gpuPriceMicro(prices.gpuMicro, model) ?? 0n;
      const gpu = { model, memoryBytes, ...(cuda === undefined ? {} : { cuda }) };
      groups.set(name, { name: `${name}:${priceMicro}`, gpu, priceMicro, free: 1 });
    }
  }
  return [...groups.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
