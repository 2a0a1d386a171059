// Seeded randomness: the same seed gives the same plan of kills and the same wishes of the load. When the processes run is theirs.

export interface Dice {
  /** A whole number, 0 ≤ n < below. */
  below(n: number): number;
  between(from: number, to: number): number;
  pick<T>(items: readonly T[]): T | undefined;
  chance(percent: number): boolean;
  shuffled<T>(items: readonly T[]): T[];
  /** Dice of their own, so that one roller's throws do not change another's. */
  fork(): Dice;
}

/** Mulberry32. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return {
    below,
    between: (from, to) => from + below(to - from + 1),
    pick: (items) => items[below(items.length)],
    chance: (percent) => below(100) < percent,
    shuffled(items) {
      const left = [...items];
      for (let i = left.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [left[i], left[j]] = [left[j] as (typeof left)[number], left[i] as (typeof left)[number]];
      }
      return left;
    },
    fork: () => dice(below(2 ** 31)),
  };
}
