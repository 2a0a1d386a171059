// The time that control goes by: never back, also not over a restart with the clock set back, and never still.
import type { ClockRow } from '@iog/core';
import type { Instant } from '@iog/protocol';
import type { Clock } from './ports.ts';
import type { Store } from './store/store.ts';

/** What a host has: a wall clock that people and servers set, and one that only goes on. */
export interface HostClock {
  wallMs(this: void): number;
  monoMs(this: void): number;
  readonly after: Clock['after'];
}

export const realClock: HostClock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

export interface ForwardClock extends Clock {
  /** Another replica has reached this time: it is not earlier here. */
  reached(at: Instant): void;
  /** Since when this process has been there without a break: one that slept or was held up, or whose clock was set forward, heard nobody meanwhile. */
  awakeSince(): Instant;
}

/** The loops ask for the time several times a second: a longer silence of our own is a break. */
const usualHeldUpMs = 20_000;
/** How fast time passes while it is ahead of the wall clock, until that has caught up. */
const paceAhead = 0.9;
/** Another replica's word takes it no further ahead of the own wall clock than this. */
const mostAheadMs = 10 * 60_000;

/** UTC time. A wall clock that was set forward is followed at once; to one that was set back it draws near, at a slower pace. `mostHeldUpMs`: longer than any loop waits. */
export async function forwardClock(
  store: Store,
  { wallMs, monoMs, after }: HostClock,
  mostHeldUpMs = usualHeldUpMs,
): Promise<ForwardClock> {
  const [clock] = await store.load([{ kind: 'clock', id: 'clock' }]);
  let at = Math.max((clock?.row as ClockRow | undefined)?.now ?? 0, wallMs());
  let lookedAt = monoMs();
  let awakeSince = Math.floor(at);
  const read = (): Instant => {
    const mono = monoMs();
    const passedMs = Math.max(0, mono - lookedAt);
    lookedAt = Math.max(lookedAt, mono);
    const wall = wallMs();
    const wasAway = passedMs > mostHeldUpMs || wall - at > passedMs + mostHeldUpMs;
    at = Math.max(wall, at + paceAhead * passedMs);
    if (wasAway) awakeSince = Math.floor(at);
    return Math.floor(at);
  };
  return {
    now: read,
    after,
    awakeSince: () => (read(), awakeSince),
    reached(other) {
      at = Math.max(read(), Math.min(other, wallMs() + mostAheadMs));
    },
  };
}
