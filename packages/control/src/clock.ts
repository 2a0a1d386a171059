// The time that control goes by: real, and never going back, also not over a restart with the clock set back.
import type { ClockRow } from '@iog/core';
import type { Instant } from '@iog/protocol';
import type { Clock } from './ports.ts';
import type { Store } from './store/store.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export interface ForwardClock extends Clock {
  /** Another replica has reached this time: it is not earlier here. */
  reached(at: Instant): void;
}

/** UTC time that never goes back, also not over a restart with the clock set back. */
export async function forwardClock(store: Store, { now, after }: Clock): Promise<ForwardClock> {
  const [clock] = await store.load([{ kind: 'clock', id: 'clock' }]);
  let last = (clock?.row as ClockRow | undefined)?.now ?? 0;
  let aheadMs = 0;
  const read = (): Instant => (last = Math.max(last, now() + aheadMs));
  return {
    now: read,
    after,
    reached(at) {
      // Ahead from then on, not only for this moment: two that differ would else take turns at standing still.
      aheadMs += Math.max(0, at - (now() + aheadMs));
    },
  };
}
