// How many hellos are decided at once. The rest waits in two short rows, devices with leases first; whoever finds them full is told when to
// come back, spread at the pace at which hellos are taken in: a storm of returning devices leaves time for those that are there.
import type { Instant } from '@iog/protocol';
import type { Clock } from '../ports.ts';
import { sessionLimits } from '../limits.ts';

export interface HelloGate {
  /** Whether the next would have to wait for those without leases: then it is worth knowing whether this one has some. */
  isFull(): boolean;
  /** Runs the work in its turn; without room for it, tells in how many ms to come back. */
  enter<T>(isLeased: boolean, now: Instant, work: () => Promise<T>): Promise<{ readonly done: T } | { readonly comeBackInMs: number }>;
}

interface Limits {
  readonly hellosAtOnce: number;
  readonly gatherMs: number;
  readonly hellosWaiting: { readonly leased: number; readonly others: number };
  readonly leastHellosPerSecond: number;
  readonly comeBackMs: { readonly least: number; readonly most: number };
}

export function helloGate({ after }: Pick<Clock, 'after'>, limits: Limits = sessionLimits): HelloGate {
  const waiting = { leased: [] as (() => void)[], others: [] as (() => void)[] };
  const pace = paceOf(limits.leastHellosPerSecond);
  let running = 0;
  let isGathering = false;
  let lastAt = 0;
  let toldAt = 0;
  /** Those told to come back that have had no time yet to do so. */
  let told = 0;

  const comeBackInMs = (now: Instant): number => {
    const perSecond = pace.perSecond(now);
    told = Math.max(0, told - (Math.max(0, now - toldAt) * perSecond) / 1_000) + 1;
    toldAt = now;
    const { least, most } = limits.comeBackMs;
    return Math.round(Math.min(most, least + (told * 1_000) / perSecond));
  };
  const start = (): void => {
    isGathering = false;
    while (running < limits.hellosAtOnce) {
      const next = waiting.leased.shift() ?? waiting.others.shift();
      if (!next) return;
      running += 1;
      next();
    }
  };
  /** One that comes alone is taken at once; of many, those of some milliseconds begin together, and share one group of commits. */
  const come = (now: Instant): void => {
    const isAlone = running === 0 && now - lastAt > limits.gatherMs;
    lastAt = now;
    if (isGathering || running >= limits.hellosAtOnce) return;
    if (isAlone) return start();
    isGathering = true;
    after(limits.gatherMs, start);
  };
  return {
    isFull: () => waiting.others.length >= limits.hellosWaiting.others,
    async enter(isLeased, now, work) {
      const row = isLeased ? 'leased' : 'others';
      if (waiting[row].length >= limits.hellosWaiting[row]) return { comeBackInMs: comeBackInMs(now) };
      const turn = new Promise<void>((resolve) => waiting[row].push(resolve));
      come(now);
      await turn;
      try {
        return { done: await work() };
      } finally {
        pace.done(now);
        running -= 1;
        if (running === 0 && !isGathering) start();
      }
    },
  };
}

/** Hellos taken in during the last whole second that had some. */
function paceOf(least: number): { done(now: Instant): void; perSecond(now: Instant): number } {
  let [second, count, last] = [0, 0, least];
  const turn = (now: Instant): void => {
    const of = Math.floor(now / 1_000);
    if (of <= second) return;
    if (count > 0) last = Math.max(least, count);
    [second, count] = [of, 0];
  };
  return {
    done(now) {
      turn(now);
      count += 1;
    },
    perSecond(now) {
      turn(now);
      return Math.max(last, count);
    },
  };
}
