// What the market index keeps of each device: one array a property, by the device's number. Fed by `feed.ts`, searched by `search.ts`.
import { grown } from './packed-ids.ts';
import { type Interned, interned } from './interned.ts';
import { type NamedBits, namedBits } from './named-bits.ts';
import { type SlicedNumbers, slicedNumbers } from './sliced-numbers.ts';
import { type TermsTable, termsTable } from './terms.ts';
import { type DeviceNumbers, deviceNumbers } from './device-numbers.ts';

export interface Columns {
  readonly numbers: DeviceNumbers;
  readonly regions: Interned;
  readonly accounts: Interned;
  readonly terms: TermsTable;
  readonly regionBits: NamedBits;
  /** Models of which a GPU is free. */
  readonly modelBits: NamedBits;
  readonly coreBits: SlicedNumbers;
  readonly memoryBits: SlicedNumbers;
  /** Free GPUs, of any model. */
  readonly gpuBits: SlicedNumbers;
  readonly by: Arrays;
}

export interface Arrays {
  connected: Uint32Array;
  /** Its row lets it be rented; no longer once `until` is over. */
  open: Uint32Array;
  cores: Uint16Array;
  isolation: Uint8Array;
  memoryBytes: Float64Array;
  region: Uint32Array;
  account: Uint32Array;
  terms: Uint32Array;
  reputation: Float64Array;
  /** Infinity: not known. */
  rttMs: Float64Array;
  /** From then on it can no longer be rented, as far as its row says. */
  until: Float64Array;
  version: Float64Array;
  /** Of a block of devices: none that is open has an earlier `until`. */
  earliest: Float64Array;
}

/** Memory is compared by this much for 32 devices at a time, and exactly for those that are between. */
export const memoryStepBytes = 2 ** 27;
const sliceBits = { cores: 11, memory: 17, gpus: 7 } as const;
/** Devices of a block, as a power of two. */
export const blockBits = 10;

export function columns(): Columns {
  return {
    numbers: deviceNumbers(),
    regions: interned(),
    accounts: interned(),
    terms: termsTable(),
    regionBits: namedBits(),
    modelBits: namedBits(),
    coreBits: slicedNumbers(sliceBits.cores),
    memoryBits: slicedNumbers(sliceBits.memory),
    gpuBits: slicedNumbers(sliceBits.gpus),
    by: {
      connected: new Uint32Array(0),
      open: new Uint32Array(0),
      cores: new Uint16Array(0),
      isolation: new Uint8Array(0),
      memoryBytes: new Float64Array(0),
      region: new Uint32Array(0),
      account: new Uint32Array(0),
      terms: new Uint32Array(0),
      reputation: new Float64Array(0),
      rttMs: new Float64Array(0),
      until: new Float64Array(0),
      version: new Float64Array(0),
      earliest: new Float64Array(0),
    },
  };
}

/** Makes room for devices whose numbers are below `length`. */
export function reserve(all: Columns, length: number): void {
  const { by } = all;
  if (length <= by.cores.length) return;
  by.cores = grown(by.cores, length);
  const room = by.cores.length;
  by.isolation = resized(by.isolation, room);
  for (const name of ['region', 'account', 'terms'] as const) by[name] = resized(by[name], room);
  for (const name of ['memoryBytes', 'reputation', 'rttMs', 'until', 'version'] as const) by[name] = resized(by[name], room);
  by.connected = resized(by.connected, room >>> 5);
  by.open = resized(by.open, room >>> 5);
  const blocks = by.earliest.length;
  by.earliest = resized(by.earliest, room >>> blockBits).fill(Number.POSITIVE_INFINITY, blocks);
  for (const bits of [all.regionBits, all.modelBits, all.coreBits, all.memoryBits, all.gpuBits]) bits.reserve(room >>> 5);
}

/** Of the arrays; what names and prices take, which devices share, comes on top. */
export function bytesOf({ numbers, regionBits, modelBits, coreBits, memoryBits, gpuBits, by }: Columns): number {
  const arrays = Object.values(by) as Arrays[keyof Arrays][];
  return [numbers, regionBits, modelBits, coreBits, memoryBits, gpuBits].reduce(
    (sum, { bytes }) => sum + bytes,
    arrays.reduce((sum, { byteLength }) => sum + byteLength, 0),
  );
}

function resized<A extends Uint8Array | Uint32Array | Float64Array>(array: A, length: number): A {
  const longer = new (array.constructor as new (length: number) => A)(length);
  longer.set(array);
  return longer;
}
