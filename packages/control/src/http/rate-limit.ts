// Requests of each caller: a bucket that refills by the minute. Bounded: the oldest callers are forgotten.

export interface RateLimit {
  /** 0 when the request may go on, else the seconds to wait. */
  take(caller: string): number;
}

const callersKept = 10_000;

export function rateLimit(perMinute: number, now: () => number): RateLimit {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(caller) {
      const at = now();
      const bucket = buckets.get(caller) ?? { left: perMinute, at };
      const left = Math.min(perMinute, bucket.left + ((at - bucket.at) * perMinute) / 60_000);
      buckets.delete(caller);
      buckets.set(caller, { left: left >= 1 ? left - 1 : left, at });
      const oldest = buckets.size > callersKept ? buckets.keys().next().value : undefined;
      if (oldest !== undefined) buckets.delete(oldest);
      return left >= 1 ? 0 : Math.max(1, Math.ceil(((1 - left) * 60) / perMinute));
    },
  };
}
