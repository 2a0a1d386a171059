// Seeded randomness: one stream a name, so that what one part draws never shifts what another draws.
import { createHash } from 'node:crypto';

export interface Chance {
  /** [0, 1) */
  unit(): number;
  /** An integer in [least, most]. */
  between(least: number, most: number): number;
  /** True so often: `share` of 1. */
  hits(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  bytes(count: number): Uint8Array;
}

/** The stream of this name under this seed (sfc32, seeded by SHA-256). */
export function chance(seed: number, name: string): Chance {
  const hash = createHash('sha256').update(`${seed}/${name}`).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => hash.readUInt32LE(at)) as [number, number, number, number];
  const next = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  const unit = (): number => next() / 0x1_0000_0000;
  const between = (least: number, most: number): number => least + Math.floor(unit() * (most - least + 1));
  return {
    unit,
    between,
    hits: (share) => unit() < share,
    pick(items) {
      if (items.length === 0) throw new Error('nothing to pick from');
      return items[between(0, items.length - 1)] as (typeof items)[number];
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 255),
  };
}
