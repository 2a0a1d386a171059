// How long a session that was lost waits before it dials again: after any loss, and after control's goodbye.
import type { Clock, Random } from '../ports.ts';

const firstRetryMs = 200;
const mostRetryMs = 5_000;
/** A control that stops is dialled at the pace it asked for, for so long: no worker is away for much longer than the restart. */
const steadyForMs = 30_000;
const leastPaceMs = 100;
const mostPaceMs = 60_000;

/** Two workers of one device would take the session from each other for ever: who is displaced leaves it alone for longer each time. */
const displacedRetryMs = { first: 5_000, most: 300_000 } as const;

export interface ReturnPace {
  /** A session has begun. Tells whether it was waited for since a goodbye: the dials in vain were no failures then. */
  welcomed(): boolean;
  /** Control said that it stops, and when to come back. */
  steady(everyMs: number): void;
  /** After so many failures in a row. */
  nextMs(failures: number): number;
}

export function returnPace({ clock, random }: { readonly clock: Clock; readonly random: Random }): ReturnPace {
  let told: { readonly everyMs: number; readonly untilMs: number } | undefined;
  return {
    welcomed() {
      const wasTold = told !== undefined;
      told = undefined;
      return wasTold;
    },
    steady(everyMs) {
      told = { everyMs: Math.min(mostPaceMs, Math.max(leastPaceMs, everyMs)), untilMs: clock.monoMs() + steadyForMs };
    },
    nextMs(failures) {
      return told !== undefined && clock.monoMs() < told.untilMs ? jittered(told.everyMs, random) : retryDelayMs(failures, random);
    },
  };
}

/** After so many displacements. */
export function displacedDelayMs(times: number, random: Random): number {
  return retryDelayMs(times, random, displacedRetryMs);
}

/** Doubling with jitter: the first at most 200 ms, none above 5 s, unless said otherwise. */
export function retryDelayMs(failures: number, random: Random, span = { first: firstRetryMs, most: mostRetryMs }): number {
  return jittered(Math.min(span.most, span.first * 2 ** Math.min(failures, 10)), random);
}

/** Between a half of it and all of it. */
function jittered(mostMs: number, random: Random): number {
  const part = ((random(1)[0] ?? 0) + 1) / 256;
  return Math.ceil(mostMs * (0.5 + part / 2));
}
