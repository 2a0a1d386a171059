// How late the event loop is, standing: what everything waits for its turn. A peak that has passed (a start, a collection of garbage) is no overload.
import { lagWatch } from '../limits.ts';

export interface LagWatch {
  /** The least lateness of the last moments: each turn of late was at least so late. */
  lagMs(): number;
  stop(): void;
}

/** Its timer keeps no process alive. */
export function watchLag(): LagWatch {
  let dueAt = performance.now() + lagWatch.everyMs;
  const late: number[] = [];
  const timer = setInterval(() => {
    const at = performance.now();
    late.push(Math.max(0, at - dueAt));
    if (late.length > lagWatch.samples) late.shift();
    dueAt = at + lagWatch.everyMs;
  }, lagWatch.everyMs);
  timer.unref();
  return {
    lagMs: () => (late.length < lagWatch.samples ? 0 : Math.min(...late)),
    stop: () => clearInterval(timer),
  };
}
